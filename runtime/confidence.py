"""Stated confidences mended: a curve from what a model states to how often that is right.

Curves are fitted by `evals.metrics.recalibration`; a model that has one keeps it in its folder, as `confidence.json`.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from runtime.errors import ModelCorrupt
from runtime.pocket.assemble import CURVE

Floats = NDArray[np.float64]

EDGE = 1e-6
"""Confidences are kept this far from 0 and 1, whose log-odds are infinite."""


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
        return chance(self.slope * odds(confidences) + self.bias)

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


def read_curve(folder: Path) -> Curve | None:
    """The curve of the model in a folder; None where it has none.

    Raises:
        ModelCorrupt: the file holds no curve.
    """
    file = folder / CURVE
    if not file.exists():
        return None
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if content["method"] == "logistic":
            return Logistic(float(content["slope"]), float(content["bias"]))
        return Isotonic(tuple(map(float, content["confidence"])), tuple(map(float, content["value"])))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelCorrupt(f"{file} holds no curve of confidences: {error}.") from error


def odds(confidences: ArrayLike) -> Floats:
    """Log-odds."""
    chances = np.asarray(confidences, np.float64).clip(EDGE, 1 - EDGE)
    of: Floats = np.log(chances / (1 - chances))
    return of


def chance(odds: Floats) -> Floats:
    """The inverse of `odds`, without overflow."""
    return 0.5 * (1 + np.tanh(odds / 2))
