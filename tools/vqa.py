"""Answer a question about one picture or several."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from runtime.translating import Translator
from runtime.vlm.base import Heat, VisionChatModel
from tools.base import Arguments, Handle, Tool, ToolContext, ToolResult, UserWords
from tools.looking import look, look_in_turn, translating, where


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
        translator: for a model that reads English only.
    """

    name: ClassVar[str] = "vqa"
    arguments = VqaArguments
    answers: ClassVar[bool] = True

    def __init__(
        self, model: VisionChatModel, short_answer: str, at_once: int = 8, translator: Translator | None = None
    ) -> None:
        self._model = model
        self._short_answer = short_answer
        self._at_once = at_once
        self._translator = translator

    def run(self, arguments: VqaArguments, context: ToolContext) -> ToolResult:
        """See `Tool.run`."""
        translator = translating(self._translator, context)
        translate = partial(translator.reply, question=arguments.question) if translator else None
        seen = look_in_turn if len(arguments.images) > self._at_once else look
        return seen(self._model, arguments.images, self._asked(arguments, context), context, translate)

    def where(self, arguments: VqaArguments, text: str, context: ToolContext) -> Heat | None:
        """See `Tool.where`."""
        return where(self._model, arguments.images, self._asked(arguments, context), text, context)

    def _asked(self, arguments: VqaArguments, context: ToolContext) -> str:
        translator = translating(self._translator, context)
        question = translator.question(arguments.question) if translator else arguments.question
        return self._short_answer.replace("{question}", question)
