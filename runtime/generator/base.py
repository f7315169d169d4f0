"""What a generator is: it takes an order, tells of every step, and gives drawings with all that made them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True)
class Order:
    """What to draw. Where a field is None, the model's own value counts.

    Attributes:
        prompt: what the picture shows.
        negative: what it does not show; needs a guidance above 1.
        width, height: in pixels; where there is a source, its own proportions count.
        steps: how often the picture is refined.
        guidance: how strictly the words are followed; up to 1, the model draws in one pass a step.
        seeds: one picture for each.
        source: the picture to start from.
        strength: how far the result may go from the source, above 0 and up to 1.
    """

    prompt: str
    negative: str = ""
    width: int | None = None
    height: int | None = None
    steps: int | None = None
    guidance: float | None = None
    seeds: tuple[int, ...] = (0,)
    source: Image.Image | None = None
    strength: float | None = None


@dataclass(frozen=True)
class Stage:
    """How far drawing has come; pictures and steps count from 1. `preview` is small, None where there is none."""

    picture: int
    pictures: int
    step: int
    steps: int
    preview: Image.Image | None

    @property
    def fraction(self) -> float:
        """Of all the pictures together, above 0 and up to 1."""
        return (self.picture - 1 + self.step / self.steps) / self.pictures


@dataclass(frozen=True)
class Drawing:
    """A picture that was drawn.

    Attributes:
        image: RGB; black where it was flagged.
        seed: that it was drawn from.
        settings: model, revision, prompt, negative, seed, steps, guidance, width, height, scheduler, and strength where
            there was a source: enough to draw it again.
        flagged: whether the image checker found it unfit to be shown.
    """

    image: Image.Image
    seed: int
    settings: Mapping[str, str | int | float]
    flagged: bool


@dataclass(frozen=True)
class Repertoire:
    """What a generator can draw, asked without loading weights.

    Attributes:
        kind: icons of the things that it knows, or anything that can be said.
        known: the things it knows among the prompt's words, by their English names; empty for "anything".
        count: how many things it knows; 0 for "anything".
        nearest: what it draws in place of what it does not know, by language; empty where the prompt names all of it.
    """

    kind: Literal["icons", "anything"]
    known: tuple[str, ...]
    count: int
    nearest: Mapping[str, str] = field(default_factory=dict)


def ignore(stage: Stage) -> None:
    """Where nobody watches."""


class Generator(Protocol):
    """Draws pictures.

    Attributes:
        id: the model's name, known without weights.
        revision: another one where its files differ.
    """

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def revision(self) -> str: ...  # noqa: D102

    def repertoire(self, prompt: str) -> Repertoire:
        """What it can draw, and what of that the prompt names."""
        ...

    def draw(
        self,
        order: Order,
        *,
        on_stage: Callable[[Stage], None] = ignore,
        cancel: threading.Event | None = None,
    ) -> list[Drawing]:
        """One picture for each seed, in their order; the same on the same machine however many are asked for.

        Args:
            order: what to draw.
            on_stage: told of every step, in this thread.
            cancel: set it, and drawing stops within the step.

        Raises:
            BadOrder, PromptRefused, Cancelled, ModelNotPresent, ModelCorrupt, ModelTooLarge, OutOfMemory,
            GenerationFailed
        """
        ...
