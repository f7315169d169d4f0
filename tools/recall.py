"""Tell again what the user told and showed, in this conversation or in others."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from runtime.errors import Cancelled, ImageMissing
from tools.base import Arguments, Tool, ToolContext, ToolResult, UserWords
from tools.remembering import about, listed, means, names, question_about_picture, say, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memory.memories.recall import Recall
    from memory.memories.records import Hit
    from tools.vqa import Vqa

MOST_LISTED = 20
"""Memories that are listed when all are asked for."""


class RecallArguments(Arguments):
    """The user's own question."""

    query: UserWords


class RecallMemories(Tool[RecallArguments]):
    """The memories that bear on a question, word for word, best first; remembered pictures join the conversation.

    Args:
        recall: finds them.
        vqa: answers what is asked of a picture that is remembered; None where the model plans that call itself.
        top: how many are told.
    """

    name: ClassVar[str] = "recall"
    arguments = RecallArguments

    def __init__(self, recall: Recall, vqa: Vqa | None = None, top: int = 3) -> None:
        self._recall = recall
        self._vqa = vqa
        self._top = top

    def run(self, arguments: RecallArguments, context: ToolContext) -> ToolResult:
        """See `Tool.run`. What a picture shows is anyone's, so it is untrusted."""
        if not self._recall.memories.count():
            return _said(say(context.language, "empty"), context)
        if means("recall", "everything", arguments.query):
            return _said(self._everything(context.language), context)
        hits = self.hits(arguments.query)
        if context.cancel.is_set():
            raise Cancelled
        if not hits:
            return _said(say(context.language, "nothing"), context)
        return self._told(hits, _question(arguments.query), context)

    def hits(self, query: str) -> list[Hit]:
        """What bears on a message, best first; the part of it that asks something of a picture finds none."""
        question = _question(query)
        request = query.replace(question, " ") if question else query
        pictured = names("recall", "pictured", request)
        return self._recall.find(about("recall", request), pictured=pictured, most=self._top)

    def _told(self, hits: Sequence[Hit], question: str, context: ToolContext) -> ToolResult:
        lines: list[str] = []
        brought: dict[str, float] = {}
        for hit in hits:
            handle = _brought(hit, context)
            lines.append(shown(hit.memory, context.language, handle))
            if handle:
                brought.setdefault(handle, hit.score)
        told = _said("\n".join([say(context.language, "recalled"), "", *lines]), context)
        images, scores = tuple(brought), tuple(brought.values())
        if not (question and images and self._vqa):
            return ToolResult(told.text, images, scores=scores)
        context.emit("\n\n")
        seen = self._vqa.run(self._vqa.arguments(images=[images[0]], question=question), context)
        return ToolResult(
            f"{told.text}\n\n{seen.text}",
            images,
            scores=scores,
            confidence=seen.confidence,
            usage=seen.usage,
            finish=seen.finish,
        )

    def _everything(self, language: str) -> str:
        memories = self._recall.memories.list(MOST_LISTED)
        lines = [say(language, "all"), "", listed(memories, language)]
        if more := self._recall.memories.count() - len(memories):
            lines += ["", say(language, "more", number=more)]
        return "\n".join(lines)


def _question(query: str) -> str:
    """What is asked of the picture that the rest of the message asks for; else empty."""
    question = question_about_picture(query)
    return question if question and names("recall", "pictured", query.replace(question, " ")) else ""


def _said(text: str, context: ToolContext) -> ToolResult:
    context.emit(text)
    return ToolResult(text)


def _brought(hit: Hit, context: ToolContext) -> str:
    """The handle of a memory's picture; empty where it has none, or its file is gone."""
    if not hit.memory.sha256:
        return ""
    try:
        return context.bring(hit.memory.sha256, hit.memory.text).handle
    except ImageMissing:
        return ""
