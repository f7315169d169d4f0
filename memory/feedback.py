"""What one user thinks of replies: good or not, why, and what would have been right."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from memory.names import checked_user

if TYPE_CHECKING:
    import builtins

    from memory.saver import Saver

SCHEMA = """
CREATE TABLE feedback (
    user TEXT NOT NULL,
    thread TEXT NOT NULL,
    reply TEXT NOT NULL,
    good INTEGER NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    correction TEXT NOT NULL DEFAULT '',
    told REAL NOT NULL,
    PRIMARY KEY (user, thread, reply)
);
CREATE TRIGGER feedback_thread_gone AFTER DELETE ON threads BEGIN
    DELETE FROM feedback WHERE user = old.user AND thread = old.id;
END;
"""

LONGEST = 2_000
"""Characters of a reason, and of a right answer."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the user thinks of one reply.

    Attributes:
        thread: the conversation.
        reply: the id of the reply's message there; other branches have replies of their own.
        good: whether it was.
        reason: why, in the user's words, or empty.
        correction: what would have been right, or empty.
        told: when it was said first, in UTC.
    """

    thread: str
    reply: str
    good: bool
    reason: str
    correction: str
    told: datetime


class Feedback:
    """One user's opinions, which go with their conversations. Safe to use from several threads.

    Args:
        saver: the database, which several users may share; `Conversations` has made the table.
        user: whose opinions; no other user's can be reached.

    Raises:
        BadSetting: the user's name cannot be used.
    """

    def __init__(self, saver: Saver, user: str) -> None:
        self._saver = saver
        self._user = checked_user(user)

    def rate(self, thread: str, reply: str, good: bool) -> None:
        """Say that a reply was good, or that it was not; nothing happens where the conversation is gone."""
        with self._saver.cursor() as cursor:
            cursor.execute(
                """INSERT INTO feedback (user, thread, reply, good, told)
                SELECT user, id, ?3, ?4, ?5 FROM threads WHERE user = ?1 AND id = ?2
                ON CONFLICT DO UPDATE SET good = excluded.good""",
                (self._user, thread, reply, good, datetime.now(UTC).timestamp()),
            )

    def explain(self, thread: str, reply: str, reason: str, correction: str = "") -> None:
        """Say why, and what would have been right, of a reply that was rated; both are cut at `LONGEST`."""
        with self._saver.cursor() as cursor:
            cursor.execute(
                "UPDATE feedback SET reason = ?, correction = ? WHERE user = ? AND thread = ? AND reply = ?",
                (reason.strip()[:LONGEST], correction.strip()[:LONGEST], self._user, thread, reply),
            )

    def withdraw(self, thread: str, reply: str) -> None:
        """Take an opinion back, with what was said of it, down to the bytes."""
        with self._saver.erasing() as cursor:
            cursor.execute(
                "DELETE FROM feedback WHERE user = ? AND thread = ? AND reply = ?", (self._user, thread, reply)
            )
        self._saver.scrub()

    def of(self, thread: str) -> dict[str, Opinion]:
        """The opinions on a conversation's replies, by the ids of their messages."""
        return {opinion.reply: opinion for opinion in self._read("AND thread = ?", thread)}

    def list(self) -> builtins.list[Opinion]:
        """All opinions, the oldest first."""
        return self._read("")

    def _read(self, narrower: str, *values: str) -> builtins.list[Opinion]:
        with self._saver.cursor(transaction=False) as cursor:
            rows = cursor.execute(
                f"""SELECT thread, reply, good, reason, correction, told FROM feedback
                WHERE user = ? {narrower} ORDER BY told, rowid""",  # noqa: S608 - both are written in this class
                (self._user, *values),
            ).fetchall()
        return [
            Opinion(thread, reply, bool(good), reason, correction, datetime.fromtimestamp(told, UTC))
            for thread, reply, good, reason, correction, told in rows
        ]
