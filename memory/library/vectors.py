"""The vectors of one user, in Chroma: one collection a kind, cosine, no text and no picture in it.

A vector is a thing that can be made again: the rows in SQLite say what is indexed, and a key that no row knows is
ignored by searches and swept by the next indexing. Chroma's folder belongs to one process at a time, which the lock on
the data directory sees to; `memory.library.places` can put the vectors on a server instead.
"""

from __future__ import annotations

import hashlib
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast
from weakref import WeakSet, WeakValueDictionary

import numpy as np
from httpx import TransportError

from memory.library.places import Server
from runtime.errors import DiskFull, LibraryDamaged, VistalkError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

    from chromadb.api import ClientAPI
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from chromadb.api.models.Collection import Collection
    from chromadb.api.types import Where
    from numpy.typing import NDArray

    from memory.library.places import Place

Kind = Literal["picture", "passage"]

HNSW: CreateHNSWConfiguration = {"space": "cosine", "max_neighbors": 16, "ef_construction": 100, "ef_search": 100}
"""How the nearest are looked for; `memory.library.measure` shows what these come to."""

_AT_ONCE = 1000  # keys in one request: SQLite, which Chroma asks, bounds the values of one statement


@dataclass(frozen=True, slots=True)
class About:
    """What stands beside a vector, for filters: a digest of its file's folder, and a moment in seconds since 1970."""

    folder: str
    moment: float


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A filter as the vectors know it; None leaves that side open."""

    folders: Sequence[str] | None = None
    since: float | None = None
    until: float | None = None

    def where(self) -> Where | None:
        """In Chroma's terms; None when nothing is narrowed."""
        terms: list[Any] = []
        if self.folders is not None:
            terms.append({"folder": {"$in": list(self.folders)}})
        if self.since is not None:
            terms.append({"moment": {"$gte": self.since}})
        if self.until is not None:
            terms.append({"moment": {"$lt": self.until}})
        if not terms:
            return None
        return cast("Where", terms[0] if len(terms) == 1 else {"$and": terms})


