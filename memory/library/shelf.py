# ruff: noqa: A001, A002, S608 - an id is called id; statements are put together from constants
"""The rows as the records that searches, lists and pages show."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memory.library import lexical
from memory.library.filters import below, clause, narrowed
from memory.library.keys import of_file, vector_key
from memory.library.records import FolderStats, Passage, Picture
from runtime.errors import UnknownPicture

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from memory.library.records import Filters
    from memory.library.store import Store
    from memory.library.vectors import Kind, Narrowed

_PICTURE = """files.id, path, folder, sha256, bytes, modified_ns, width, height, taken, latitude, longitude,
    caption, text, entry, indexed FROM files JOIN pictures USING (user, id)"""
_PASSAGE = """passages.id, path, folder, heading, page, text, number
    FROM passages JOIN files ON files.user = passages.user AND files.id = passages.file"""
_AT_ONCE = 500


class Shelf:
    """One user's rows, to look at. Safe to use from several threads."""

    def __init__(self, store: Store, user: str) -> None:
        self._store = store
        self._user = user

    def pictures(self, filters: Filters, *, offset: int = 0, limit: int = -1) -> list[Picture]:
        """The newest first; a limit of -1 is none.

        Raises:
            BadDate: a day of the filters is none.
        """
        where = clause(filters)
        rows = self._read(
            f"SELECT {_PICTURE} WHERE user = ? AND {where.sql} ORDER BY moment DESC, path LIMIT ? OFFSET ?",
            (self._user, *where.values, limit, offset),
        )
        return [_picture(row) for row in rows]

    def count(self, filters: Filters) -> int:
        """How many pictures there are.

        Raises:
            BadDate: a day of the filters is none.
        """
        where = clause(filters)
        sql = f"SELECT COUNT(*) FROM files WHERE user = ? AND kind = 'picture' AND {where.sql}"
        return int(self._read(sql, (self._user, *where.values))[0][0])

    def picture(self, id: str) -> Picture:
        """One picture.

        Raises:
            UnknownPicture: this user has none of that id.
        """
        found = self._by_id(f"SELECT {_PICTURE} WHERE user = ? AND files.id IN", [id])
        if not found:
            raise UnknownPicture
        return _picture(found[0])

    def pictures_of(self, keys: Sequence[str], filters: Filters) -> dict[str, Picture]:
        """The pictures whose vectors these are, by key, without those that the filters keep out."""
        by_key = self.pictures_of_ids([of_file(key) for key in keys], filters)
        return {key: by_key[key] for key in keys if key in by_key}

    def pictures_of_ids(self, ids: Sequence[str], filters: Filters) -> dict[str, Picture]:
        """The pictures of these ids by the keys of their vectors, likewise."""
        where = clause(filters)
        rows = self._by_id(f"SELECT {_PICTURE} WHERE user = ? AND {where.sql} AND files.id IN", ids, where.values)
        return {vector_key(picture.id, picture.sha256): picture for picture in map(_picture, rows)}

    def passages_of(self, keys: Sequence[str], filters: Filters) -> dict[str, Passage]:
        """The passages of these ids, likewise."""
        where = clause(filters)
        rows = self._by_id(
            f"SELECT {_PASSAGE} WHERE passages.user = ? AND {where.sql} AND passages.id IN", keys, where.values
        )
        by_key = {row[0]: _passage(row) for row in rows}
        return {key: by_key[key] for key in keys if key in by_key}

    def ranked(self, kind: Kind, words: str, most: int) -> list[str]:
        """Ids of pictures or passages whose texts hold any of the words, best first."""
        with self._store.reading() as connection:
            return lexical.ranked(connection, kind, self._user, words, most)

    def scored(self, kind: Kind, words: str, most: int) -> dict[str, float]:
        """The same with their BM25, by id."""
        with self._store.reading() as connection:
            return lexical.scored(connection, kind, self._user, words, most)

    def narrowed(self, filters: Filters) -> Narrowed | None:
        """The filters for the vectors; None when nothing passes.

        Raises:
            BadDate: a day of the filters is none.
        """
        with self._store.reading() as connection:
            return narrowed(connection, self._user, filters)

    def of_content(self, sha256: str) -> list[Picture]:
        """The pictures whose files have this content."""
        rows = self._read(f"SELECT {_PICTURE} WHERE user = ? AND sha256 = ?", (self._user, sha256))
        return [_picture(row) for row in rows]

    def total(self, kind: Kind) -> int:
        """How many pictures or passages there are."""
        table = "pictures" if kind == "picture" else "passages"
        return int(self._read(f"SELECT COUNT(*) FROM {table} WHERE user = ?", (self._user,))[0][0])

    def folders(self, roots: Iterable[Path]) -> tuple[FolderStats, ...]:
        """What is indexed below each folder or file that was named."""
        return tuple(self._folder(root) for root in roots)

    def files(self) -> list[tuple[str, Path]]:
        """Kind and path of every indexed file."""
        rows = self._read("SELECT kind, path FROM files WHERE user = ?", (self._user,))
        return [(kind, Path(os.fsdecode(path))) for kind, path in rows]

    def _folder(self, root: Path) -> FolderStats:
        where = below(root)
        rows = self._read(f"SELECT kind, path FROM files WHERE user = ? AND {where.sql}", (self._user, *where.values))
        pictures = sum(kind == "picture" for kind, _ in rows)
        missing = sum(not os.path.isfile(path) for _, path in rows)  # noqa: PTH113 - bytes, as many as there are
        return FolderStats(root, pictures, len(rows) - pictures, missing, root.exists())

    def _by_id(self, sql: str, ids: Sequence[str], values: tuple[object, ...] = ()) -> list[Any]:
        rows: list[Any] = []
        for at in range(0, len(ids), _AT_ONCE):
            part = ids[at : at + _AT_ONCE]
            rows += self._read(f"{sql} ({','.join('?' * len(part))})", (self._user, *values, *part))
        return rows

    def _read(self, sql: str, values: tuple[object, ...]) -> list[Any]:
        """The statements are put together above, from constants; whatever comes from outside is in `values`."""
        with self._store.reading() as connection:
            return connection.execute(sql, values).fetchall()


def _picture(row: tuple[Any, ...]) -> Picture:
    id, path, folder, sha256, size, modified_ns, width, height, taken, latitude, longitude, *rest = row
    place = None if latitude is None else (latitude, longitude)
    caption, text, entry, indexed = rest
    return Picture(
        id,
        Path(os.fsdecode(path)),
        Path(os.fsdecode(folder)),
        sha256,
        size,
        modified_ns / 1e9,
        width,
        height,
        taken,
        place,
        caption,
        text,
        entry,
        indexed,
    )


def _passage(row: tuple[Any, ...]) -> Passage:
    id, path, folder, *rest = row
    return Passage(id, Path(os.fsdecode(path)), Path(os.fsdecode(folder)), *rest)
