"""Pictures that are the same, or nearly so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from memory.library.keys import vector_key
from memory.library.records import Filters

if TYPE_CHECKING:
    from memory.library.records import Picture
    from memory.library.shelf import Shelf
    from memory.library.vectors import Vectors

_AT_ONCE = 256
_NEIGHBOURS = 16
"""Enough to chain a larger group together, since each of its members names its own."""


def duplicates(shelf: Shelf, vectors: Vectors, threshold: float) -> list[list[Picture]]:
    """Groups of pictures whose files are equal, or whose cosine is at least `threshold`, directly or by way of others.

    The largest picture of a group comes first; the group with the newest picture comes first.
    """
    pictures = shelf.pictures(Filters())
    by_key = {vector_key(picture.id, picture.sha256): picture for picture in pictures}
    groups = _Groups()
    first: dict[str, str] = {}
    for picture in pictures:
        groups.join(first.setdefault(picture.sha256, picture.id), picture.id)
    keys = [key for key, picture in by_key.items() if first[picture.sha256] == picture.id]
    for at in range(0, len(keys), _AT_ONCE):
        held = vectors.vectors("picture", keys[at : at + _AT_ONCE])
        near = vectors.nearest("picture", np.array(list(held.values()), dtype=np.float32), _NEIGHBOURS)
        for key, row in zip(held, near, strict=True):
            for other, cosine in row:
                if cosine >= threshold and other in by_key:
                    groups.join(by_key[key].id, by_key[other].id)
    found: dict[str, list[Picture]] = {}
    for picture in pictures:
        found.setdefault(groups.head(picture.id), []).append(picture)
    return [
        sorted(group, key=lambda p: (-p.width * p.height, -p.bytes, p.path))
        for group in found.values()
        if len(group) > 1
    ]


class _Groups:
    """Disjoint sets (Tarjan 1975), with path halving."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}

    def head(self, member: str) -> str:
        parents = self._parents
        while (parent := parents.setdefault(member, member)) != member:
            parents[member] = member = parents.setdefault(parent, parent)
        return member

    def join(self, one: str, other: str) -> None:
        self._parents[self.head(one)] = self.head(other)
