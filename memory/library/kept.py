"""All that the library keeps of a user, thing by thing: what an erasure takes, and what must be left of the rest."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from memory.library.keys import vector_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memory.library.store import Store
    from memory.library.vectors import Vectors

_PICTURES = "SELECT id, path, sha256, caption, text, entry FROM files JOIN pictures USING (user, id) WHERE user = ?"
_PASSAGES = """SELECT passages.id, heading, text, path FROM passages
    JOIN files ON files.user = passages.user AND files.id = passages.file WHERE passages.user = ?"""


@dataclass(frozen=True, slots=True)
class Kept:
    """A picture or a passage.

    Attributes:
        sha256: of the picture's own file; empty for a passage.
        texts: its words, and the name of its file.
        thumbnail: where the picture's likeness is, or would be.
        vectors: the bytes of its vector, in each form in which the store may hold it.
    """

    sha256: str
    texts: tuple[str, ...]
    thumbnail: Path | None
    vectors: tuple[bytes, ...]


def kept(store: Store, vectors: Vectors, thumbnails: Path, user: str) -> Iterator[Kept]:
    """What is kept of a user, whose likenesses are in that folder."""
    with store.reading() as connection:
        pictures = connection.execute(_PICTURES, (user,)).fetchall()
        passages = connection.execute(_PASSAGES, (user,)).fetchall()
    held = vectors.bytes_of(user)
    for name, path, sha256, *words in pictures:
        texts = (*words, Path(os.fsdecode(path)).name)
        place = thumbnails / sha256[:2] / f"{sha256}.jpg"
        yield Kept(sha256, texts, place, held.get(vector_key(name, sha256), ()))
    for name, heading, text, path in passages:
        yield Kept("", (heading, text, Path(os.fsdecode(path)).name), None, held.get(name, ()))


def logged(folder: Path) -> dict[str, bytes]:
    """The vectors in the log of Chroma's store by their keys, as they were handed in and are not normalised."""
    database = folder / "chroma.sqlite3"
    if not database.exists():
        return {}
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        return dict(connection.execute("SELECT id, vector FROM embeddings_queue WHERE vector IS NOT NULL").fetchall())
