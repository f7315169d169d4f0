# ruff: noqa: A001 - an id is called id
"""Finding pictures and passages: the nearest vectors, joined with their rows, fused with a ranking by words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from memory.library.fusion import blend, fuse
from memory.library.keys import of_file
from memory.library.records import PassageHit, PictureHit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from memory.library.records import Filters, Picture
    from memory.library.shelf import Shelf
    from memory.library.vectors import Kind, Vectors

_POOL = 100
"""How many of each ranking are fused."""
_SPARE = 32
"""Nearest vectors beyond those asked for: some may be of pictures that are being written or removed just now."""


@dataclass(frozen=True, slots=True)
class Finder:
    """Searches one user's library."""

    shelf: Shelf
    vectors: Vectors

    def pictures(self, vector: NDArray[np.float32], words: str, top: int, filters: Filters) -> list[PictureHit]:
        """The pictures nearest to a vector; with words, those whose own words match move up.

        Pictures without any words are not held back by that: their place by vector stands for the missing one.
        """
        near = self._near("picture", vector, max(top, _POOL if words else 0), filters)
        found = self.shelf.pictures_of([key for key, _ in near], filters)
        scores = {found[key].id: score for key, score in near if key in found}
        pictures = {picture.id: picture for picture in found.values()}
        if not words:
            return [PictureHit(pictures[id], scores[id]) for id in list(scores)[:top]]
        said = self._said(words, vector, filters, pictures, scores)
        by_vector = sorted(scores, key=scores.__getitem__, reverse=True)
        silent = [id for id in by_vector if not _has_words(pictures[id])]
        fused = dict(fuse(by_vector, said))
        for id in silent:
            fused[id] *= 2
        best = sorted(fused, key=fused.__getitem__, reverse=True)[:top]
        return [PictureHit(pictures[id], scores[id]) for id in best]

    def passages(self, words: str, vector: NDArray[np.float32], top: int, filters: Filters) -> list[PassageHit]:
        """The passages that are nearest and those that hold the words, by the sum of both scores."""
        near = dict(self._near("passage", vector, max(top, _POOL), filters))
        said = self.shelf.scored("passage", words, max(top, _POOL))
        passages = self.shelf.passages_of(list(near | said), filters)
        near, said = ({key: score for key, score in some.items() if key in passages} for some in (near, said))
        farther = self.vectors.vectors("passage", [key for key in said if key not in near])
        cosines = near | {key: float(far @ _row(vector)[0]) for key, far in farther.items()}
        places = [{key: rank for rank, key in enumerate(some, 1)} for some in (near, said)]
        return [
            PassageHit(passages[key], score, places[0].get(key), places[1].get(key))
            for key, score in blend(cosines, said)[:top]
        ]

    def _near(self, kind: Kind, vector: NDArray[np.float32], top: int, filters: Filters) -> list[tuple[str, float]]:
        narrowed = self.shelf.narrowed(filters)
        if narrowed is None or top < 1:
            return []
        return self.vectors.nearest(kind, _row(vector), top + _SPARE, narrowed)[0]

    def _said(
        self,
        words: str,
        vector: NDArray[np.float32],
        filters: Filters,
        pictures: dict[str, Picture],
        scores: dict[str, float],
    ) -> list[str]:
        """Ids of pictures whose words match, best first; those that are not among the near ones join them."""
        said = self.shelf.ranked("picture", words, _POOL)
        farther = self.shelf.pictures_of_ids([id for id in said if id not in pictures], filters)
        for key, far in self.vectors.vectors("picture", list(farther)).items():
            pictures[of_file(key)] = farther[key]
            scores[of_file(key)] = float(far @ _row(vector)[0])
        return [id for id in said if id in pictures]


def _has_words(picture: Picture) -> bool:
    return bool(picture.caption or picture.text or picture.entry)


def _row(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vector, dtype=np.float32).reshape(1, -1)
