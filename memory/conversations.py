# ruff: noqa: A002 - an id is called id
"""The conversations of one user: a list of them, and the saver that holds what was said.

One SQLite file, one connection, one lock. The saver's tables are langgraph's; the table `threads` is ours.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from memory.names import checked_user, plain_line
from runtime.errors import SetupError, UnknownThread

if TYPE_CHECKING:
    import builtins
    from pathlib import Path

    from langchain_core.runnables import RunnableConfig

MIGRATIONS = (
    """
    CREATE TABLE threads (
        id TEXT PRIMARY KEY,
        user TEXT NOT NULL,
        title TEXT NOT NULL,
        created REAL NOT NULL,
        updated REAL NOT NULL,
        thumbnail TEXT NOT NULL DEFAULT '',
        turns INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX threads_newest ON threads (user, updated);
    """,
)
"""One script a version of our tables; `PRAGMA user_version` counts those that have run. Only ever append."""

_COLUMNS = "id, user, title, created, updated, thumbnail, turns"
_ID = re.compile(r"[0-9a-f]{32}")
_TITLE_CHARS = 120


@dataclass(frozen=True, slots=True)
class Thread:
    """One conversation, as lists show it.

    Attributes:
        id: 32 hex digits.
        user: whose it is.
        title: one line; empty until the first turn.
        created: when it began, in UTC.
        updated: when its last turn ended, in UTC.
        thumbnail: digest of the picture that stands for it, or empty.
        turns: how many turns it has.
    """

    id: str
    user: str
    title: str
    created: datetime
    updated: datetime
    thumbnail: str = ""
    turns: int = 0


class Conversations:
    """One user's conversations in a database that several users may share. Safe to use from several threads.

    Args:
        path: the SQLite file; made when it is not there.
        user: whose conversations; no other user's can be reached.

    Attributes:
        saver: langgraph's checkpoint saver, to compile a graph with.

    Raises:
        BadSetting: the user's name cannot be used.
        SetupError: the file is not our database, is newer than this vistalk, or cannot be opened.
        DiskFull: it could not be made.
    """

    def __init__(self, path: Path, user: str) -> None:
        from memory.saver import Saver  # langgraph takes half a second to import

        self._user = checked_user(user)
        self.saver = Saver(path)
        try:
            self._migrate(path)
        except BaseException:
            self.saver.close()
            raise

    def create(self, title: str = "") -> Thread:
        """Begin a conversation."""
        now = datetime.now(UTC)
        thread = Thread(uuid.uuid4().hex, self._user, plain_line(title, _TITLE_CHARS), now, now)
        with self.saver.cursor() as cursor:
            cursor.execute(
                "INSERT INTO threads (id, user, title, created, updated) VALUES (?, ?, ?, ?, ?)",
                (thread.id, thread.user, thread.title, now.timestamp(), now.timestamp()),
            )
        return thread

    def get(self, id: str) -> Thread:
        """One conversation.

        Raises:
            UnknownThread: this user has no such conversation.
        """
        with self.saver.cursor(transaction=False) as cursor:
            row = cursor.execute(
                f"SELECT {_COLUMNS} FROM threads WHERE id = ? AND user = ?",  # noqa: S608 - a constant
                (_checked(id), self._user),
            ).fetchone()
        if row is None:
            raise _unknown(id)
        return _thread(row)

    def list(self, limit: int = 200) -> builtins.list[Thread]:
        """This user's conversations, the one with the newest turn first, at most `limit`."""
        with self.saver.cursor(transaction=False) as cursor:
            rows = cursor.execute(
                f"SELECT {_COLUMNS} FROM threads WHERE user = ? ORDER BY updated DESC, rowid DESC LIMIT ?",  # noqa: S608
                (self._user, limit),
            ).fetchall()
        return [_thread(row) for row in rows]

    def record_turn(self, id: str, *, title: str, thumbnail: str) -> None:
        """Note that a turn ended; the title and the thumbnail are taken only while there is none.

        Raises:
            UnknownThread: this user has no such conversation.
        """
        self._update(
            id,
            """turns = turns + 1, updated = ?,
            title = CASE title WHEN '' THEN ? ELSE title END,
            thumbnail = CASE thumbnail WHEN '' THEN ? ELSE thumbnail END""",
            (datetime.now(UTC).timestamp(), plain_line(title, _TITLE_CHARS), thumbnail),
        )

    def delete(self, id: str) -> None:
        """Remove a conversation and all that was said in it, down to the bytes of the database.

        Raises:
            UnknownThread: this user has no such conversation.
        """
        # What was said goes first: cut short here, the conversation is still listed and can be deleted again.
        self.saver.delete_thread(self.config(id)["configurable"]["thread_id"])
        with self.saver.cursor() as cursor:
            cursor.execute("DELETE FROM threads WHERE id = ? AND user = ?", (id, self._user))
        self.saver.fold_log()

    def config(self, id: str) -> RunnableConfig:
        """What a graph needs to run in this conversation; the name it stores under carries the user.

        Raises:
            UnknownThread: this user has no such conversation.
        """
        return {"configurable": {"thread_id": f"{self._user}/{self.get(id).id}"}}

    def close(self) -> None:
        """Close the database."""
        self.saver.close()

    def _update(self, id: str, what: str, values: tuple[Any, ...]) -> None:
        with self.saver.cursor() as cursor:
            cursor.execute(
                f"UPDATE threads SET {what} WHERE id = ? AND user = ?",  # noqa: S608 - `what` is written above
                (*values, _checked(id), self._user),
            )
            if not cursor.rowcount:
                raise _unknown(id)

    def _migrate(self, path: Path) -> None:
        with self.saver.cursor() as cursor:
            version = cursor.execute("PRAGMA user_version").fetchone()[0]
            if version > len(MIGRATIONS):
                raise SetupError(f"{path} was written by a newer vistalk.", hint="Update vistalk.")
            for number, script in enumerate(MIGRATIONS[version:], version + 1):
                cursor.executescript(f"BEGIN; {script}; PRAGMA user_version = {number}; COMMIT")


def _thread(row: tuple[Any, ...]) -> Thread:
    name, user, title, created, updated, *rest = row
    return Thread(name, user, title, datetime.fromtimestamp(created, UTC), datetime.fromtimestamp(updated, UTC), *rest)


def _checked(id: str) -> str:
    if not _ID.fullmatch(id):
        raise _unknown(id)
    return id


def _unknown(id: str) -> UnknownThread:
    return UnknownThread(f"There is no conversation {plain_line(id, 40)!r}.")
