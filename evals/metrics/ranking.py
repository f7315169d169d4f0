"""How well what is right was ranked, and how well chance would rank it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.floating]


def best_rank(scores: Scores, right: Sequence[int]) -> int:
    """The rank, from 1, of the best of the candidates that are right; a tie with a wrong one counts as lost.

    `scores` has one a candidate. So an encoder that gives everything the same vector comes last, not first.
    """
    wrong = np.ones(len(scores), bool)
    wrong[list(right)] = False
    return 1 + int((scores[wrong] >= scores[~wrong].max()).sum())


def first(scores: Scores, right: Sequence[int], count: int) -> list[int]:
    """The best candidates, best first, ordered as `best_rank` counts: among equals the wrong ones come first."""
    order = np.zeros(len(scores), bool)
    order[list(right)] = True
    return [int(place) for place in np.lexsort((order, -scores))[:count]]


def reciprocal(rank: int | None) -> float:
    """1 for the first place, 1/2 for the second; 0 for what was not found."""
    return 1 / rank if rank else 0.0


def within(rank: int | None, most: int) -> float:
    """1 where the rank is at most that, else 0: with several right ones that is recall in the sense of any hit."""
    return float(rank is not None and rank <= most)


def chance_within(candidates: int, right: int, most: int) -> float:
    """The chance that a random order has one of the right ones among its first `most`."""
    missed = 1.0
    for place in range(min(most, candidates)):
        missed *= max(0, candidates - right - place) / (candidates - place)
    return 1 - missed
