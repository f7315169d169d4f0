"""Looking for many fragments at once in many bytes, in a time that hardly depends on how many they are.

The first eight bytes of each fragment are hashed into a table of bits. Every place of the data is looked up there,
eight bytes as one number; what the table lets pass is compared in full.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from memory.files import disk_errors_named

if TYPE_CHECKING:
    from numpy.typing import NDArray

KEY = 8
"""Bytes of the shortest fragment that can be looked for."""

_BITS = 22
_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio: Knuth's multiplicative hashing
_AT_ONCE = 16_000_000  # bytes of a file


class Scanner:
    """Looks for fragments, none of them under `KEY` bytes."""

    def __init__(self, fragments: Collection[bytes]) -> None:
        self._longest = max(map(len, fragments), default=KEY)
        self._by_key: dict[bytes, list[bytes]] = {}
        for fragment in fragments:
            self._by_key.setdefault(fragment[:KEY], []).append(fragment)
        self._table = np.zeros(2**_BITS, dtype=bool)
        self._table[_places(np.frombuffer(b"".join(self._by_key), dtype="<u8"))] = True

    def found_in(self, data: bytes) -> set[bytes]:
        """The fragments that stand in the data."""
        found: set[bytes] = set()
        for shift in range(KEY):
            numbers = (len(data) - shift) // KEY
            if not self._by_key or numbers <= 0:
                continue
            passing = self._table[_places(np.frombuffer(data, dtype="<u8", count=numbers, offset=shift))]
            for number in np.flatnonzero(passing):
                at = shift + KEY * int(number)
                for fragment in self._by_key.get(data[at : at + KEY], ()):
                    if data.startswith(fragment, at):
                        found.add(fragment)
        return found

    def found_in_file(self, path: Path) -> set[bytes]:
        """The fragments that stand in a file, which may be gone meanwhile.

        Raises:
            SetupError: it cannot be read.
        """
        found: set[bytes] = set()
        with disk_errors_named(path):
            try:
                with path.open("rb") as file:
                    tail = b""
                    while data := file.read(_AT_ONCE):
                        found |= self.found_in(tail + data)
                        tail = (tail + data)[-(self._longest - 1) :]
            except FileNotFoundError:
                pass
        return found


def files_below(root: Path, leaving_out: Collection[str]) -> Iterator[Path]:
    """All files below a folder, but for those in its subfolders of these names; links are not followed."""
    for folder, subfolders, names in os.walk(root):
        if Path(folder) == root:
            subfolders[:] = [name for name in subfolders if name not in leaving_out]
        for name in sorted(names):
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink():
                yield path


def _places(keys: NDArray[Any]) -> NDArray[np.uint64]:
    with np.errstate(over="ignore"):
        hashed: NDArray[np.uint64] = (keys * _FACTOR) >> np.uint64(64 - _BITS)
    return hashed
