"""Read the text in a picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from PIL import Image

from runtime.errors import Cancelled
from runtime.pool import ModelPool, ModelSpec
from runtime.reader import TextReader
from tools.base import Arguments, Evidence, Handle, Tool, ToolContext, ToolResult


class ReadTextArguments(Arguments):
    """The picture to read."""

    image: Handle


class ReadText(Tool[ReadTextArguments]):
    """Every line of text in a picture, in reading order, each with its box as evidence."""

    name: ClassVar[str] = "read_text"
    arguments = ReadTextArguments
    quotes: ClassVar[bool] = True

    def __init__(
        self, pool: ModelPool, reader: ModelSpec[TextReader], load_image: Callable[[str], Image.Image]
    ) -> None:
        self._pool = pool
        self._reader = reader
        self._load_image = load_image

    def run(self, arguments: ReadTextArguments, context: ToolContext) -> ToolResult:
        """See `Tool.run`. The confidence is the mean of the lines' scores."""
        picture = self._load_image(context.image(arguments.image).sha256)
        with self._pool.lease(self._reader, cancel=context.cancel) as reader:
            lines = reader.read(picture)
        if context.cancel.is_set():
            raise Cancelled
        evidence = []
        for line in lines:
            left, top, right, bottom = line.bounds
            box = (left / picture.width, top / picture.height, right / picture.width, bottom / picture.height)
            evidence.append(Evidence(arguments.image, box, line.text, line.score))
            context.emit(line.text + "\n")
        return ToolResult(
            text="\n".join(line.text for line in lines),
            images=(arguments.image,),
            evidence=tuple(evidence),
            confidence=sum(line.score for line in lines) / len(lines) if lines else None,
        )
