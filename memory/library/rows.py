# ruff: noqa: A001, A002, S608 - an id is called id; statements are put together from constants
"""What the library knows of files, pictures and passages: the rows of one user, read and written.

Every statement names the user. Rows change only in whole: a picture with its words, a document with all passages.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from memory.library import lexical
from memory.library.filters import below
from memory.library.keys import file_id, of_file, vector_key

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

    from memory.library.records import Passage, Picture
    from memory.library.store import Store
    from memory.library.vectors import Kind
    from memory.library.walking import FileKind


@dataclass(frozen=True, slots=True)
class Known:
    """A file as it was when it was indexed."""

    id: str
    kind: FileKind
    sha256: str
    bytes: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file as it is to be remembered; `moment` is when it was taken, or else last changed."""

    path: Path
    kind: FileKind
    sha256: str
    bytes: int
    modified_ns: int
    moment: float
    indexed: float

    @property
    def id(self) -> str:
        """The id of its path."""
        return file_id(self.path)


@dataclass(slots=True)
class Gone:
    """What no row stands for any more: keys of vectors, and contents that no file of the user's has."""

    pictures: list[str] = field(default_factory=list)
    passages: list[str] = field(default_factory=list)
    contents: list[str] = field(default_factory=list)


class Rows:
    """The rows of one user. Safe to use from several threads."""

    def __init__(self, store: Store, user: str) -> None:
        self._store = store
        self._user = user

    def known(self) -> dict[bytes, Known]:
        """Every indexed file by its path."""
        with self._store.reading() as connection:
            rows = connection.execute(
                "SELECT path, id, kind, sha256, bytes, modified_ns FROM files WHERE user = ?", (self._user,)
            ).fetchall()
        return {path: Known(*rest) for path, *rest in rows}

    def keys(self, kind: Kind) -> set[str]:
        """The keys that vectors should have."""
        with self._store.reading() as connection:
            if kind == "passage":
                return {row[0] for row in connection.execute("SELECT id FROM passages WHERE user = ?", (self._user,))}
            rows = connection.execute("SELECT id, sha256 FROM files WHERE user = ? AND kind = 'picture'", (self._user,))
            return {vector_key(*row) for row in rows}

    def contents(self) -> set[str]:
        """The digests of all pictures."""
        with self._store.reading() as connection:
            rows = connection.execute("SELECT sha256 FROM files WHERE user = ? AND kind = 'picture'", (self._user,))
            return {row[0] for row in rows}

    def put_pictures(self, new: Sequence[tuple[FileRow, Picture]]) -> Gone:
        """Remember pictures, in place of what was known of their paths."""
        with self._store.transaction() as connection:
            gone = self._remove(connection, [file.id for file, _ in new])
            for file, picture in new:
                self._put_file(connection, file)
                connection.execute(
                    "INSERT INTO pictures VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        self._user,
                        file.id,
                        picture.width,
                        picture.height,
                        picture.taken,
                        *(picture.place or (None, None)),
                        picture.caption,
                        picture.text,
                        picture.entry,
                    ),
                )
                self._index_words(connection, file.id, picture.entry, picture.caption, picture.text)
            return self._without_living(connection, gone)

    def put_document(self, file: FileRow, passages: Sequence[Passage]) -> Gone:
        """Remember a document, in place of what was known of its path: all of its passages at once."""
        with self._store.transaction() as connection:
            gone = self._remove(connection, [file.id])
            self._put_file(connection, file)
            connection.executemany(
                "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(self._user, p.id, file.id, p.number, p.heading, p.page, p.text) for p in passages],
            )
            for passage in passages:
                lexical.put(connection, "passage", self._user, passage.id, passage.heading, passage.text)
            return self._without_living(connection, gone)

    def touch(self, files: Iterable[FileRow]) -> None:
        """Note that files were written again and hold what they held."""
        with self._store.transaction() as connection:
            connection.executemany(
                "UPDATE files SET bytes = ?, modified_ns = ? WHERE user = ? AND id = ?",
                [(file.bytes, file.modified_ns, self._user, file.id) for file in files],
            )

    def set_entries(self, entries: Mapping[str, str]) -> None:
        """Note what catalogues say of pictures, by id."""
        with self._store.transaction() as connection:
            for id, entry in entries.items():
                connection.execute("UPDATE pictures SET entry = ? WHERE user = ? AND id = ?", (entry, self._user, id))
                words = connection.execute(
                    "SELECT caption, text FROM pictures WHERE user = ? AND id = ?", (self._user, id)
                ).fetchone()
                if words is not None:
                    lexical.drop(connection, "picture", self._user, [id])
                    self._index_words(connection, id, entry, *words)
            lexical.scrub(connection)

    def entries(self) -> dict[bytes, tuple[str, str]]:
        """Id and catalogue entry of every picture by its path."""
        with self._store.reading() as connection:
            rows = connection.execute(
                "SELECT path, id, entry FROM pictures JOIN files USING (user, id) WHERE user = ?", (self._user,)
            ).fetchall()
        return {path: (id, entry) for path, id, entry in rows}

    def words(self, id: str) -> tuple[str, str]:
        """Caption and text that are kept of a picture; empty where there are none."""
        with self._store.reading() as connection:
            row = connection.execute(
                "SELECT caption, text FROM pictures WHERE user = ? AND id = ?", (self._user, id)
            ).fetchone()
        return ("", "") if row is None else (row[0], row[1])

    def remove(self, ids: Sequence[str]) -> Gone:
        """Forget files."""
        with self._store.transaction() as connection:
            return self._without_living(connection, self._remove(connection, ids))

    def below(self, path: Path) -> list[str]:
        """Ids of the files in a folder or below it, or of the file itself."""
        where = below(path)
        with self._store.reading() as connection:
            rows = connection.execute(
                f"SELECT id FROM files WHERE user = ? AND {where.sql}",
                (self._user, *where.values),
            ).fetchall()
        return [row[0] for row in rows]

    def roots(self) -> list[Path]:
        """The folders and files that were named to be indexed."""
        with self._store.reading() as connection:
            rows = connection.execute("SELECT path FROM roots WHERE user = ? ORDER BY path", (self._user,)).fetchall()
        return [Path(os.fsdecode(row[0])) for row in rows]

    def add_roots(self, roots: Iterable[Path]) -> None:
        """Remember what was named."""
        with self._store.transaction() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO roots VALUES (?, ?)", [(self._user, os.fsencode(root)) for root in roots]
            )

    def remove_roots(self, path: Path) -> None:
        """Forget what was named in a folder or below it, and the path itself."""
        where = below(path)
        with self._store.transaction() as connection:
            connection.execute(
                f"DELETE FROM roots WHERE user = ? AND {where.sql.replace('files.', '')}",
                (self._user, *where.values),
            )

    def encoder(self, kind: Kind) -> str:
        """Id of the encoder of this kind; empty when there is none."""
        with self._store.reading() as connection:
            row = connection.execute(
                "SELECT id FROM encoders WHERE user = ? AND kind = ?", (self._user, kind)
            ).fetchone()
        return "" if row is None else str(row[0])

    def set_encoder(self, kind: Kind, id: str) -> None:
        """Note the encoder of this kind."""
        with self._store.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO encoders VALUES (?, ?, ?)", (self._user, kind, id))

    def _put_file(self, connection: sqlite3.Connection, file: FileRow) -> None:
        connection.execute(
            "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self._user,
                file.id,
                file.kind,
                os.fsencode(file.path),
                os.fsencode(file.path.parent),
                file.sha256,
                file.bytes,
                file.modified_ns,
                file.moment,
                file.indexed,
            ),
        )

    def _index_words(self, connection: sqlite3.Connection, id: str, entry: str, caption: str, text: str) -> None:
        if entry or caption or text:
            lexical.put(connection, "picture", self._user, id, entry, f"{caption}\n{text}".strip())

    def _remove(self, connection: sqlite3.Connection, ids: Sequence[str]) -> Gone:
        gone = Gone()
        for id in ids:
            row = connection.execute(
                "SELECT kind, sha256 FROM files WHERE user = ? AND id = ?", (self._user, id)
            ).fetchone()
            if row is None:
                continue
            kind, sha256 = row
            if kind == "picture":
                gone.pictures.append(vector_key(id, sha256))
                gone.contents.append(sha256)
            else:
                gone.passages += [
                    key
                    for (key,) in connection.execute(
                        "SELECT id FROM passages WHERE user = ? AND file = ?", (self._user, id)
                    )
                ]
            connection.execute("DELETE FROM files WHERE user = ? AND id = ?", (self._user, id))
        lexical.drop(connection, "picture", self._user, [of_file(key) for key in gone.pictures])
        lexical.drop(connection, "passage", self._user, gone.passages)
        if gone.pictures or gone.passages:
            lexical.scrub(connection)
        return gone

    def _without_living(self, connection: sqlite3.Connection, gone: Gone) -> Gone:
        """Of what was removed, what was not put back in the same transaction and is not used by other files."""

        def value(sql: str, *values: str) -> str | None:
            row = connection.execute(sql, (self._user, *values)).fetchone()
            return None if row is None else str(row[0])

        def picture_lives(key: str) -> bool:
            sha256 = value("SELECT sha256 FROM files WHERE user = ? AND id = ?", of_file(key))
            return sha256 is not None and vector_key(of_file(key), sha256) == key

        passage = "SELECT id FROM passages WHERE user = ? AND id = ?"
        content = "SELECT id FROM files WHERE user = ? AND sha256 = ? AND kind = 'picture'"
        return Gone(
            [key for key in gone.pictures if not picture_lives(key)],
            [key for key in gone.passages if value(passage, key) is None],
            [sha256 for sha256 in gone.contents if value(content, sha256) is None],
        )
