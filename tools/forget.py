"""Forget what the user told or showed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tools.base import Arguments, Tool, ToolContext, ToolResult, UserWords
from tools.remembering import about, listed, means, names, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memory.memories.recall import Recall
    from memory.memories.records import Memory

CLEAR = 1.5
"""By how much the best memory must fit better than the next, to be the one that is meant."""


class ForgetArguments(Arguments):
    """The user's own words."""

    what: UserWords


class Forget(Tool[ForgetArguments]):
    """Deletes the memory that is meant, down to the bytes, and says which; where several may be, it deletes none.

    Args:
        recall: finds it.
    """

    name: ClassVar[str] = "forget"
    arguments = ForgetArguments

    def __init__(self, recall: Recall) -> None:
        self._recall = recall

    def run(self, arguments: ForgetArguments, context: ToolContext) -> ToolResult:
        """See `Tool.run`."""
        memories = self._recall.memories
        meant, others = self._meant(arguments.what, context)
        if meant:
            memories.delete([memory.id for memory in meant])
            text = _list("forgotten", meant, context.language)
        elif others:
            text = _list("which", others, context.language)
        else:
            text = say(context.language, "nothing" if memories.count() else "empty")
        context.emit(text)
        return ToolResult(text)

    def _meant(self, words: str, context: ToolContext) -> tuple[list[Memory], list[Memory]]:
        """The memories that are meant, or else those that may be."""
        memories = self._recall.memories
        if means("forget", "everything", words):
            return memories.list(), []
        if means("forget", "last", words):
            here = [memory for memory in memories.list() if context.thread and memory.thread == context.thread]
            return here[:1], []
        pictured = names("recall", "pictured", words)
        hits = self._recall.find(about("forget", words), pictured=pictured, most=memories.count())
        found = [hit.memory for hit in hits]
        clear = len(hits) == 1 or (len(hits) > 1 and hits[0].score >= hits[1].score + CLEAR)
        if clear or names("forget", "all_of_it", words):
            return (found if names("forget", "all_of_it", words) else found[:1]), []
        return [], found


def _list(name: str, memories: Sequence[Memory], language: str) -> str:
    return "\n".join([say(language, name), "", listed(memories, language)])
