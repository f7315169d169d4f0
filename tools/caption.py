"""Describe one picture."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from runtime.translating import Translator
from runtime.vlm.base import Heat, VisionChatModel
from tools.base import Arguments, Handle, Tool, ToolContext, ToolResult
from tools.looking import look, prompt, translating, where


class CaptionArguments(Arguments):
    """The picture to describe."""

    image: Handle


class Caption(Tool[CaptionArguments]):
    """The model's description of one picture, in the language of the reply.

    Args:
        model: describes.
        translator: for a model that reads English only.
    """

    name: ClassVar[str] = "caption"
    arguments = CaptionArguments

    def __init__(self, model: VisionChatModel, translator: Translator | None = None) -> None:
        self._model = model
        self._translator = translator

    def run(self, arguments: CaptionArguments, context: ToolContext) -> ToolResult:
        """See `Tool.run`. It has no confidence: that of a model is meant for answers, which are right or wrong."""
        translator = translating(self._translator, context)
        translate = translator.reply if translator else None
        described = look(self._model, [arguments.image], self._asked(context), context, translate)
        return replace(described, confidence=None)

    def where(self, arguments: CaptionArguments, text: str, context: ToolContext) -> Heat | None:
        """See `Tool.where`."""
        return where(self._model, [arguments.image], self._asked(context), text, context)

    def _asked(self, context: ToolContext) -> str:
        return prompt("en" if translating(self._translator, context) else context.language, "caption")
