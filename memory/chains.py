"""The long lists of checkpoints, kept so that each item is stored once however many checkpoints hold it.

An item is stored with the name of the one before it, and its name is a digest of both: a list is named by its last
item, lists that begin alike share what they have in common, and branches of a conversation are branches here.
"""

from __future__ import annotations

import hashlib
from itertools import takewhile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from langgraph.checkpoint.serde.base import SerializerProtocol

SCHEMA = """
CREATE TABLE links (
    thread_id TEXT NOT NULL,
    name BLOB NOT NULL,
    before BLOB NOT NULL,
    type TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (thread_id, name)
) WITHOUT ROWID;
"""

_REMEMBERED = 12
"""Lists that stay in memory: those of a few conversations that are spoken in."""


class Chains:
    """Lists by their names. Not safe by itself: the caller holds the lock of the cursor that it passes.

    Items count as the same where they are the same object, so a saved item must not be changed in place.
    """

    def __init__(self, serde: SerializerProtocol) -> None:
        self._serde = serde
        self._known: dict[tuple[str, bytes], tuple[list[Any], list[bytes]]] = {}

    def put(self, cursor: sqlite3.Cursor, thread: str, items: Sequence[Any]) -> bytes:
        """Keep a list that is not empty, and return its name. Only the items that no kept list begins with are written.

        `thread` is the conversation, with whose `drop` they go.
        """
        names = self._names_in_common(thread, items)
        for item in items[len(names) :]:
            names.append(self._link(cursor, thread, names[-1] if names else b"", item))
        self._remember(thread, [*items], names)
        return names[-1]

    def get(self, cursor: sqlite3.Cursor, thread: str, name: bytes) -> list[Any]:
        """The list of that name."""
        if (thread, name) not in self._known:
            rows = cursor.execute(
                """WITH RECURSIVE chain(name, before, type, value, back) AS (
                    SELECT name, before, type, value, 0 FROM links WHERE thread_id = :thread AND name = :name
                    UNION ALL
                    SELECT links.name, links.before, links.type, links.value, back + 1
                    FROM chain JOIN links ON links.thread_id = :thread AND links.name = chain.before
                ) SELECT name, type, value FROM chain ORDER BY back DESC""",
                {"thread": thread, "name": name},
            ).fetchall()
            self._remember(
                thread, [self._serde.loads_typed((kind, value)) for _, kind, value in rows], [row[0] for row in rows]
            )
        return [*self._known[thread, name][0]]

    def rewrite(
        self, cursor: sqlite3.Cursor, thread: str, change: Callable[[Any], Any | None]
    ) -> Callable[[bytes], bytes]:
        """Put changed items in the place of a conversation's, and leave out those that `change` makes None of.

        Returns what each list is named now; one that is empty now is named b"".
        """
        rows = cursor.execute("SELECT name, before, type, value FROM links WHERE thread_id = ?", (thread,)).fetchall()
        self.drop(cursor, thread)
        after: dict[bytes, list[tuple[bytes, str, bytes]]] = {}
        for name, before, kind, value in rows:
            after.setdefault(before, []).append((name, kind, value))
        renamed, waiting = {b"": b""}, [b""]
        while waiting:
            before = waiting.pop()
            for name, kind, value in after.get(before, []):
                item = change(self._serde.loads_typed((kind, value)))
                renamed[name] = renamed[before] if item is None else self._link(cursor, thread, renamed[before], item)
                waiting.append(name)
        return renamed.__getitem__

    def items(self, cursor: sqlite3.Cursor, thread: str) -> list[Any]:
        """Every item of a conversation's lists, once."""
        rows = cursor.execute("SELECT type, value FROM links WHERE thread_id = ?", (thread,)).fetchall()
        return [self._serde.loads_typed(row) for row in rows]

    def drop(self, cursor: sqlite3.Cursor, thread: str) -> None:
        """Remove all lists of a conversation."""
        cursor.execute("DELETE FROM links WHERE thread_id = ?", (thread,))
        self.forget()

    def forget(self) -> None:
        """Forget what is in memory, after a transaction that failed or a row that was changed."""
        self._known.clear()

    def _link(self, cursor: sqlite3.Cursor, thread: str, before: bytes, item: Any) -> bytes:
        """Store an item behind another, and return its name."""
        kind, value = self._serde.dumps_typed(item)
        name = hashlib.blake2b(b"%s\0%s\0%s" % (before, kind.encode(), value), digest_size=16).digest()
        cursor.execute("INSERT OR IGNORE INTO links VALUES (?, ?, ?, ?, ?)", (thread, name, before, kind, value))
        return name

    def _names_in_common(self, thread: str, items: Sequence[Any]) -> list[bytes]:
        """The names of those first items that also stand at the beginning of a remembered list."""
        best: list[bytes] = []
        for (owner, _), (known, names) in self._known.items():
            if owner == thread:
                same = sum(1 for _ in takewhile(lambda pair: pair[0] is pair[1], zip(known, items, strict=False)))
                best = max(best, names[:same], key=len)
        return best

    def _remember(self, thread: str, items: list[Any], names: list[bytes]) -> None:
        key = (thread, names[-1])
        self._known.pop(key, None)
        self._known[key] = (items, names)
        while len(self._known) > _REMEMBERED:
            del self._known[next(iter(self._known))]
