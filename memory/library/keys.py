"""What files, folders and vectors are called inside the library."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_ID_CHARS = 32
_CONTENT_CHARS = 16


def file_id(path: Path | str) -> str:
    """The id of a file: the same for a path, whatever the file holds."""
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:_ID_CHARS]


def folder_key(folder: Path | str) -> str:
    """A folder as it stands beside vectors."""
    return file_id(folder)


def vector_key(id: str, sha256: str) -> str:  # noqa: A002
    """The key of a picture's vector. It changes with the content: a key never stands for an outdated vector."""
    return f"{id}.{sha256[:_CONTENT_CHARS]}"


def passage_id(id: str, sha256: str, number: int) -> str:  # noqa: A002
    """The id of a passage and the key of its vector; likewise."""
    return f"{id}.{sha256[:_CONTENT_CHARS]}.{number}"


def of_file(key: str) -> str:
    """The id of the file that a vector's key belongs to."""
    return key.split(".", 1)[0]
