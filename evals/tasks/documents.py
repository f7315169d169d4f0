"""Questions about documents: whether the right passage is among the first that the library finds.

All documents that the data name are indexed as `vistalk index` does it, and every question is asked of all of them. A
passage is right if it is of the named file and holds the quotation, whatever the spaces and line breaks in either.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from agent.assembly import document_search
from evals.formats import Picture, Sample
from evals.metrics.ranking import within
from evals.records import Record
from evals.subjects import linked_home
from evals.tasks.base import Findings, Found, Search, Task
from evals.tasks.searching import SCORE, SHOWN, chance_of, marks, mean
from memory.home import Home
from runtime import models
from runtime.errors import BadData, GenerationFailed
from runtime.presets import preset_of
from runtime.settings import Settings

if TYPE_CHECKING:
    from PIL import Image

    from memory.library.library import Library
    from memory.library.records import Passage
    from runtime.encoder.base import PassageEncoder, Vectors
    from tools.search_documents import SearchDocuments

DEPTHS = (1, 3, 5)
ALONE = {"by_meaning": "meaning_alone", "by_words": "words_alone"}
"""The ranks that are fused into the one that counts, and what a search by one of them would be called."""


class PassageFinder:
    """Asks the tool."""

    def __init__(self, tool: SearchDocuments, candidates: int) -> None:
        self._tool = tool
        self._candidates = candidates

    def find(self, sample: Sample) -> Found:
        """Raises what the tool does."""
        hits = self._tool.hits(sample.text, threading.Event())
        places = [place for place, hit in enumerate(hits) if _right(hit.passage, sample)]
        best = hits[places[0]] if places else None
        return Found(
            rank=places[0] + 1 if places else None,
            candidates=self._candidates,
            right=1,
            first=[f"{hit.passage.path.name}: {hit.passage.heading}" for hit in hits[:SHOWN]],
            more={"by_meaning": best.dense_rank, "by_words": best.lexical_rank} if best else dict.fromkeys(ALONE),
        )


def _right(passage: Passage, sample: Sample) -> bool:
    (quote,) = sample.references
    same = sample.document is not None and passage.path.resolve() == sample.document.resolve()
    return same and " ".join(quote.split()).casefold() in " ".join(passage.text.split()).casefold()


def _encoder(settings: Settings) -> tuple[str, str]:
    preset = preset_of(settings)
    with closing(models.model_pool(settings)) as pool:
        name = models.passage_encoder(settings, preset, pool).id
    if preset.reranks:
        name += f" + {models.present(settings, preset).name}"
    return preset.passage_encoder, name


@contextmanager
def _opened(settings: Settings, samples: Sequence[Sample], _: Sequence[Picture]) -> Iterator[PassageFinder]:
    """Raises BadData where one of the documents cannot be indexed."""
    files = list(dict.fromkeys(sample.document for sample in samples if sample.document))
    preset = preset_of(settings)
    with tempfile.TemporaryDirectory() as folder, closing(models.model_pool(settings)) as pool:
        home = linked_home(settings, Path(folder))
        passages = models.passage_encoder(settings, preset, pool)
        with Home.open(settings.model_copy(update={"home": home})) as opened:
            index(opened.library, files, passages)
            model = models.chat_model(settings, preset, pool, opened.images.open) if preset.reranks else None
            yield PassageFinder(document_search(opened, passages, model), opened.library.stats().passages)


class _NoPictures:
    """In the place of an encoder where there are no pictures to encode: the preset may have none."""

    id = "none"
    dimension = 0

    def encode_images(self, images: Sequence[Image.Image]) -> Vectors:
        raise GenerationFailed(f"{len(images)} pictures lie among the documents.")

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        raise GenerationFailed(f"{len(texts)} texts are asked of the encoder of pictures.")


def index(library: Library, files: Sequence[Path], passages: PassageEncoder) -> None:
    """Put documents into a library.

    Raises:
        BadData: one of them cannot be.
    """
    outcome = library.index(files, _NoPictures(), passages, cancel=threading.Event(), report=_quiet)
    if outcome.failures:
        failure = outcome.failures[0]
        raise BadData(f"The document {failure.path} cannot be searched. {failure.reason}")


def _quiet(_: object) -> None:
    """No progress."""


def findings(records: Sequence[Record]) -> Findings:
    """How often the right passage is among the first, beside chance and each of the two rankings alone."""
    means = {}
    baselines: dict[str, dict[str, float]] = {"chance": {}, **{name: {} for name in ALONE.values()}}
    for depth in DEPTHS:
        name, measure = f"passage_top{depth}", partial(within, most=depth)
        means[name] = marks(records, measure)
        baselines["chance"][name] = chance_of([record for record in records if not record.error], depth)
        for rank, who in ALONE.items():
            baselines[who][name] = mean([mark.value for mark in marks(records, measure, rank)])
    return Findings(means, baselines, {})


DOCUMENTS = Task(
    "documents",
    "questions about documents: is the right passage among the first",
    1,
    SCORE,
    search=Search(_encoder, _opened, findings),
)
