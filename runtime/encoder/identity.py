"""Names for what a model is made of: two folders with the same files have the same digest."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

SUFFIXES = (".json", ".model", ".safetensors")
NAMES = ("merges.txt", "vocab.txt")


def digest_of(folder: Path) -> str:
    """16 hexadecimal digits that change with any configuration, tokenizer or weights below the folder.

    A file is read again only when its size or its time of modification has changed.
    """
    whole = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file() and (file.suffix in SUFFIXES or file.name in NAMES):
            stat = file.stat()
            content = _content(file, stat.st_size, stat.st_mtime_ns)
            whole.update(f"{file.relative_to(folder).as_posix()}\n{content}\n".encode())
    return whole.hexdigest()[:16]


def identity(source: str, folder: Path) -> str:
    """The id of a model in this folder: what the hub calls it and the revision, or the digest of its files."""
    if source == "pocket" or Path(source).is_dir():
        return f"{'pocket' if source == 'pocket' else 'local'}@{digest_of(folder)}"
    return f"{source}@{folder.name[:12]}"


@lru_cache(maxsize=256)
def _content(file: Path, size: int, modified: int) -> str:  # noqa: ARG001  the last two say when it is another file
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
