"""What a bench gives: named values, each with the limit that it is held to."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Measure:
    """One number. `sense` says whether `limit` is the least or the most that it may be; no limit: for information."""

    name: str
    value: float
    unit: str
    sense: Literal["least", "most", ""] = ""
    limit: float | None = None
    note: str = ""

    @property
    def passed(self) -> bool:
        """Within its limit."""
        if self.limit is None:
            return True
        return self.value >= self.limit if self.sense == "least" else self.value <= self.limit

    def to_json(self) -> dict[str, Any]:
        """Plain values, with the verdict."""
        return {**asdict(self), "passed": self.passed}


def median(values: Sequence[float]) -> float:
    """The middle value: robust against a disturbed run."""
    return statistics.median(values)
