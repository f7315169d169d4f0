"""Which of a user's pictures are used, and by whom; a picture's files go with its last use.

Every keeper has a row for each picture that it keeps, written together with what it keeps:

    thread    owner: the conversation. Written by `Saver.put` in the transaction of the checkpoint, gone with the thread
    drawing   owner: none. The table `drawings` writes and removes it itself, by triggers
    memory    owner: the memory. The table `memories` does likewise
    turn      owner: the conversation. For what a turn under way brought and no checkpoint holds yet

A process killed at any point leaves at most files that nothing uses, and uses by turns that are no longer under way;
`References.sweep` removes both at the next start.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable
    from typing import Literal

    from memory.images import ImageStore
    from memory.refs import ImageRef
    from memory.saver import Saver

    Kind = Literal["thread", "drawing", "memory", "turn"]

SCHEMA = """
CREATE TABLE picture_uses (
    user TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    kind TEXT NOT NULL,
    owner TEXT NOT NULL,
    PRIMARY KEY (user, sha256, kind, owner)
) WITHOUT ROWID;
CREATE INDEX picture_owners ON picture_uses (user, kind, owner);
CREATE TRIGGER drawing_kept AFTER INSERT ON drawings BEGIN
    INSERT OR IGNORE INTO picture_uses VALUES (new.user, new.sha256, 'drawing', '');
END;
CREATE TRIGGER drawing_gone AFTER DELETE ON drawings BEGIN
    DELETE FROM picture_uses WHERE user = old.user AND sha256 = old.sha256 AND kind = 'drawing';
END;
INSERT INTO picture_uses SELECT user, sha256, 'drawing', '' FROM drawings;
"""


def use(cursor: sqlite3.Cursor, user: str, kind: Kind, owner: str, pictures: Iterable[str]) -> None:
    """Note in the caller's transaction that these pictures, by their digests, are used."""
    rows = [(user, sha256, kind, owner) for sha256 in pictures]
    cursor.executemany("INSERT OR IGNORE INTO picture_uses VALUES (?, ?, ?, ?)", rows)


def end_uses(cursor: sqlite3.Cursor, user: str, kind: Kind, owner: str) -> list[str]:
    """Remove in the caller's transaction all uses of an owner; the pictures, for `References.discard` afterwards."""
    given_up = cursor.execute(
        "DELETE FROM picture_uses WHERE user = ? AND kind = ? AND owner = ? RETURNING sha256", (user, kind, owner)
    )
    return [sha256 for (sha256,) in given_up.fetchall()]


def end_use(cursor: sqlite3.Cursor, user: str, kind: Kind, owner: str, sha256: str) -> None:
    """Remove one use in the caller's transaction; `References.discard` is to follow."""
    cursor.execute(
        "DELETE FROM picture_uses WHERE user = ? AND kind = ? AND owner = ? AND sha256 = ?",
        (user, kind, owner, sha256),
    )


def note_older(saver: Saver) -> None:
    """Note the pictures of the conversations that were kept before uses were. A second call changes nothing."""
    with saver.cursor(transaction=False) as cursor:
        threads = cursor.execute("SELECT user, id FROM threads").fetchall()
    for user, thread in threads:
        newest = saver.get_tuple({"configurable": {"thread_id": f"{user}/{thread}"}})
        images = newest.checkpoint["channel_values"].get("images", []) if newest else []
        with saver.cursor() as cursor:
            use(cursor, user, "thread", thread, [image["sha256"] for image in images])


class References:
    """The uses of one user's pictures. Safe to use from several threads.

    Args:
        saver: the database.
        user: whose pictures; the name is checked.
        images: the same user's image store.
    """

    def __init__(self, saver: Saver, user: str, images: ImageStore) -> None:
        self._saver = saver
        self._user = user
        self._images = images
        self._lock = threading.RLock()  # between a file and its first use, nobody finds it unused

    def keep(self, kind: Kind, owner: str, store: Callable[[], ImageRef]) -> ImageRef:
        """Put a picture's file away by `store` and note who uses it.

        Raises:
            VistalkError: what `store` raises, and what writing the row does; the file may stay until the next sweep.
        """
        with self._lock:
            ref = store()
            with self._saver.cursor() as cursor:
                use(cursor, self._user, kind, owner, [ref.sha256])
        return ref

    def release(self, kind: Kind, owner: str) -> None:
        """End all uses of an owner; files that nothing uses now go."""
        with self._saver.cursor() as cursor:
            given_up = end_uses(cursor, self._user, kind, owner)
        self.discard(given_up)

    def keepers(self, sha256: str) -> set[Kind]:
        """What kinds of things use a picture."""
        with self._saver.cursor(transaction=False) as cursor:
            found = cursor.execute(
                "SELECT DISTINCT kind FROM picture_uses WHERE user = ? AND sha256 = ?", (self._user, sha256)
            ).fetchall()
        return {kind for (kind,) in found}

    def discard(self, pictures: Iterable[str]) -> None:
        """Remove the files of those pictures that nothing uses.

        Raises:
            SetupError: a file cannot be removed; the next sweep tries again.
        """
        with self._lock:
            for sha256 in pictures:
                if not self.keepers(sha256):
                    self._images.delete(sha256)

    def sweep(self) -> None:
        """Remove what a killed process left. To be called while no turn is under way, and no other process at work.

        Raises:
            SetupError: a file cannot be removed.
        """
        with self._saver.cursor() as cursor:
            cursor.execute("DELETE FROM picture_uses WHERE user = ? AND kind = 'turn'", (self._user,))
        self.discard(self._images.stored())
