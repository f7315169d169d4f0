# ruff: noqa: A001 - an id is called id
"""The three places that an indexed file stands in, kept in step: its vectors, its rows, its thumbnail."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from memory.library.keys import folder_key, of_file, vector_key
from memory.library.vectors import About

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from memory.library.records import Passage, Picture
    from memory.library.rows import FileRow, Gone, Rows
    from memory.library.thumbnails import Thumbnails
    from memory.library.vectors import Kind, Vectors

_KINDS: tuple[Kind, ...] = ("picture", "passage")


class Keeper:
    """Writes vectors before rows and removes rows before vectors: a row always has its vector.

    One change at a time, from whatever thread. Every method may raise what its three places raise: DiskFull,
    LibraryDamaged and SetupError.

    Attributes:
        rows: what is known.
    """

    def __init__(self, rows: Rows, vectors: Vectors, thumbnails: Thumbnails) -> None:
        self.rows = rows
        self._vectors = vectors
        self._thumbnails = thumbnails
        self._changing = threading.Lock()

    def begin(self, kind: Kind, encoder: str, *, again: bool) -> None:
        """Make ready for vectors of an encoder; those of another one, or with `again` all of this kind, are dropped."""
        with self._changing:
            if again or self.rows.encoder(kind) != encoder or self._vectors.encoder(kind) != encoder:
                self._vectors.create(kind, encoder)
                self.rows.set_encoder(kind, encoder)

    def lost(self) -> set[str]:
        """Ids of files that lack vectors; vectors and thumbnails that no row knows are swept."""
        lost: set[str] = set()
        with self._changing:
            for kind in _KINDS:
                there, known = self._vectors.keys(kind), self.rows.keys(kind)
                self._vectors.delete(kind, there - known)
                lost |= {of_file(key) for key in known - there}
            self._thumbnails.sweep(self.rows.contents())
        return lost

    def put_pictures(self, pictures: Sequence[tuple[FileRow, Picture]], vectors: NDArray[np.float32]) -> None:
        """Keep pictures, in place of what was known of their paths."""
        keys = [vector_key(file.id, file.sha256) for file, _ in pictures]
        about = [About(folder_key(file.path.parent), file.moment) for file, _ in pictures]
        with self._changing:
            self._vectors.put("picture", keys, vectors, about)
            self._discard(self.rows.put_pictures(pictures))

    def put_document(self, file: FileRow, passages: Sequence[Passage], vectors: NDArray[np.float32]) -> None:
        """Keep a document, likewise."""
        about = [About(folder_key(file.path.parent), file.moment)] * len(passages)
        with self._changing:
            self._vectors.put("passage", [passage.id for passage in passages], vectors, about)
            self._discard(self.rows.put_document(file, passages))

    def remove(self, ids: Sequence[str]) -> None:
        """Forget files; the files themselves are not touched."""
        if ids:
            with self._changing:
                self._discard(self.rows.remove(ids))

    def below(self, paths: Iterable[Path]) -> set[str]:
        """Ids of the indexed files in folders or below them, or of these files themselves."""
        return {id for path in paths for id in self.rows.below(path)}

    def _discard(self, gone: Gone) -> None:
        self._vectors.delete("picture", gone.pictures)
        self._vectors.delete("passage", gone.passages)
        self._thumbnails.remove(gone.contents)
