"""Samples, 95 % intervals and paired tests: what a difference between two numbers is worth.

Everything random takes a seed and repeats exactly. Bootstraps resample clusters (images), not items: the questions
about one picture succeed and fail together. `clusters` names each item's cluster; ValueError is raised if there is
no item or sequences differ in length.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]
Floats = NDArray[np.float64]

DRAWS_AT_ONCE = 1_000_000
ROUNDING = 1e-12  # scores such as 0.3 and 0.9 sum to 0 only up to this


class PairedDifference(NamedTuple):
    """mean(a) - mean(b), its 95 % interval, and the two-sided p of there being no difference."""

    difference: float
    low: float
    high: float
    p: float


class Ratio(NamedTuple):
    """mean(a) / mean(b), and its 95 % interval."""

    value: float
    low: float
    high: float


def stratified_sample(ids: Sequence[str], strata: Sequence[str], limit: int, seed: int) -> list[str]:
    """`limit` of the ids in proportion to their strata (largest remainders), in their given order; all if fewer.

    Which ids are drawn follows from hashes of seed and id: neither the order of the file nor a library's version
    changes it. Raises ValueError for a negative limit or sequences that differ in length.
    """
    if limit < 0:
        raise ValueError(f"a sample of {limit} items")
    members: dict[str, list[int]] = defaultdict(list)
    for index, (_, stratum) in enumerate(zip(ids, strata, strict=True)):
        members[stratum].append(index)
    quotas = _quotas({stratum: len(indices) for stratum, indices in members.items()}, limit, seed)
    chosen: list[int] = []
    for stratum, indices in members.items():
        chosen += sorted(indices, key=lambda index: _rank(seed, ids[index]))[: quotas[stratum]]
    return [ids[index] for index in sorted(chosen)]


def bootstrap_interval(
    values: Sequence[float], clusters: Sequence[str], seed: int, rounds: int = 2000
) -> tuple[float, float]:
    """95 % percentile interval of the mean of `values`, resampling whole clusters."""
    return _percentiles(_resampled_means(np.asarray(values, np.float64), clusters, seed, rounds))


def bootstrap_corpus(
    statistic: Callable[[Indices], float], clusters: Sequence[str], seed: int, rounds: int = 2000
) -> tuple[float, float]:
    """95 % percentile interval of any statistic of items, resampling whole clusters.

    `clusters` names the cluster of each item; `statistic` gets the indices of a resample's items, repeats included,
    once a round. Of the mean it gives what `bootstrap_interval` gives with the same seed, more slowly.
    """
    group, sizes = _grouped(clusters, len(clusters))
    items, starts = np.argsort(group, kind="stable"), np.cumsum(sizes) - sizes
    draws = (row for block in _draws(len(sizes), seed, rounds) for row in block)
    return _percentiles(np.array([statistic(items[_runs(starts[row], sizes[row])]) for row in draws]))


def mcnemar_exact(a: Sequence[bool], b: Sequence[bool]) -> float:
    """Two-sided p of McNemar's exact test for two runs over the same items: that neither is right more often."""
    only_a = sum(one and not other for one, other in zip(a, b, strict=True))
    only_b = sum(other and not one for one, other in zip(a, b, strict=True))
    total = only_a + only_b
    term = tail = 1
    for hits in range(min(only_a, only_b)):
        term = term * (total - hits) // (hits + 1)
        tail += term
    return min(1.0, 2 * tail / (1 << total))


def paired_bootstrap(
    a: Sequence[float], b: Sequence[float], clusters: Sequence[str], seed: int, rounds: int = 2000
) -> PairedDifference:
    """Compare two runs over the same items by resampling clusters of their differences.

    p is twice the smaller share of resamples on either side of 0, each side counting one resample more than was seen:
    it is never 0, and never below 2 / (rounds + 1).
    """
    differences = np.array([one - other for one, other in zip(a, b, strict=True)], np.float64)
    means = _resampled_means(differences, clusters, seed, rounds)
    smaller = min(int((means <= ROUNDING).sum()), int((means >= -ROUNDING).sum()))
    return PairedDifference(float(differences.mean()), *_percentiles(means), min(1.0, 2 * (smaller + 1) / (rounds + 1)))


def paired_ratio(
    a: Sequence[float], b: Sequence[float], clusters: Sequence[str], seed: int, rounds: int = 2000
) -> Ratio:
    """What is left of the mean of `b` in that of `a`, two runs over the same items, resampling clusters of both.

    Where `b` is 0 throughout, as in some resamples of few items, there was nothing to keep, and the ratio is 0.
    """
    group, sizes = _grouped(clusters, len(a))
    above, below = (np.bincount(group, weights=np.asarray(each, np.float64)) for each in (a, b))
    draws = [(above[rows].sum(1), below[rows].sum(1)) for rows in _draws(len(sizes), seed, rounds)]
    ratios = np.concatenate([_divided(*each) for each in draws])
    return Ratio(float(_divided(above.sum(), below.sum())), *_percentiles(ratios))


def _divided(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.zeros_like(above), where=below != 0)


def _rank(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed}:{name}".encode()).digest()


def _quotas(sizes: dict[str, int], limit: int, seed: int) -> Counter[str]:
    """How many of each stratum; equal remainders go by hash, so that no stratum is favoured by its name."""
    total = sum(sizes.values())
    limit = min(limit, total)
    quotas = Counter({stratum: limit * size // total for stratum, size in sizes.items()})
    order = sorted(sizes, key=lambda stratum: (-(limit * sizes[stratum] % total), _rank(seed, stratum)))
    quotas.update(order[: limit - quotas.total()])
    return quotas


def _grouped(clusters: Sequence[str], items: int) -> tuple[Indices, Indices]:
    """The cluster number of each item, and how many items each cluster has."""
    if items == 0 or len(clusters) != items:
        raise ValueError(f"{items} items in {len(clusters)} places")
    _, group, sizes = np.unique(np.asarray(clusters), return_inverse=True, return_counts=True)
    return group, sizes


def _draws(clusters: int, seed: int, rounds: int) -> Iterator[Indices]:
    """Blocks of rounds, each a row of as many cluster numbers as there are clusters; bounded in memory."""
    random = np.random.default_rng(seed)
    at_once = max(1, DRAWS_AT_ONCE // clusters)
    for start in range(0, rounds, at_once):
        yield random.integers(clusters, size=(min(at_once, rounds - start), clusters))


def _runs(starts: Indices, lengths: Indices) -> Indices:
    """start, start + 1, … of each run, one run after the other."""
    ends = np.cumsum(lengths)
    places: Indices = np.arange(ends[-1]) + np.repeat(starts - (ends - lengths), lengths)
    return places


def _resampled_means(values: Floats, clusters: Sequence[str], seed: int, rounds: int) -> Floats:
    group, sizes = _grouped(clusters, len(values))
    sums = np.bincount(group, weights=values)
    return np.concatenate([sums[rows].sum(1) / sizes[rows].sum(1) for rows in _draws(len(sizes), seed, rounds)])


def _percentiles(statistics: Floats) -> tuple[float, float]:
    low, high = np.quantile(statistics, (0.025, 0.975))
    return float(low), float(high)
