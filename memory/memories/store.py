# ruff: noqa: A001, A002 - an id is called id
"""One user's memories: rows beside the conversations', and vectors that are made when they are first looked through.

Vectors lie here and not in Chroma: memories are few, so that exact search takes a millisecond, and SQLite overwrites
what is deleted, which Chroma does not.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from memory.erasure.quoting import without_memories
from memory.memories.records import Memory
from memory.names import checked_user
from runtime.errors import UnknownMemory

if TYPE_CHECKING:
    import builtins
    import sqlite3
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from memory.memories.records import Kind, Origin
    from memory.references import References
    from memory.saver import Saver
    from runtime.encoder.base import Vectors

SCHEMA = """
CREATE TABLE memories (
    user TEXT NOT NULL,
    id TEXT NOT NULL,
    text TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    caption TEXT NOT NULL,
    origin TEXT NOT NULL,
    thread TEXT NOT NULL,
    turn INTEGER NOT NULL,
    told REAL NOT NULL,
    PRIMARY KEY (user, id)
);
CREATE INDEX memories_newest ON memories (user, told);
CREATE TABLE memory_vectors (
    user TEXT NOT NULL,
    id TEXT NOT NULL,
    encoder TEXT NOT NULL,
    vector BLOB NOT NULL,
    PRIMARY KEY (user, id, encoder)
) WITHOUT ROWID;
CREATE TRIGGER memory_kept AFTER INSERT ON memories WHEN new.sha256 <> '' BEGIN
    INSERT OR IGNORE INTO picture_uses VALUES (new.user, new.sha256, 'memory', new.id);
END;
CREATE TRIGGER memory_gone AFTER DELETE ON memories BEGIN
    DELETE FROM picture_uses WHERE user = old.user AND kind = 'memory' AND owner = old.id;
    DELETE FROM memory_vectors WHERE user = old.user AND id = old.id;
END;
CREATE TRIGGER memory_edited AFTER UPDATE OF text ON memories BEGIN
    DELETE FROM memory_vectors WHERE user = old.user AND id = old.id;
END;
CREATE TRIGGER memory_thread_gone AFTER DELETE ON threads BEGIN
    UPDATE memories SET thread = '', turn = 0 WHERE user = old.user AND thread = old.id;
END;
"""

LONGEST = 2_000
"""Characters of a memory's words."""

_COLUMNS = "id, text, sha256, caption, origin, thread, turn, told"


