"""What vistalk drew for one user: which pictures, when, in which conversation, and how they were made.

A picture counts as drawn by vistalk only where it stands here. What an uploaded file says of itself counts for nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from memory.names import checked_user
from runtime.errors import VistalkError

if TYPE_CHECKING:
    import builtins

    from PIL import Image

    from memory.images import ImageStore
    from memory.provenance import Made
    from memory.references import References
    from memory.refs import ImageRef
    from memory.saver import Saver


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture that vistalk drew.

    Attributes:
        sha256: of its file, in the image store.
        created: when it was drawn last, in UTC.
        thread: the conversation that it was drawn in, which may be gone; empty outside any.
        made: how it was made.
        width: in pixels.
        height: in pixels.
    """

    sha256: str
    created: datetime
    thread: str
    made: dict[str, Any]
    width: int
    height: int


class Drawings:
    """One user's drawn pictures. Safe to use from several threads.

    Args:
        saver: the database, which several users may share; `Conversations` has made the table.
        user: whose pictures; no other user's can be reached.
        images: the same user's image store.
        references: the uses of the same user's pictures.

    Raises:
        BadSetting: the user's name cannot be used.
    """

    def __init__(self, saver: Saver, user: str, images: ImageStore, references: References) -> None:
        self._saver = saver
        self._user = checked_user(user)
        self._images = images
        self._references = references

    def add(self, image: Image.Image, made: Made, *, handle: str, thread: str = "") -> ImageRef:
        """Keep a drawn picture and how it was made: both, or nothing. Drawn again, it is the newest again.

        Raises:
            DiskFull: nothing of it was kept.
            SetupError: the data directory cannot be written.
        """
        ref = self._images.add_drawing(image, made, handle=handle)
        row = (self._user, ref.sha256, datetime.now(UTC).timestamp(), thread, _json(made), ref.width, ref.height)
        try:
            with self._saver.cursor() as cursor:
                cursor.execute(
                    """INSERT INTO drawings (user, sha256, created, thread, made, width, height)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    ON CONFLICT (user, sha256) DO UPDATE SET created = excluded.created, thread = excluded.thread""",
                    row,
                )
        except VistalkError:
            self._references.discard([ref.sha256])
            raise
        return ref

    def made(self, sha256: str) -> dict[str, Any] | None:
        """How a picture was made; None where vistalk did not draw it for this user."""
        with self._saver.cursor(transaction=False) as cursor:
            row = cursor.execute(
                "SELECT made FROM drawings WHERE user = ? AND sha256 = ?", (self._user, sha256)
            ).fetchone()
        return None if row is None else json.loads(row[0])

    def count(self) -> int:
        """How many pictures there are."""
        with self._saver.cursor(transaction=False) as cursor:
            [number] = cursor.execute("SELECT count(*) FROM drawings WHERE user = ?", (self._user,)).fetchone()
        return int(number)

    def list(self, offset: int = 0, limit: int = 24) -> builtins.list[Drawn]:
        """At most `limit` pictures, the newest first, after leaving out `offset`."""
        with self._saver.cursor(transaction=False) as cursor:
            rows = cursor.execute(
                """SELECT sha256, created, thread, made, width, height FROM drawings
                WHERE user = ? ORDER BY created DESC, rowid DESC LIMIT ? OFFSET ?""",
                (self._user, limit, offset),
            ).fetchall()
        return [
            Drawn(sha256, datetime.fromtimestamp(created, UTC), thread, json.loads(made), width, height)
            for sha256, created, thread, made, width, height in rows
        ]

    def delete(self, sha256: str) -> None:
        """Take a picture out of the drawings with its prompt and settings, down to the bytes.

        Its file goes where nothing else uses it: a conversation that shows it, or a memory, keeps it. Nothing happens
        where there is no such drawing.

        Raises:
            SetupError: its files cannot be removed; the next start tries again.
        """
        if self.made(sha256) is None:
            return
        with self._saver.erasing() as cursor:
            cursor.execute("DELETE FROM drawings WHERE user = ? AND sha256 = ?", (self._user, sha256))
        self._references.discard([sha256])
        self._saver.scrub()


def _json(made: Made) -> str:
    return json.dumps(dict(made), sort_keys=True)
