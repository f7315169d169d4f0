"""How far stated confidences can be trusted: calibration error and the risk-coverage curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RiskCoverage:
    """The error rate (`risk`) among the most confident share (`coverage`) of answers, one point an answer.

    `aurc` is the area under the curve, the mean risk: lower is better, and constant 0 means no error at all.
    """

    coverage: Floats
    risk: Floats
    aurc: float


def ece(confidences: ArrayLike, correct: ArrayLike, bins: int = 15) -> float:
    """Expected calibration error: |accuracy - mean confidence| of equal-width bins, weighted by their answers.

    A bin holds its upper edge, and the first one holds 0 as well. Raises ValueError as `risk_coverage` does.
    """
    stated, right = _arrays(confidences, correct)
    inner_edges = np.linspace(0.0, 1.0, bins + 1)[1:-1]
    place = np.searchsorted(inner_edges, stated, side="left")
    gaps = np.bincount(place, weights=right - stated, minlength=bins)
    return float(np.abs(gaps).sum() / len(stated))


def risk_coverage(confidences: ArrayLike, correct: ArrayLike) -> RiskCoverage:
    """The curve from the most confident answer alone to all answers.

    Answers of equal confidence come in no order, so each counts as their mean error: the curve is what a random order
    among them gives on average. Raises ValueError if there is no answer, the sequences differ in length or
    a confidence is outside [0, 1].
    """
    stated, right = _arrays(confidences, correct)
    _, group, sizes = np.unique(-stated, return_inverse=True, return_counts=True)
    errors = np.bincount(group, weights=1.0 - right) / sizes
    answered = np.arange(1, len(stated) + 1)
    risk = np.cumsum(np.repeat(errors, sizes)) / answered
    return RiskCoverage(answered / len(stated), risk, float(risk.mean()))


def _arrays(confidences: ArrayLike, correct: ArrayLike) -> tuple[Floats, Floats]:
    stated, right = np.asarray(confidences, np.float64), np.asarray(correct, np.float64)
    if len(stated) == 0 or len(stated) != len(right):
        raise ValueError(f"{len(stated)} confidences for {len(right)} answers")
    if not np.all((stated >= 0) & (stated <= 1)):
        raise ValueError("a confidence lies between 0 and 1")
    return stated, right
