"""Finding conversations by their titles and by what was said in them, in English and in Chinese.

The index follows the checkpoints: each row of `threads` says which checkpoint it was indexed at, and a search first
indexes those conversations that have a newer one. So nothing has to be noted while a turn is saved, and a killed
process leaves nothing wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from memory.library import lexical

if TYPE_CHECKING:
    import sqlite3

    from memory.saver import Saver

SCHEMA = "ALTER TABLE threads ADD COLUMN indexed TEXT"

AT_ONCE = 100
"""Conversations that are indexed in one transaction, while nothing else is saved."""

_STALE = """
SELECT id, title, newest FROM (
    SELECT id, title, indexed, coalesce((
        SELECT max(checkpoint_id) FROM checkpoints
        WHERE thread_id = threads.user || '/' || threads.id AND checkpoint_ns = ''
    ), '') AS newest FROM threads WHERE user = ?
) WHERE indexed IS NOT newest
"""


def create(saver: Saver) -> None:
    """Make the tables where they are missing."""
    with saver.cursor() as cursor:
        lexical.create(cursor.connection, ["thread"])


def search(saver: Saver, user: str, words: str, most: int) -> list[str]:
    """Ids of at most `most` of a user's conversations that hold any of the words, the best first."""
    _refresh(saver, user)
    with saver.cursor(transaction=False) as cursor:
        return lexical.ranked(cursor.connection, "thread", user, words, most)


def renamed(cursor: sqlite3.Cursor, user: str, thread: str) -> None:
    """Have a conversation indexed again, in the caller's transaction."""
    cursor.execute("UPDATE threads SET indexed = NULL WHERE id = ? AND user = ?", (thread, user))


def drop(cursor: sqlite3.Cursor, user: str, thread: str) -> None:
    """Take a conversation out of the index, without a trace, in the caller's transaction."""
    lexical.drop(cursor.connection, "thread", user, [thread])
    lexical.scrub(cursor.connection, ["thread"])


def _refresh(saver: Saver, user: str) -> None:
    """Index what was said since the last search."""
    with saver.cursor(transaction=False) as cursor:
        stale = cursor.execute(_STALE, (user,)).fetchall()
    for start in range(0, len(stale), AT_ONCE):
        with saver.cursor() as cursor:
            for thread, title, newest in stale[start : start + AT_ONCE]:
                kept = cursor.execute(
                    "UPDATE threads SET indexed = ? WHERE id = ? AND user = ?", (newest, thread, user)
                ).rowcount
                if kept:  # it may have been deleted meanwhile
                    body = "\n".join(_said(saver, f"{user}/{thread}", newest)) if newest else ""
                    lexical.put(cursor.connection, "thread", user, thread, title, body)


def _said(saver: Saver, name: str, checkpoint: str) -> list[str]:
    found = saver.get_tuple({"configurable": {"thread_id": name, "checkpoint_id": checkpoint}})
    messages = found.checkpoint["channel_values"].get("messages", []) if found else []
    return [str(message.text) for message in messages]
