"""Describe one picture."""

from __future__ import annotations

from typing import ClassVar

from runtime.vlm.base import Heat, VisionChatModel
from tools.base import Arguments, Handle, Tool, ToolContext, ToolResult
from tools.looking import look, prompt, where


class CaptionArguments(Arguments):
    """The picture to describe."""

    image: Handle


class Caption(Tool[CaptionArguments]):
    """The model's description of one picture, in the language of the reply."""

    name: ClassVar[str] = "caption"
    arguments = CaptionArguments

    def __init__(self, model: VisionChatModel) -> None:
        self._model = model

    def run(self, arguments: CaptionArguments, context: ToolContext) -> ToolResult:
        """See `Tool.run`."""
        return look(self._model, [arguments.image], prompt(context.language, "caption"), context)

    def where(self, arguments: CaptionArguments, text: str, context: ToolContext) -> Heat | None:
        """See `Tool.where`."""
        return where(self._model, [arguments.image], prompt(context.language, "caption"), text, context)
