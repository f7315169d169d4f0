"""Taking a turn out of a conversation, in all versions that there are of it; later turns and other branches stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from memory import references
from memory.erasure.quoting import without_turn
from memory.names import plain_line
from memory.refs import ERASED
from memory.threads import words
from memory.threads.branches import MARK
from runtime.errors import UnknownTurn

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from memory.conversations import Conversations
    from memory.saver import Saver

TITLE = 60
"""Characters of a question that a conversation is called by once the turn that named it is gone."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a turn brought.

    Attributes:
        beginnings: the checkpoints with which its versions begin.
        messages: ids of what was said.
        pictures: handles and digests of those that came with it.
        gone: digests of those of them that no other turn of the conversation brought.
    """

    beginnings: set[str]
    messages: set[str]
    pictures: set[tuple[str, str]]
    gone: set[str]


def erase_turn(conversations: Conversations, thread: str, turn: int) -> None:
    """Erase a turn, which counts from 0 along the line that is shown; with its last turn the conversation goes.

    Raises:
        UnknownThread
        UnknownTurn: there is no such turn, or an older vistalk kept it.
        DiskFull, SetupError: the next start tries again.
    """
    saver, name = conversations.saver, conversations.config(thread)["configurable"]["thread_id"]
    user = name.partition("/")[0]
    with saver.erasing() as cursor:
        parts = parts_of(conversations, thread, turn)
        saver.rewrite(name, without_turn(parts.messages, parts.pictures), unmarked=parts.beginnings, mark=MARK)
        words.drop(cursor, user, thread)
        for sha256 in parts.gone:
            references.end_use(cursor, user, "thread", thread, sha256)
        for message in parts.messages:
            cursor.execute("DELETE FROM feedback WHERE thread = ? AND reply = ?", (thread, message))
        questions = _questions(_values(saver, name))
        _renumber(cursor, thread, turn, questions)
    conversations.references.discard(parts.gone)
    if questions:
        saver.scrub()
    else:
        conversations.delete(thread)


def parts_of(conversations: Conversations, thread: str, turn: int) -> Parts:
    """What a turn brought, in all its versions.

    Raises:
        UnknownThread
        UnknownTurn: as for `erase_turn`.
    """
    saver, name = conversations.saver, conversations.config(thread)["configurable"]["thread_id"]
    tree, questions = conversations.tree(thread), _questions(_values(saver, name))
    versions = tree.versions(turn, len(questions)) if turn >= 0 else {}
    if not versions:
        raise UnknownTurn("There is no such turn.")
    messages: set[str] = set()
    pictures: set[tuple[str, str]] = set()
    for start, own in versions.items():
        before = _values(saver, name, tree.parent(start))
        for after in (_values(saver, name, checkpoint) for checkpoint in own):
            messages |= _messages(after) - _messages(before)
            pictures |= _pictures(after) - _pictures(before)
    shown = {(item["handle"], item["sha256"]) for item in saver.items(name) if isinstance(item, dict)}
    left = {sha256 for _, sha256 in shown - pictures}
    return Parts({*versions}, messages, pictures, {sha256 for _, sha256 in pictures} - left - {ERASED})


def _renumber(cursor: sqlite3.Cursor, thread: str, turn: int, questions: Sequence[str]) -> None:
    """Have the conversation's row, and the memories that were told in it, fit the turns that there are now."""
    cursor.execute("UPDATE threads SET turns = ?, indexed = NULL WHERE id = ?", (len(questions), thread))
    if turn == 0 and questions:
        cursor.execute("UPDATE threads SET title = ? WHERE id = ?", (plain_line(questions[0], TITLE), thread))
    cursor.execute(
        """UPDATE threads SET thumbnail = '' WHERE id = ?1 AND thumbnail NOT IN
        (SELECT sha256 FROM picture_uses WHERE user = threads.user AND kind = 'thread' AND owner = ?1)""",
        (thread,),
    )
    cursor.execute("UPDATE memories SET thread = '', turn = 0 WHERE thread = ? AND turn = ?", (thread, turn))
    cursor.execute("UPDATE memories SET turn = turn - 1 WHERE thread = ? AND turn > ?", (thread, turn))


def _values(saver: Saver, name: str, checkpoint: str = "") -> dict[str, Any]:
    """What a checkpoint holds, the newest where none is named."""
    where = {"thread_id": name, "checkpoint_ns": ""} | ({"checkpoint_id": checkpoint} if checkpoint else {})
    found = saver.get_tuple({"configurable": where})
    return found.checkpoint["channel_values"] if found else {}


def _questions(values: dict[str, Any]) -> list[str]:
    return [str(message.text) for message in values.get("messages", []) if message.type == "human"]


def _messages(values: dict[str, Any]) -> set[str]:
    return {message.id for message in values.get("messages", [])}


def _pictures(values: dict[str, Any]) -> set[tuple[str, str]]:
    return {(image["handle"], image["sha256"]) for image in values.get("images", [])}
