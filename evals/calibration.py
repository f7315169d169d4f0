"""Can the stated confidence be mended: a curve fitted on half of the pictures, judged on the other half."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from evals.metrics.calibration import ece, risk_coverage
from evals.metrics.recalibration import FITS
from evals.records import Run
from evals.report.findings import Bin, Scored, judged, reliability
from evals.statistics import Indices, bootstrap_corpus, stratified_sample
from evals.summary import SEED, Value
from runtime.confidence import Curve
from runtime.errors import BadData

FEWEST = 10
"""Answers in each half, below which nothing can be fitted or judged."""

SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Of answers given, where the risk is told."""


@dataclass(frozen=True)
class Side:
    """How far the confidences of the second half can be trusted, as stated or as mended.

    Attributes:
        ece: expected calibration error.
        aurc: area under the risk-coverage curve.
        bins: answers by confidence, and how many of them were right.
        risk: the error rate among the surest, for each of `SHARES`.
    """

    ece: Value
    aurc: Value
    bins: list[Bin]
    risk: list[float]


@dataclass(frozen=True)
class Calibration:
    """What was found: `curve` was fitted on `n_fit` answers, and the sides are of `n` others.

    `constant` is the expected calibration error of saying of every answer how often the first half was right: it is
    about 0 whatever the model, for such confidence is true and tells nothing.
    """

    runs: list[str]
    curve: Curve
    n_fit: int
    n: int
    stated: Side
    mended: Side
    constant: float

    @property
    def sides(self) -> dict[str, Side]:
        """By what is put after the names of metrics."""
        return {"": self.stated, "_calibrated": self.mended}

    @property
    def metrics(self) -> dict[str, Value]:
        """Both errors, as stated and as mended."""
        errors = {f"ece{suffix}": side.ece for suffix, side in self.sides.items()}
        return errors | {f"aurc{suffix}": side.aurc for suffix, side in self.sides.items()}

    def to_json(self) -> dict[str, Any]:
        """As a run's summary, with the curve under "fitted"."""
        bins = {f"ece{suffix}": [asdict(each) for each in side.bins] for suffix, side in self.sides.items()}
        risks = {f"aurc{suffix}": [round(each, 6) for each in side.risk] for suffix, side in self.sides.items()}
        return {
            "task": "calibration",
            "run": ", ".join(self.runs),
            "n": self.n,
            "metrics": {name: value.to_json() for name, value in self.metrics.items()},
            "baselines": {"constant": {"ece_calibrated": round(self.constant, 6)}},
            "fitted": {**self.curve.to_json(), "n": self.n_fit},
            "reliability": bins,
            "risk": {"answered": SHARES, **risks},
        }


def calibrate(runs: Sequence[Run], method: str, seed: int = 0) -> Calibration:
    """Fit on the answers about half of the pictures, drawn by the seed, and judge on those about the others.

    Several runs of one model count together. An answer is right from a score of one half.

    Raises:
        BadData: the runs are of different models, or hold too few scored answers with a confidence.
    """
    headers = [run.header() for run in runs]
    if len({(header.model, header.weights) for header in headers}) > 1:
        raise BadData("The runs are of different models, and each model has a calibration of its own.")
    samples = [
        Scored(record, record.score)
        for run in runs
        for record in run.records()
        if record.score is not None and record.confidence is not None
    ]
    groups = sorted({sample.record.group for sample in samples})
    places = [str(place) for place in range(len(groups))]  # not the groups' names: those are paths, which change
    first = {groups[int(place)] for place in stratified_sample(places, [""] * len(places), len(places) // 2, seed)}
    known = [sample for sample in samples if sample.record.group in first]
    held = [sample for sample in samples if sample.record.group not in first]
    if min(len(known), len(held)) < FEWEST:
        raise BadData(
            f"{len(known)} answers of one half and {len(held)} of the other have a confidence and a score.",
            hint=f"Calibration needs {FEWEST} of each: take a larger run, of a task such as vqa or statement.",
        )
    stated, right = judged(known)
    curve = FITS[method](stated, right)
    mended = [
        replace(sample, record=replace(sample.record, confidence=float(confidence)))
        for sample, confidence in zip(held, curve(judged(held)[0]), strict=True)
    ]
    share = float(np.mean(right))
    return Calibration(
        runs=[header.run for header in headers],
        curve=curve,
        n_fit=len(known),
        n=len(held),
        stated=_side(held),
        mended=_side(mended),
        constant=ece([share] * len(held), judged(held)[1]),
    )


def _side(samples: Sequence[Scored]) -> Side:
    stated, right = (np.array(each) for each in judged(samples))
    groups = [sample.record.group for sample in samples]
    risks = risk_coverage(stated, right).risk

    def error(rows: Indices) -> float:
        return ece(stated[rows], right[rows])

    def area(rows: Indices) -> float:
        return risk_coverage(stated[rows], right[rows]).aurc

    def over(measure: Callable[[Indices], float]) -> Value:
        return Value(measure(np.arange(len(samples))), *bootstrap_corpus(measure, groups, SEED, rounds=500))

    risk = [float(risks[max(0, round(share * len(risks)) - 1)]) for share in SHARES]
    return Side(over(error), over(area), reliability(samples), risk)
