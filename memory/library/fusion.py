"""One ranking out of several: by their places, or by their scores."""

from __future__ import annotations

from statistics import fmean, pstdev
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WORDS_WEIGHT = 0.2
"""What one point of BM25 counts, in standard deviations of the cosines."""


def fuse(*rankings: Sequence[str], k: int = 60) -> list[tuple[str, float]]:
    """Reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009): best first, with the fused score.

    An id's score is the sum of 1 / (k + rank) over the rankings that hold it, with ranks from 1. An id that stands
    twice in one ranking counts where it stands first. Equal scores keep the order in which the ids are first met,
    the first ranking first.
    """
    scores: dict[str, float] = {}
    for ranking in rankings:
        for rank, id_ in enumerate(dict.fromkeys(ranking), 1):
            scores[id_] = scores.get(id_, 0.0) + 1 / (k + rank)
    return sorted(scores.items(), key=lambda item: -item[1])


def blend(cosines: Mapping[str, float], words: Mapping[str, float]) -> list[tuple[str, float]]:
    """The sum of both scores (Bruch, Gai and Ingber, TOIS 2023): best first, with it.

    Ranks forget by how much one text is nearer than the next, and a question in other words than the answer's has many
    texts that share a word or two with it by accident. So BM25, a sum over words, counts as it is, and cosines, whose
    spread is another one for each encoder, in standard deviations from their mean.

    Args:
        cosines: by id; what has none counts as if it had the mean.
        words: BM25 by id, of those that hold any of the words.
    """
    mean = fmean(cosines.values()) if cosines else 0.0
    spread = pstdev(cosines.values()) or 1.0 if cosines else 1.0
    scores = {id_: (cosine - mean) / spread for id_, cosine in cosines.items()}
    for id_, word_score in words.items():
        scores[id_] = scores.get(id_, 0.0) + WORDS_WEIGHT * word_score
    return sorted(scores.items(), key=lambda item: -item[1])