class Memories:
    """One user's memories. Safe to use from several threads.

    Args:
        saver: the database, which several users may share; `Conversations` has made the tables.
        user: whose memories; no other user's can be reached.
        references: the uses of the same user's pictures.

    Raises:
        BadSetting: the user's name cannot be used.
    """

    def __init__(self, saver: Saver, user: str, references: References) -> None:
        self._saver = saver
        self._user = checked_user(user)
        self._references = references

    def add(
        self,
        text: str,
        *,
        origin: Origin,
        sha256: str = "",
        caption: str = "",
        thread: str = "",
        turn: int = 0,
        told: datetime | None = None,
    ) -> Memory:
        """Keep something. The same words about the same picture, or about none, are kept once: the first one stays.

        Args:
            text: the user's own words, cut at `LONGEST` characters.
            origin: how it comes to be kept.
            sha256: of a picture that the caller holds a use of, so that its file is there; empty for a fact.
            caption: our description of the picture.
            thread: the conversation that it was told in, if any.
            turn: the turn there, from 0.
            told: when; now, where it is not given.
        """
        memory_id, now = uuid.uuid4().hex, told or datetime.now(UTC)
        words = text.strip()[:LONGEST]
        with self._saver.cursor() as cursor:
            same = cursor.execute(
                f"SELECT {_COLUMNS} FROM memories WHERE user = ? AND text = ? AND sha256 = ?",  # noqa: S608 - a constant
                (self._user, words, sha256),
            ).fetchone()
            if same is not None:
                return _memory(same)
            row = (memory_id, words, sha256, caption, origin, thread, turn, now.timestamp())
            cursor.execute(
                f"INSERT INTO memories (user, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                (self._user, *row),
            )
        return _memory(row)

    def edit(self, id: str, text: str) -> Memory:
        """Put other words in the place of a memory's.

        Raises:
            UnknownMemory: this user has no such memory.
        """
        with self._saver.erasing() as cursor:
            cursor.execute(
                "UPDATE memories SET text = ? WHERE user = ? AND id = ?", (text.strip()[:LONGEST], self._user, id)
            )
        self._saver.scrub()
        return self.get(id)

    def delete(self, ids: Sequence[str]) -> None:
        """Forget memories, down to the bytes, with the pictures that nothing else uses; unknown ids are passed over.

        Conversations keep what was said in them, and lose what replies show beside them as remembered.

        Raises:
            SetupError: a picture's file cannot be removed; the next start tries again.
        """
        with self._saver.erasing() as cursor:
            pictures = []
            for thread in self._quoting(cursor, ids):
                self._saver.rewrite(thread, without_memories(ids))
            for id in ids:
                pictures += cursor.execute(
                    "DELETE FROM memories WHERE user = ? AND id = ? RETURNING sha256", (self._user, id)
                ).fetchall()
        self._references.discard(sha256 for (sha256,) in pictures if sha256)
        self._saver.scrub()

    def get(self, id: str) -> Memory:
        """One memory.

        Raises:
            UnknownMemory: this user has no such memory.
        """
        found = self._read("id = ?", (id,))
        if not found:
            raise UnknownMemory
        return found[0]

    def list(self, limit: int = -1, offset: int = 0) -> builtins.list[Memory]:
        """The newest first, at most `limit` after leaving out `offset`; a limit of -1 is none."""
        return self._read("TRUE ORDER BY told DESC, rowid DESC LIMIT ? OFFSET ?", (limit, offset))

    def count(self) -> int:
        """How many there are."""
        with self._saver.cursor(transaction=False) as cursor:
            [number] = cursor.execute("SELECT count(*) FROM memories WHERE user = ?", (self._user,)).fetchone()
        return int(number)

    def vectors(self, encoder: str) -> dict[str, NDArray[np.float32]]:
        """The vectors that this encoder made, by the memory's id."""
        with self._saver.cursor(transaction=False) as cursor:
            rows = cursor.execute(
                "SELECT id, vector FROM memory_vectors WHERE user = ? AND encoder = ?", (self._user, encoder)
            ).fetchall()
        return {id: np.frombuffer(vector, np.float16).astype(np.float32) for id, vector in rows}

    def keep_vectors(self, encoder: str, of: Sequence[Memory], vectors: Vectors) -> None:
        """Keep the vectors of memories, in 16 bits; of those that were edited or forgotten meanwhile, nothing."""
        with self._saver.cursor() as cursor:
            for memory, vector in zip(of, vectors, strict=True):
                cursor.execute(
                    """INSERT OR REPLACE INTO memory_vectors
                    SELECT user, id, ?, ? FROM memories WHERE user = ? AND id = ? AND text = ?""",
                    (encoder, vector.astype(np.float16).tobytes(), self._user, memory.id, memory.text),
                )

    def _quoting(self, cursor: sqlite3.Cursor, ids: Sequence[str]) -> set[str]:
        """What the saver calls the conversations in which a reply shows one of these as remembered."""
        prefix, found = f"{self._user}/", set()
        for id in ids:
            rows = cursor.execute(
                "SELECT thread_id FROM links WHERE substr(thread_id, 1, ?) = ? AND instr(value, ?)",
                (len(prefix), prefix, id.encode()),
            )
            found |= {thread for (thread,) in rows}
        return found

    def _read(self, where: str, values: tuple[Any, ...]) -> builtins.list[Memory]:
        with self._saver.cursor(transaction=False) as cursor:
            rows = cursor.execute(
                f"SELECT {_COLUMNS} FROM memories WHERE user = ? AND {where}",  # noqa: S608 - `where` is written above
                (self._user, *values),
            ).fetchall()
        return [_memory(row) for row in rows]


def _memory(row: tuple[Any, ...]) -> Memory:
    id, text, sha256, caption, origin, thread, turn, told = row
    kind: Kind = "picture" if sha256 else "fact"
    return Memory(id, kind, text, sha256, caption, origin, thread, turn, datetime.fromtimestamp(told, UTC))
