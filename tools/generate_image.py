"""Draw a picture from the user's words."""

from __future__ import annotations

from typing import ClassVar

from tools.base import Arguments, Tool, ToolContext, ToolResult, UserWords
from tools.commission import commission
from tools.easel import Easel, Sketch


class GenerateImageArguments(Arguments):
    """The user's own words, in which stand what to draw, how many and from which seed."""

    prompt: UserWords


class GenerateImage(Tool[GenerateImageArguments]):
    """New pictures, which join the conversation under handles of their own."""

    name: ClassVar[str] = "generate_image"
    arguments = GenerateImageArguments

    def __init__(self, easel: Easel) -> None:
        self._easel = easel

    def run(self, arguments: GenerateImageArguments, context: ToolContext) -> ToolResult:
        """See `Tool.run`."""
        asked = commission(arguments.prompt)
        sketch = Sketch(
            asked.prompt,
            wanted=asked.count,
            seed=asked.seed,
            exact=asked.seed is not None,
            photograph=asked.photograph,
        )
        return self._easel.paint(sketch, context)
