"""Chroma's folder made anew out of what it still holds: it keeps the bytes of deleted vectors, in index and log.

The new folder is made beside the old one and takes its place by a rename, so that a process killed at any moment leaves
one whole folder, which `settle` finds.
"""

from __future__ import annotations

import shutil
import struct
from typing import TYPE_CHECKING

from memory.files import disk_errors_named

if TYPE_CHECKING:
    from pathlib import Path

    from chromadb.api import ClientAPI
    from chromadb.api.collection_configuration import CreateHNSWConfiguration

_AT_ONCE = 1000
_HEADER = struct.Struct("<i4Q")
"""How hnswlib's header begins: version, offset, places, places used, bytes of a place."""
_LENGTH = 4
"""Bytes that say how long the links of a place are."""


def client_of(folder: Path) -> ClientAPI:
    """Open a store; it is made where there is none.

    Raises:
        DiskFull, SetupError: the folder cannot be written.
    """
    import chromadb
    from chromadb.config import Settings

    with disk_errors_named(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return chromadb.PersistentClient(folder, Settings(anonymized_telemetry=False))


def rebuild(folder: Path, old: ClientAPI, hnsw: CreateHNSWConfiguration) -> None:
    """Put a new store in the place of one, with the vectors that it holds. `old` is its client, and is closed.

    Raises:
        DiskFull, SetupError: the folder cannot be written; the old store is still there.
    """
    fresh, stale = _beside(folder)
    new = client_of(fresh)
    try:
        for collection in old.list_collections():
            copy = new.create_collection(
                collection.name, configuration={"hnsw": hnsw}, metadata=collection.metadata, embedding_function=None
            )
            ids = collection.get(include=[])["ids"]
            for at in range(0, len(ids), _AT_ONCE):
                held = collection.get(ids=ids[at : at + _AT_ONCE], include=["embeddings", "metadatas"])
                copy.upsert(ids=held["ids"], embeddings=held["embeddings"], metadatas=held["metadatas"])
    finally:
        new.close()  # type: ignore[attr-defined]
        old.close()  # type: ignore[attr-defined]
    blank_unused(fresh)
    with disk_errors_named(folder):
        folder.rename(stale)
        fresh.rename(folder)
        shutil.rmtree(stale)


def remove(folder: Path) -> None:
    """Remove a store that nobody has open; nothing happens where there is none.

    Raises:
        DiskFull, SetupError: the folder cannot be written.
    """
    with disk_errors_named(folder):
        for place in (*_beside(folder), folder):
            if place.exists():
                shutil.rmtree(place)


def settle(folder: Path) -> None:
    """Finish or undo what a killed `rebuild` left, before the store is opened.

    Raises:
        DiskFull, SetupError: the folder cannot be written.
    """
    fresh, stale = _beside(folder)
    with disk_errors_named(folder):
        if stale.exists() and not folder.exists():
            fresh.rename(folder)
        for leftover in (fresh, stale):
            if leftover.exists():
                shutil.rmtree(leftover)


def blank_unused(folder: Path) -> None:
    """Fill with zeros those places of a closed store's indexes that no vector has yet.

    hnswlib writes them as it found them in memory, where they can hold anything that the process has let go of.

    Raises:
        DiskFull, SetupError: the folder cannot be written.
    """
    with disk_errors_named(folder):
        for header in folder.glob("*/header.bin"):
            _, _, most, used, size = _HEADER.unpack_from(header.read_bytes())
            for name, each in (("data_level0.bin", size), ("length.bin", _LENGTH)):
                place = header.with_name(name)
                if place.stat().st_size == most * each:
                    with place.open("r+b") as file:
                        file.seek(used * each)
                        file.write(bytes((most - used) * each))


def _beside(folder: Path) -> tuple[Path, Path]:
    """Where the new store is made, and where the old one is put out of the way."""
    return folder.with_name(f"{folder.name}.new"), folder.with_name(f"{folder.name}.old")
