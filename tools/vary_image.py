"""Draw a picture anew, changed as the user says."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from tools.base import Arguments, Handle, Tool, ToolContext, ToolResult, UserWords
from tools.commission import wants_photograph, without_count, without_seed
from tools.drawing import data
from tools.easel import Easel, Sketch
from tools.revising import revised

if TYPE_CHECKING:
    from PIL import Image


class VaryImageArguments(Arguments):
    """The picture, and the user's own words on what to change."""

    image: Handle
    instruction: UserWords


class VaryImage(Tool[VaryImageArguments]):
    """A picture that vistalk drew, from its prompt and seed with the instruction worked in; any other from its pixels.

    Args:
        easel: draws, and knows what was drawn by vistalk.
        load_image: from a picture's sha256 to its pixels.
    """

    name: ClassVar[str] = "vary_image"
    arguments = VaryImageArguments

    def __init__(self, easel: Easel, load_image: Callable[[str], Image.Image]) -> None:
        self._easel = easel
        self._load_image = load_image

    def run(self, arguments: VaryImageArguments, context: ToolContext) -> ToolResult:
        """See `Tool.run`. What a file says of itself counts for nothing: only what was kept beside it is read."""
        ref = context.image(arguments.image)
        made = self._easel.made(ref.sha256)
        words, seed = without_seed(arguments.instruction)
        _, count = without_count(words)
        change = revised(str(made["prompt"]) if made else "", words)
        kept_seed = int(made["seed"]) if made and not change.fresh else None
        strength = change.strength if made else change.strength or data()["strength"]["pixels"]
        negative = ", ".join(filter(None, (str(made["negative"]) if made else "", change.negative)))
        sketch = Sketch(
            change.prompt,
            negative,
            wanted=count or 1,
            seed=kept_seed if seed is None else seed,
            exact=seed is not None,
            photograph=wants_photograph(change.prompt),
            source=None if strength is None else self._load_image(ref.sha256),
            strength=strength,
            of=arguments.image,
            foreign=made is None,
        )
        return self._easel.paint(sketch, context)
