"""Stated confidences mended: a curve from what was stated to how often that was right, fitted on answers known."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

EDGE = 1e-6
"""Confidences are kept this far from 0 and 1, whose log-odds are infinite."""

ROUNDS, ENOUGH = 100, 1e-10
"""Most Newton steps, and the slope of the loss at which they end."""


class Curve(ABC):
    """From stated to mended confidences; `to_json` is all that another program needs to do the same."""

    @abstractmethod
    def __call__(self, confidences: ArrayLike) -> Floats:
        """Mend confidences; never changes which of two is the higher, though it may make them equal."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """The method's name and its parameters."""


@dataclass(frozen=True)
class Logistic(Curve):
    """`1 / (1 + exp(-(slope * log(c / (1 - c)) + bias)))`: a temperature of 1 / slope, and a shift.

    A temperature alone could bring no confidence from above one half to below it.
    """

    slope: float
    bias: float

    def __call__(self, confidences: ArrayLike) -> Floats:
        """See `Curve`."""
        return _chance(self.slope * _odds(confidences) + self.bias)

    def to_json(self) -> dict[str, Any]:
        """See `Curve`."""
        return {"method": "logistic", "slope": self.slope, "bias": self.bias}


@dataclass(frozen=True)
class Isotonic(Curve):
    """Straight lines between points `(confidence, value)`, level beyond the first and the last."""

    confidence: tuple[float, ...]
    value: tuple[float, ...]

    def __call__(self, confidences: ArrayLike) -> Floats:
        """See `Curve`."""
        return np.interp(np.asarray(confidences, np.float64), self.confidence, self.value)

    def to_json(self) -> dict[str, Any]:
        """See `Curve`."""
        return {"method": "isotonic", "confidence": list(self.confidence), "value": list(self.value)}


def fit_logistic(confidences: ArrayLike, correct: ArrayLike) -> Logistic:
    """The likeliest curve, by Newton's method; targets are drawn in a little (Platt 1999), so there always is one.

    A slope below 0 would turn the order around: it becomes 0, and every confidence the share of right answers.
    """
    odds, right = _odds(confidences), np.asarray(correct, bool)
    hits, misses = int(right.sum()), int((~right).sum())
    target = np.where(right, (hits + 1) / (hits + 2), 1 / (misses + 2))
    rows = np.stack([odds, np.ones_like(odds)], 1)
    point = np.zeros(2)
    for _ in range(ROUNDS):
        chance = _chance(rows @ point)
        slope = rows.T @ (chance - target)
        if np.abs(slope).max() < ENOUGH * len(odds):
            break
        curvature = (rows * (chance * (1 - chance))[:, None]).T @ rows
        step = np.linalg.solve(curvature + EDGE * np.eye(2), slope)
        while _loss(rows @ (point - step), target) > _loss(rows @ point, target):
            step = step / 2
        point = point - step
    if point[0] < 0:
        return Logistic(0.0, float(_odds(target.mean())))
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


def _odds(confidences: ArrayLike) -> Floats:
    """Log-odds."""
    chance = np.asarray(confidences, np.float64).clip(EDGE, 1 - EDGE)
    odds: Floats = np.log(chance / (1 - chance))
    return odds


def _chance(odds: Floats) -> Floats:
    """The inverse of `_odds`, without overflow."""
    return 0.5 * (1 + np.tanh(odds / 2))


def _loss(odds: Floats, target: Floats) -> float:
    """The negative log-likelihood."""
    return float(np.sum(np.logaddexp(0, odds) - target * odds))
