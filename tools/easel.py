"""What generate_image and vary_image share: draw, look at the result, try once more, say what came of it."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from runtime.errors import BadOrder, Cancelled, PromptRefused, VistalkError
from runtime.generator.base import Drawing, Generator, Order, Repertoire, Stage
from tools.base import ToolContext, ToolResult
from tools.drawing import data, say
from tools.judging import Judge
from tools.wording import line

if TYPE_CHECKING:
    from PIL import Image

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sketch:
    """What is to be drawn.

    Attributes:
        prompt: what it shows.
        negative: what it does not show.
        wanted: how many pictures.
        seed: of the first; None for one that nothing in the conversation was drawn from.
        exact: whether that very seed was asked for, so that no other is tried.
        photograph: whether the words ask for a photograph.
        source: the picture to start from.
        strength: how far from it.
        of: the handle of the picture that this is a change of. `foreign`: whether vistalk did not draw it.
    """

    prompt: str
    negative: str = ""
    wanted: int = 1
    seed: int | None = None
    exact: bool = False
    photograph: bool = False
    source: Image.Image | None = None
    strength: float | None = None
    of: str = ""
    foreign: bool = False


@dataclass
class _Outcome:
    """What came of it: handles with their seeds, and which of them need a word."""

    seeds: dict[str, int] = field(default_factory=dict)
    again: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    unchecked: str = ""
    left_in: str = ""
    withheld: int = 0


@dataclass(frozen=True)
class _Try:
    """A drawing, and its score from 0 to 1 where it could be looked at; `problem` says why it could not.

    `enough` is the score from which it counts as showing what was asked.
    """

    drawing: Drawing
    score: float | None = None
    enough: float = 0.0
    problem: str = ""

    @property
    def good(self) -> bool:
        return not self.drawing.flagged and (self.score is None or self.score >= self.enough)

    @property
    def worth(self) -> tuple[bool, float]:
        """For comparing two."""
        return not self.drawing.flagged, self.score or 0.0


class Easel:
    """Draws what the tools ask for, and brings it into the conversation.

    Args:
        generator: draws.
        judge: looks at what was drawn; None where nobody can.
        made: from a picture's sha256 to how vistalk made it; None where it did not.
        elsewhere: names of the presets that draw photographs, for those who ask an icon painter for one.
        first_seed: where seeds that nobody named begin. Each is used once in a conversation, so that the same
            conversation draws the same pictures.
    """

    def __init__(
        self,
        generator: Generator,
        judge: Judge | None,
        made: Callable[[str], Mapping[str, Any] | None],
        *,
        elsewhere: Sequence[str] = (),
        first_seed: int = 0,
    ) -> None:
        self._generator = generator
        self._judge = judge
        self.made = made
        self._elsewhere = elsewhere
        self._first_seed = first_seed

    def paint(self, sketch: Sketch, context: ToolContext) -> ToolResult:
        """Draw the pictures one after another; each joins the conversation when it is done, and stays when stopped.

        Raises:
            BadOrder, Cancelled, DiskFull, OutOfMemory, and what else the generator raises.
        """
        able = self._generator.repertoire(sketch.prompt)
        cannot = refusal(
            sketch.prompt,
            able,
            context.language,
            photograph=sketch.photograph,
            foreign=sketch.of if sketch.foreign else "",
            elsewhere=self._elsewhere,
        )
        if cannot:
            return _said(cannot, context)
        count = min(sketch.wanted, data()["count"]["most"])
        seeds, outcome, stopped = self._seeds(sketch, context), _Outcome(), False
        for number in range(count):
            try:
                self._one(sketch, seeds, (number, count), outcome, context)
            except PromptRefused:
                return _said(say(context.language, "refused"), context)
            except Cancelled:
                if not outcome.seeds:
                    raise
                stopped = True
                break
        result = _said(_report(sketch, outcome, able, context.language), context)
        return ToolResult(
            result.text,
            images=tuple(outcome.seeds),
            confidence=min(outcome.scores, default=None),
            finish="cancelled" if stopped else "stop",
            drawn=bool(outcome.seeds),
        )

    def _one(
        self, sketch: Sketch, seeds: Iterator[int], place: tuple[int, int], outcome: _Outcome, context: ToolContext
    ) -> None:
        """Draw a picture, once more where it did not come out, and keep the better one."""
        best = first = self._try(sketch, next(seeds), place, outcome, context)
        if not first.good and not sketch.exact:
            best = max(first, self._try(sketch, next(seeds), place, outcome, context), key=lambda one: one.worth)
        if best.drawing.flagged:
            outcome.withheld += 1
            return
        origin = {"source": context.image(sketch.of).sha256} if sketch.source else {}
        ref = context.draw(best.drawing.image, {**best.drawing.settings, **origin})
        outcome.seeds[ref.handle] = best.drawing.seed
        outcome.unchecked = outcome.unchecked or best.problem
        if best.score is not None:
            outcome.scores.append(best.score)
        if not first.good and not sketch.exact:
            outcome.again.append(ref.handle)
        if not best.good:
            outcome.unsure.append(ref.handle)

    def _try(self, sketch: Sketch, seed: int, place: tuple[int, int], outcome: _Outcome, context: ToolContext) -> _Try:
        number, count = place

        def on_stage(stage: Stage) -> None:
            context.preview((number + stage.fraction) / count, stage.preview)

        order = Order(sketch.prompt, sketch.negative, seeds=(seed,), source=sketch.source, strength=sketch.strength)
        try:
            [drawing] = self._generator.draw(order, on_stage=on_stage, cancel=context.cancel)
        except BadOrder:
            if not order.negative:
                raise
            outcome.left_in = order.negative  # few-step models are not told what to leave out
            order = replace(order, negative="")
            [drawing] = self._generator.draw(order, on_stage=on_stage, cancel=context.cancel)
        if self._judge is None or drawing.flagged:
            return _Try(drawing)
        try:
            score = self._judge.score(drawing.image, sketch.prompt, context.cancel)
            return _Try(drawing, score, self._judge.enough)
        except Cancelled:
            raise
        except VistalkError as error:  # a picture that nobody could look at is still a picture
            logger.warning("a drawn picture could not be looked at: %s", error)
            return _Try(drawing, problem=error.message)

    def _seeds(self, sketch: Sketch, context: ToolContext) -> Iterator[int]:
        if sketch.seed is not None:
            return itertools.count(sketch.seed)
        known = [self.made(ref.sha256) for ref in context.images.values()]
        used = {made["seed"] for made in known if made}
        return (seed for seed in itertools.count(context.sampling.get("seed", self._first_seed)) if seed not in used)


def refusal(
    prompt: str,
    repertoire: Repertoire,
    language: str,
    *,
    photograph: bool = False,
    foreign: str = "",
    elsewhere: Sequence[str] = (),
) -> str:
    """Why a generator of that repertoire cannot draw this, in words; empty where it can.

    `foreign` is the handle of a picture to start from that vistalk did not draw.
    """
    if not prompt:
        return say(language, "nothing_asked")
    known = repertoire.known and not (foreign and repertoire.nearest)
    if repertoire.kind == "anything" or (known and not photograph):
        return ""
    name = "not_mine" if foreign else "no_photographs" if photograph else "no_known_thing"
    texts = [say(language, name, count=repertoire.count, prompt=line(prompt), image=foreign)]
    if elsewhere:
        texts.append(say(language, "elsewhere", presets=", ".join(elsewhere), preset=elsewhere[0]))
    return " ".join(texts)


def _said(text: str, context: ToolContext) -> ToolResult:
    context.emit(text)
    return ToolResult(text)


def _report(sketch: Sketch, outcome: _Outcome, able: Repertoire, language: str) -> str:
    """What was drawn and how sure it is, a sentence each."""
    texts = []
    if outcome.seeds:
        pictures = [say(language, "picture", handle=handle, seed=seed) for handle, seed in outcome.seeds.items()]
        name = "varied" if sketch.of else "drawn"
        prompt = line(sketch.prompt)
        texts.append(say(language, name, prompt=prompt, image=sketch.of, pictures=", ".join(pictures)))
        if able.nearest:
            texts.append(say(language, "nearest", things=able.nearest[language]))
    if outcome.again:
        texts.append(say(language, "again", handles=", ".join(outcome.again)))
    if outcome.unsure:
        texts.append(say(language, "unsure", handles=", ".join(outcome.unsure)))
    if outcome.unchecked:
        texts.append(say(language, "unchecked", reason=outcome.unchecked))
    if outcome.left_in:
        texts.append(say(language, "left_in", what=line(outcome.left_in)))
    if outcome.withheld:
        texts.append(say(language, "withheld", number=outcome.withheld))
    most = data()["count"]["most"]
    if sketch.wanted > most:
        texts.append(say(language, "at_most", most=most))
    return ("" if language == "zh" else " ").join(texts)
