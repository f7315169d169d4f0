"""Answer a question about one picture or several."""

from __future__ import annotations

from typing import ClassVar

from runtime.vlm.base import Heat, VisionChatModel
from tools.base import Arguments, Handle, Tool, ToolContext, ToolResult, UserWords
from tools.looking import look, where


class VqaArguments(Arguments):
    """The pictures, and the user's own question."""

    images: list[Handle]
    question: UserWords


class Vqa(Tool[VqaArguments]):
    """Visual question answering; `short_answer` is how this model is asked for a brief answer."""

    name: ClassVar[str] = "vqa"
    arguments = VqaArguments

    def __init__(self, model: VisionChatModel, short_answer: str) -> None:
        self._model = model
        self._short_answer = short_answer

    def run(self, arguments: VqaArguments, context: ToolContext) -> ToolResult:
        """See `Tool.run`."""
        return look(self._model, arguments.images, self._asked(arguments), context)

    def where(self, arguments: VqaArguments, text: str, context: ToolContext) -> Heat | None:
        """See `Tool.where`."""
        return where(self._model, arguments.images, self._asked(arguments), text, context)

    def _asked(self, arguments: VqaArguments) -> str:
        return self._short_answer.replace("{question}", arguments.question)