class _Store:
    """A place of Chroma's as this process has it open, once for all users.

    Attributes:
        lock: held in every use, since `Vectors.rebuild` puts another store in the place of this one.
        client: None until it is needed, and again after it was put away.
        users: the `Vectors` that have used it and were not closed.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.lock = threading.RLock()
        self.client: ClientAPI | None = None
        self.users: WeakSet[Vectors] = WeakSet()

    def opened(self) -> ClientAPI:
        """Its client."""
        if self.client is None:
            self.client = self.place.open()
        return self.client

    def close(self) -> None:
        """Let it go; nothing happens where it is not open."""
        client, self.client = self.client, None
        if client is not None:
            self.place.close(client)


_stores: WeakValueDictionary[Hashable, _Store] = WeakValueDictionary()
_finding = threading.Lock()


def _store_of(place: Place) -> _Store:
    with _finding:
        store = _stores.get(place.key)
        if store is None:
            store = _stores[place.key] = _Store(place)
        return store


class Vectors:
    """One user's vectors in a store that several users may share. Nothing is opened before it is needed.

    Every method may be called from several threads, and raises:
        LibraryDamaged: the store cannot be opened, read or written.
        SetupError: it is on a server that does not answer.
        DiskFull: nothing more could be written.

    Args:
        place: the store; made when it is not there.
        user: whose vectors; no other user's can be reached.
    """

    def __init__(self, place: Place, user: str) -> None:
        self._store = _store_of(place)
        self._user = _name_of(user)

    def encoder(self, kind: Kind) -> str | None:
        """Id of the encoder that made this kind's vectors; None when there are none."""
        collection = self._collection(kind)
        return None if collection is None else str((collection.metadata or {}).get("encoder", ""))

    def create(self, kind: Kind, encoder: str) -> None:
        """Begin this kind anew, for the vectors of an encoder; all that there were are gone."""
        self.drop(kind)
        with self._errors_named():
            self._open().create_collection(
                self._name(kind),
                configuration={"hnsw": HNSW},
                metadata={"encoder": encoder},
                embedding_function=None,
            )

    def drop(self, kind: Kind) -> None:
        """Remove all vectors of a kind."""
        with self._errors_named():
            if self._collection(kind) is not None:
                self._open().delete_collection(self._name(kind))

    def put(self, kind: Kind, keys: Sequence[str], vectors: NDArray[np.float32], about: Sequence[About]) -> None:
        """Keep vectors under keys, in place of those that the keys had. The kind must have been created."""
        with self._errors_named():
            collection = self._held(kind)
            for at in range(0, len(keys), _AT_ONCE):
                part = slice(at, at + _AT_ONCE)
                collection.upsert(
                    ids=list(keys[part]),
                    embeddings=vectors[part],
                    metadatas=[{"folder": each.folder, "moment": each.moment} for each in about[part]],
                )

    def delete(self, kind: Kind, keys: Iterable[str]) -> None:
        """Remove vectors; keys that are not there are passed over."""
        gone = list(keys)
        with self._errors_named():
            collection = self._collection(kind)
            for at in range(0, len(gone) if collection else 0, _AT_ONCE):
                collection.delete(ids=gone[at : at + _AT_ONCE])  # type: ignore[union-attr]

    def keys(self, kind: Kind) -> set[str]:
        """All keys of a kind."""
        with self._errors_named():
            collection = self._collection(kind)
            return set() if collection is None else set(collection.get(include=[])["ids"])

    def nearest(
        self, kind: Kind, vectors: NDArray[np.float32], top: int, narrowed: Narrowed | None = None
    ) -> list[list[tuple[str, float]]]:
        """For each of (n, dimension) vectors the keys nearest to it with their cosines, nearest first."""
        with self._errors_named():
            collection = self._collection(kind)
            if collection is None or not len(vectors):
                return [[] for _ in vectors]
            found = collection.query(
                query_embeddings=vectors,
                n_results=top,
                where=None if narrowed is None else narrowed.where(),
                include=["distances"],
            )
            distances = found["distances"] or []
            return [
                [(key, 1.0 - distance) for key, distance in zip(*row, strict=True)]
                for row in zip(found["ids"], distances, strict=True)
            ]

    def vectors(self, kind: Kind, keys: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The vectors of those keys that are there."""
        with self._errors_named():
            collection = self._collection(kind)
            if collection is None or not keys:
                return {}
            found = collection.get(ids=list(keys), include=["embeddings"])
            return dict(zip(found["ids"], np.asarray(found["embeddings"], dtype=np.float32), strict=True))

    def bytes_of(self, user: str) -> dict[str, tuple[bytes, ...]]:
        """The vectors of a user by their keys, as float32: as the index has them, and as they stand in its log."""
        held: dict[str, tuple[bytes, ...]] = {}
        with self._errors_named():
            log = self._store.place.logged()
            for collection in self._open().list_collections():
                if collection.name.endswith(f"-{_name_of(user)}"):
                    found = collection.get(include=["embeddings"])
                    vectors = np.asarray(found["embeddings"], dtype=np.float32)
                    for key, vector in zip(found["ids"], vectors, strict=True):
                        held[key] = (vector.tobytes(), *([log[key]] if key in log else []))
        return held

    @property
    def unseen(self) -> str:
        """The address of the server that has them, whose bytes nobody here can look through; else empty."""
        return self._store.place.unseen

    def rebuild(self) -> None:
        """Take the last traces of removed vectors, anybody's, out of the store, by writing it anew without them."""
        with self._errors_named():
            client, self._store.client = self._open(), None
            self._store.place.rebuild(client, HNSW)

    def drop_user(self, user: str) -> None:
        """Remove all vectors of a user; `rebuild` takes their last traces."""
        with self._errors_named():
            for collection in self._open().list_collections():
                if collection.name.endswith(f"-{_name_of(user)}"):
                    self._open().delete_collection(collection.name)

    def remove(self) -> None:
        """Remove the store, with the vectors of all users; the next use makes an empty one."""
        with self._errors_named():
            self._store.close()
            self._store.place.remove()

    def close(self) -> None:
        """Let the store go, which closes it where no other user has it; a second call does nothing."""
        with self._store.lock:
            self._store.users.discard(self)
            if not self._store.users:
                self._store.close()

    def _open(self) -> ClientAPI:
        self._store.users.add(self)
        return self._store.opened()

    def _collection(self, kind: Kind) -> Collection | None:
        with self._errors_named():
            from chromadb.errors import NotFoundError

            try:
                return self._open().get_collection(self._name(kind), embedding_function=None)
            except NotFoundError:
                return None

    def _held(self, kind: Kind) -> Collection:
        collection = self._collection(kind)
        if collection is None:
            raise LibraryDamaged
        return collection

    def _name(self, kind: Kind) -> str:
        return f"{kind}-{self._user}"

    @contextmanager
    def _errors_named(self) -> Iterator[None]:
        try:
            with self._store.lock:
                yield
        except VistalkError:
            raise
        except Exception as error:  # Chroma's own classes, and what its native part throws
            if "disk is full" in str(error) or "No space left" in str(error):
                raise DiskFull from error
            if isinstance(error, TransportError) and isinstance(self._store.place, Server):
                raise self._store.place.lost(error) from error
            raise LibraryDamaged(f"The library's vectors cannot be read or written: {error}.") from error


def _name_of(user: str) -> str:
    """A user as the store's names allow it."""
    return hashlib.sha256(user.encode()).hexdigest()[:32]
