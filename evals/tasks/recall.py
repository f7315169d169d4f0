"""What is remembered across conversations: whether the right memory is recalled, and none where none applies.

Every person's memories are told to the tool that remembers, with their pictures, in a data directory of their own; then
every question is asked of the tool that recalls. Recalling nothing where nothing applies counts as the first place.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from agent.assembly import memory_tools, recollection
from agent.language import language_of
from evals.formats import Picture, Sample
from evals.formats.memories import NOTHING
from evals.metrics.ranking import within
from evals.records import Record
from evals.subjects import linked_home
from evals.tasks.base import Findings, Found, Search, Task
from evals.tasks.searching import SCORE, chance_of, marks, mean
from memory.home import Home
from memory.memories.recall import Recall
from memory.refs import ImageRef
from runtime import models
from runtime.presets import preset_of
from runtime.settings import Settings
from runtime.translating import translator_of
from tools.base import ToolContext
from tools.caption import Caption
from tools.recall import RecallMemories
from tools.remember import Remember
from tools.remembering import told

if TYPE_CHECKING:
    from memory.memories.records import Hit
    from runtime.encoder.base import Encoder, PassageEncoder
    from runtime.pool import ModelPool
    from runtime.vlm.base import VisionChatModel

DEPTHS = (1, 3)


class Rememberer:
    """One person's memories, told to the tools, and what they recall."""

    def __init__(self, home: Home, remember: Remember, recall: RecallMemories, words_alone: RecallMemories) -> None:
        self._home = home
        self._remember = remember
        self._recall = recall
        self._words_alone = words_alone

    def tell(self, sample: Sample) -> None:
        """Remember all that the sample's person told."""
        for number, turn in enumerate(sample.turns):
            refs = [
                self._home.images.add(picture.read(), handle=f"img{place}")
                for place, picture in enumerate(turn.images, 1)
            ]
            self._remember.run(self._remember.arguments(what=turn.text), _context(refs, turn.text, number))

    def find(self, sample: Sample) -> Found:
        """Raises what the encoders do."""
        right = {told(reference) for reference in sample.references}
        candidates = self._home.memories.count()
        hits = self._recall.hits(sample.text)
        if NOTHING in sample.references:
            return Found(None if hits else 1, candidates, 0, _shown(hits), {"by_words": None})
        alone = self._words_alone.hits(sample.text)
        wanted = self._wanted(right, sample)
        return Found(_place(hits, wanted), candidates, len(wanted), _shown(hits), {"by_words": _place(alone, wanted)})

    def _wanted(self, right: set[str], sample: Sample) -> set[str]:
        """The ids of the right memories; those of wordless pictures by when they were told."""
        turns = [number for number, turn in enumerate(sample.turns) if turn.text in sample.references]
        return {memory.id for memory in self._home.memories.list() if memory.turn in turns and memory.text in right}


def _context(refs: Sequence[ImageRef], words: str, turn: int) -> ToolContext:
    handles = {ref.handle: ref for ref in refs}
    return ToolContext(
        handles, lambda _: None, threading.Event(), language_of(words), shown=list(handles), thread="told", turn=turn
    )


def _place(hits: Sequence[Hit], wanted: set[str]) -> int | None:
    return next((place for place, hit in enumerate(hits, 1) if hit.memory.id in wanted), None)


def _shown(hits: Sequence[Hit]) -> list[str]:
    return [hit.memory.text or hit.memory.caption for hit in hits] or [NOTHING]


class People:
    """Asks the person whom a sample is of."""

    def __init__(self, people: dict[str, Rememberer]) -> None:
        self._people = people

    def find(self, sample: Sample) -> Found:
        """As `Rememberer.find`."""
        return self._people[sample.group].find(sample)


def _encoder(settings: Settings) -> tuple[str, str]:
    preset = preset_of(settings)
    with closing(models.model_pool(settings)) as pool:
        passages, pictures = _encoders(settings, pool)
        return preset.passage_encoder, " + ".join(each.id for each in (passages, pictures) if each is not None)


def _encoders(settings: Settings, pool: ModelPool) -> tuple[PassageEncoder | None, Encoder | None]:
    preset = preset_of(settings)
    return (
        models.passage_encoder(settings, preset, pool) if preset.passage_encoder != "none" else None,
        models.encoder(settings, preset, pool) if preset.encoder != "none" else None,
    )


@contextmanager
def _opened(settings: Settings, samples: Sequence[Sample], _: Sequence[Picture]) -> Iterator[People]:
    people: dict[str, Rememberer] = {}
    preset = preset_of(settings)
    with tempfile.TemporaryDirectory() as folder, closing(models.model_pool(settings)) as pool, ExitStack() as homes:
        passages, pictures = _encoders(settings, pool)
        for sample in samples:
            if sample.group in people:
                continue
            (place := Path(folder) / str(len(people))).mkdir()
            home = homes.enter_context(Home.open(settings.model_copy(update={"home": linked_home(settings, place)})))
            model = models.chat_model(settings, preset, pool, home.images.open, reuse=False)
            people[sample.group] = _rememberer(settings, home, model, passages, pictures)
            people[sample.group].tell(sample)
        yield People(people)


def _rememberer(
    settings: Settings, home: Home, model: VisionChatModel, passages: PassageEncoder | None, pictures: Encoder | None
) -> Rememberer:
    preset = preset_of(settings)
    recall = recollection(home, preset, passages, pictures)
    remember, tool, _ = memory_tools(recall, Caption(model, translator_of(preset)), None)
    alone = RecallMemories(Recall(home.memories, home.images, None, None))
    assert isinstance(remember, Remember)  # noqa: S101 - in this order
    assert isinstance(tool, RecallMemories)  # noqa: S101
    return Rememberer(home, remember, tool, alone)


def findings(records: Sequence[Record]) -> Findings:
    """How often the right memory is among the first, and nothing is recalled where nothing applies; also of the half
    that nothing was tuned on."""
    asked = [record for record in records if not record.kind.endswith(NOTHING)]
    idle = [record for record in records if record.kind.endswith(NOTHING)]
    kept = [record for record in records if record.kind.startswith("test")]
    means = {}
    baselines: dict[str, dict[str, float]] = {"chance": {}, "words_alone": {}}
    for depth in DEPTHS:
        name, measure = f"memory_top{depth}", partial(within, most=depth)
        means[name] = marks(asked, measure)
        means[f"{name}_test"] = marks([record for record in asked if record in kept], measure)
        baselines["chance"][name] = chance_of([record for record in asked if not record.error], depth)
        baselines["words_alone"][name] = mean([mark.value for mark in marks(asked, measure, "by_words")])
    first = partial(within, most=1)
    means["quiet"] = marks(idle, first)
    means["quiet_test"] = marks([record for record in idle if record in kept], first)
    return Findings(means, baselines, {})


RECALL = Task(
    "recall",
    "memory across conversations: is the right memory recalled, and none where none applies",
    1,
    SCORE,
    search=Search(_encoder, _opened, findings),
)
