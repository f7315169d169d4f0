"""Answer a question about one picture or several."""

from __future__ import annotations

from typing import ClassVar

from runtime.vlm.base import Heat, VisionChatModel
from tools.base import Arguments, Handle, Tool, ToolContext, ToolResult, UserWords
from tools.looking import look, look_in_turn, where


class VqaArguments(Arguments):
    """The pictures, and the user's own question."""

    images: list[Handle]
    question: UserWords


class Vqa(Tool[VqaArguments]):
    """Visual question answering.

    Args:
        model: answers.
        short_answer: how this model is asked for a brief answer.
        at_once: how many pictures the model can look at together; each of more is asked about by itself.
    """

    name: ClassVar[str] = "vqa"
    arguments = VqaArguments

    def __init__(self, model: VisionChatModel, short_answer: str, at_once: int = 8) -> None:
        self._model = model
        self._short_answer = short_answer
        self._at_once = at_once

    def run(self, arguments: VqaArguments, context: ToolContext) -> ToolResult:
        """See `Tool.run`."""
        if len(arguments.images) > self._at_once:
            return look_in_turn(self._model, arguments.images, self._asked(arguments), context)
        return look(self._model, arguments.images, self._asked(arguments), context)

    def where(self, arguments: VqaArguments, text: str, context: ToolContext) -> Heat | None:
        """See `Tool.where`."""
        return where(self._model, arguments.images, self._asked(arguments), text, context)

    def _asked(self, arguments: VqaArguments) -> str:
        return self._short_answer.replace("{question}", arguments.question)
