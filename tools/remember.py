"""Keep what the user says, and the pictures that it is said of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from tools.base import Arguments, Tool, ToolContext, ToolResult, UserWords
from tools.remembering import names, say, told
from tools.wording import line

if TYPE_CHECKING:
    from memory.memories.store import Memories


class RememberArguments(Arguments):
    """The user's own words."""

    what: UserWords


class Remember(Tool[RememberArguments]):
    """Keeps the user's words, and with them the pictures that came with them or that they point at.

    Nothing but what the user typed is ever kept as words: no text from pictures, documents or other tools.

    Args:
        memories: the user's.
        describe: a picture of the conversation in a sentence of ours, which is kept beside the user's words.
    """

    name: ClassVar[str] = "remember"
    arguments = RememberArguments

    def __init__(self, memories: Memories, describe: Callable[[str, ToolContext], str]) -> None:
        self._memories = memories
        self._describe = describe

    def run(self, arguments: RememberArguments, context: ToolContext) -> ToolResult:
        """See `Tool.run`."""
        words = told(arguments.what)
        pictures = context.shown or ([context.about] if context.about and _of_a_picture(words) else [])
        lines = [self._picture(handle, words, context) for handle in pictures]
        if words and not pictures:
            lines = [self._fact(words, context)]
        text = "  \n".join(lines) or say(context.language, "nothing_to_keep")
        context.emit(text)
        return ToolResult(text, images=tuple(pictures))

    def _fact(self, words: str, context: ToolContext) -> str:
        before = self._memories.count()
        kept = self._memories.add(words, origin="asked", thread=context.thread, turn=context.turn)
        known = self._memories.count() == before
        return say(context.language, "kept_already" if known else "kept", what=line(kept.text))

    def _picture(self, handle: str, words: str, context: ToolContext) -> str:
        self._memories.add(
            words,
            origin="asked",
            sha256=context.image(handle).sha256,
            caption=self._describe(handle, context),
            thread=context.thread,
            turn=context.turn,
        )
        return say(context.language, "kept_picture" if words else "kept_bare", image=handle, what=line(words))


def _of_a_picture(words: str) -> bool:
    """Whether the words, where no picture came with them, speak of one that was shown before."""
    return not words or names("remember", "this", words)
