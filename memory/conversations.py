# ruff: noqa: A002 - an id is called id
"""The conversations of one user: a list of them, and the saver that holds what was said.

One SQLite file, one connection, one lock. The saver's tables are langgraph's; the table `threads` is ours.
"""

from __future__ import annotations

import re
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from memory import references
from memory.drawings import Drawings
from memory.names import checked_user, plain_line
from memory.threads import words as index
from memory.threads.branches import Tree
from memory.threads.schema import migrate
from runtime.errors import BadTitle, UnknownThread

if TYPE_CHECKING:
    import builtins
    from collections.abc import Callable
    from pathlib import Path
    from typing import IO

    from langchain_core.runnables import RunnableConfig

    from memory.images import ImageStore

_COLUMNS = "id, user, title, created, updated, thumbnail, turns, pinned"
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
        pinned: it stands before those that are not.
    """

    id: str
    user: str
    title: str
    created: datetime
    updated: datetime
    thumbnail: str = ""
    turns: int = 0
    pinned: bool = False


class Conversations:
    """One user's conversations in a database that several users may share. Safe to use from several threads.

    Args:
        path: the SQLite file; made when it is not there.
        user: whose conversations; no other user's can be reached.
        images: the same user's image store.
        beside: another user's, open on the same file; its connection is used, and is not to be closed here.

    Attributes:
        saver: langgraph's checkpoint saver, to compile a graph with.
        references: which of the user's pictures are used, here and by others.

    Raises:
        BadSetting: the user's name cannot be used.
        SetupError: the file is not our database, is newer than this vistalk, or cannot be opened.
        DiskFull: it could not be made.
    """

    def __init__(self, path: Path, user: str, images: ImageStore, beside: Conversations | None = None) -> None:
        from memory.saver import Saver  # langgraph takes half a second to import

        self._user = checked_user(user)
        self.saver: Saver = beside.saver if beside else Saver(path)
        self._images = images
        self.references = references.References(self.saver, user, images)
        self._drawings = Drawings(self.saver, user, images, self.references)
        if beside:
            return
        try:
            migrate(self.saver, path)
            self.saver.finish_scrub()
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

    def list(self, limit: int = 200, offset: int = 0) -> builtins.list[Thread]:
        """At most `limit` of this user's conversations after leaving out `offset`.

        Pinned ones come first; among them and among the others, the one with the newest turn.
        """
        with self.saver.cursor(transaction=False) as cursor:
            rows = cursor.execute(
                f"""SELECT {_COLUMNS} FROM threads WHERE user = ?
                ORDER BY pinned DESC, updated DESC, rowid DESC LIMIT ? OFFSET ?""",  # noqa: S608 - a constant
                (self._user, limit, offset),
            ).fetchall()
        return [_thread(row) for row in rows]

    def search(self, words: str, limit: int = 20) -> builtins.list[Thread]:
        """At most `limit` of this user's conversations that hold any of the words, the best match first.

        Titles are searched and what was said by either side; see `memory.library.lexical` for what is a match.
        """
        found = []
        for name in index.search(self.saver, self._user, words, limit):
            with suppress(UnknownThread):  # deleted meanwhile
                found.append(self.get(name))
        return found

    def rename(self, id: str, title: str, *, instead_of: str | None = None) -> None:
        """Give a conversation another title; with `instead_of`, only while it is called so.

        Raises:
            BadTitle: nothing of it can be shown.
            UnknownThread: this user has no such conversation.
        """
        title = plain_line(title, _TITLE_CHARS)
        if not title:
            raise BadTitle
        with self.saver.cursor() as cursor:
            self._update(id, "title = CASE WHEN ?2 IS NULL OR title = ?2 THEN ?1 ELSE title END", (title, instead_of))
            index.renamed(cursor, self._user, id)

    def pin(self, id: str, on: bool = True) -> None:
        """Have a conversation stand before the others, or no longer.

        Raises:
            UnknownThread: this user has no such conversation.
        """
        self._update(id, "pinned = ?", (on,))

    def rewind(self, id: str, turns: int) -> None:
        """Note how many turns the conversation has now that it goes on from an earlier point, or on another branch.

        Raises:
            UnknownThread: this user has no such conversation.
        """
        self._update(id, "turns = ?", (turns,))

    def tree(self, id: str) -> Tree:
        """The conversation's branches, as they are now.

        Raises:
            UnknownThread: this user has no such conversation.
        """
        return Tree(self.saver, self.config(id)["configurable"]["thread_id"])

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
        """Remove a conversation, all that was said in it and the pictures that nothing else uses, down to the bytes.

        What was drawn in it stays among the drawings, with its prompt and no longer with its conversation.

        Raises:
            UnknownThread: this user has no such conversation.
            SetupError: a picture's file cannot be removed; the next start tries again.
        """
        name = self.config(id)["configurable"]["thread_id"]
        with self.saver.erasing() as cursor:
            pictures = references.end_uses(cursor, self._user, "thread", id)
            cursor.execute("UPDATE drawings SET thread = '' WHERE thread = ? AND user = ?", (id, self._user))
            cursor.execute("DELETE FROM threads WHERE id = ? AND user = ?", (id, self._user))
            index.drop(cursor, self._user, id)
            self.saver.delete_thread(name)
        self.references.discard(pictures)
        self.saver.scrub()

    def config(self, id: str) -> RunnableConfig:
        """What a graph needs to run in this conversation; the name it stores under carries the user.

        Raises:
            UnknownThread: this user has no such conversation.
        """
        return {"configurable": {"thread_id": f"{self._user}/{self.get(id).id}"}}

    def export(self, id: str, target: IO[bytes]) -> None:
        """Write a conversation with its pictures as a zip; `memory.threads.archive` says what is in it.

        Raises:
            UnknownThread: this user has no such conversation.
            ImageMissing: a picture's file cannot be read.
            OSError: `target` cannot be written.
        """
        from memory.threads.archive import conversation, write

        thread, newest = self.get(id), self.saver.get_tuple(self.config(id))
        values = newest.checkpoint["channel_values"] if newest else {}
        made, there = self._drawings.made, self._images.stored()
        whole = conversation(thread.title, thread.created, thread.updated, values, made, there)
        write(whole, self._images, target)

    def import_(self, source: IO[bytes], check: Callable[[dict[str, Any]], object]) -> Thread:
        """Take in a conversation from what `export` wrote, as another one: all of it, or nothing.

        Args:
            source: the file, of unknown origin; it can be sought in.
            check: raises ValueError for a reply's details that cannot be shown.

        Raises:
            ArchiveRejected: it is no exported conversation.
            ImageRejected: a picture in it is not one that is accepted.
            DiskFull: there is no room for it.
        """
        from memory.threads import taking_in

        whole, name = taking_in.read(source, check), uuid.uuid4().hex
        try:
            refs = taking_in.keep_pictures(source, whole, name, self._images, self._drawings, self.references)
            first = next((refs[handle].sha256 for message in whole.messages for handle in message.images), "")
            times = (whole.created.timestamp(), whole.updated.timestamp())
            turns = sum(message.by == "user" for message in whole.messages)
            with self.saver.cursor() as cursor:
                cursor.execute(
                    """INSERT INTO threads (id, user, title, created, updated, thumbnail, turns)
                    VALUES (?, ?, ?, ?, ?, ?, ?)""",
                    (name, self._user, plain_line(whole.title, _TITLE_CHARS), *times, first, turns),
                )
                taking_in.save(self.saver, self.config(name), whole, refs)
        finally:
            self.references.release("turn", name)
        return self.get(name)

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


def _thread(row: tuple[Any, ...]) -> Thread:
    name, user, title, created, updated, thumbnail, turns, pinned = row
    began, ended = (datetime.fromtimestamp(moment, UTC) for moment in (created, updated))
    return Thread(name, user, title, began, ended, thumbnail, turns, bool(pinned))


def _checked(id: str) -> str:
    if not _ID.fullmatch(id):
        raise _unknown(id)
    return id


def _unknown(id: str) -> UnknownThread:
    return UnknownThread(f"There is no conversation {plain_line(id, 40)!r}.")
