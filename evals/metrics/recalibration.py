"""Stated confidences mended: a curve from what was stated to how often that was right, fitted on answers known."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from runtime.confidence import EDGE, Floats, Isotonic, Logistic, chance, odds

ROUNDS, ENOUGH = 100, 1e-10
"""Most Newton steps, and the slope of the loss at which they end."""


def fit_logistic(confidences: ArrayLike, correct: ArrayLike) -> Logistic:
    """The likeliest curve, by Newton's method; targets are drawn in a little (Platt 1999), so there always is one.

    A slope below 0 would turn the order around: it becomes 0, and every confidence the share of right answers.
    """
    stated, right = odds(confidences), np.asarray(correct, bool)
    hits, misses = int(right.sum()), int((~right).sum())
    target = np.where(right, (hits + 1) / (hits + 2), 1 / (misses + 2))
    rows = np.stack([stated, np.ones_like(stated)], 1)
    point = np.zeros(2)
    for _ in range(ROUNDS):
        chances = chance(rows @ point)
        slope = rows.T @ (chances - target)
        if np.abs(slope).max() < ENOUGH * len(stated):
            break
        curvature = (rows * (chances * (1 - chances))[:, None]).T @ rows
        step = np.linalg.solve(curvature + EDGE * np.eye(2), slope)
        while _loss(rows @ (point - step), target) > _loss(rows @ point, target):
            step = step / 2
        point = point - step
    if point[0] < 0:
        return Logistic(0.0, float(odds(target.mean())))
    return Logistic(float(point[0]), float(point[1]))


def fit_isotonic(confidences: ArrayLike, correct: ArrayLike) -> Isotonic:
    """The rising steps nearest to the answers (pool adjacent violators), as a line through each step's ends."""
    stated, place, sizes = np.unique(np.asarray(confidences, np.float64), return_inverse=True, return_counts=True)
    blocks: list[tuple[float, float, int]] = []  # sum of right answers, answers, distinct confidences
    for hits, size in zip(np.bincount(place, weights=np.asarray(correct, np.float64)), sizes, strict=True):
        block = (float(hits), float(size), 1)
        while blocks and blocks[-1][0] * block[1] >= block[0] * blocks[-1][1]:
            before = blocks.pop()
            block = (before[0] + block[0], before[1] + block[1], before[2] + block[2])
        blocks.append(block)
    values = [hits / size for hits, size, count in blocks for _ in range(count)]
    ends = np.cumsum([0, *(count for *_, count in blocks)])
    kept = sorted({int(at) for start, end in pairwise(ends) for at in (start, end - 1)})
    return Isotonic(tuple(float(stated[at]) for at in kept), tuple(values[at] for at in kept))


FITS = {"logistic": fit_logistic, "isotonic": fit_isotonic}


def _loss(odds: Floats, target: Floats) -> float:
    """The negative log-likelihood."""
    return float(np.sum(np.logaddexp(0, odds) - target * odds))
