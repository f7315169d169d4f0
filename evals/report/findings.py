"""What records say beyond the summary: by kind, by confidence, by expected answer, and which of them to look at."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from evals.metrics.calibration import RiskCoverage, risk_coverage
from evals.metrics.captions import corpus_scores
from evals.metrics.confusion import NEITHER, NOTHING, Confusion, expected_and_given, tabulated
from evals.records import Record
from evals.summary import RIGHT, SEED, Value, interval

MOST_PARTS = 30
"""Kinds that are listed; the largest come first."""

MOST_LABELS = 16
"""Answers that a confusion matrix takes."""

BINS = 10


@dataclass(frozen=True)
class Scored:
    """A record with the score that it is ordered by: its own, else ROUGE-L where only the whole run is scored."""

    record: Record
    score: float | None


@dataclass(frozen=True)
class Part:
    """Some of the samples, and their mean score."""

    label: str
    n: int
    value: Value


@dataclass(frozen=True)
class Bin:
    """Answers of about the same confidence, and how many of them were right."""

    low: float
    high: float
    n: int
    confidence: float
    right: float


@dataclass(frozen=True)
class Bar:
    """How many values lie from `low` to `high`."""

    low: float
    high: float
    n: int


def scored(task: str, records: Sequence[Record]) -> list[Scored]:
    """Each record with its score."""
    scores = [record.score for record in records]
    if task == "caption" and records:
        outputs, references = [record.output for record in records], [record.references for record in records]
        scores = [float(score) for score in corpus_scores(outputs, references).per_image["rouge_l"]]
    return [Scored(record, score) for record, score in zip(records, scores, strict=True)]


def parts(samples: Sequence[Scored], key: Callable[[Record], str]) -> list[Part]:
    """The samples parted by a property, the largest part first; nothing where all have the same."""
    found: dict[str, list[Scored]] = {}
    for sample in samples:
        if sample.score is not None:
            found.setdefault(key(sample.record), []).append(sample)
    if len(found) < 2:
        return []
    largest = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))[:MOST_PARTS]
    return [Part(label, len(members), _mean(members)) for label, members in largest]


def _mean(samples: Sequence[Scored]) -> Value:
    values = [sample.score or 0.0 for sample in samples]
    return Value(float(np.mean(values)), *interval(values, [sample.record.group for sample in samples]))


def confusion(records: Sequence[Record]) -> Confusion | None:
    """Expected against given answers, where each is one of a few and right or wrong; None elsewhere."""
    if not all(record.score in (0.0, 1.0) and record.references and not record.details for record in records):
        return None
    pairs = [expected_and_given(r.parsed, r.references, right=r.score == 1) for r in records]
    expected = {wanted for wanted, _ in pairs}
    if not 2 <= len(expected) <= MOST_LABELS or 2 * len(expected) > len(pairs):
        return None
    known = {*expected, *(other for record in records for other in record.references), NOTHING}
    return tabulated([(wanted, said if said in known else NEITHER) for wanted, said in pairs])


def judged(samples: Sequence[Scored]) -> tuple[list[float], list[bool]]:
    """The confidences that were stated, and whether each answer was right."""
    stated = [(s.record.confidence, s.record.score) for s in samples]
    kept = [(sure, score) for sure, score in stated if sure is not None and score is not None]
    return [sure for sure, _ in kept], [score >= RIGHT for _, score in kept]


def reliability(samples: Sequence[Scored]) -> list[Bin]:
    """Answers by stated confidence, in bins of equal width; empty bins are left out."""
    stated, right = map(np.asarray, judged(samples))
    edges = np.linspace(0.0, 1.0, BINS + 1)
    place = np.searchsorted(edges[1:-1], stated, side="left")
    return [
        Bin(
            float(edges[i]), float(edges[i + 1]), int(here.sum()), float(stated[here].mean()), float(right[here].mean())
        )
        for i in range(BINS)
        if (here := place == i).any()
    ]


def curve(samples: Sequence[Scored]) -> RiskCoverage | None:
    """The error rate among the surest answers; None where no confidence was stated."""
    stated, right = judged(samples)
    return risk_coverage(stated, right) if stated else None


def graded(samples: Sequence[Scored]) -> bool:
    """Whether some scores lie between 0 and 1."""
    return any(sample.score not in (None, 0.0, 1.0) for sample in samples)


def bars(values: Sequence[float], most: float) -> list[Bar]:
    """How many values fall into each of `BINS` equal parts of 0 to `most`; all are expected to lie there."""
    counts, edges = np.histogram(values, bins=BINS, range=(0.0, most))
    return [Bar(float(edges[i]), float(edges[i + 1]), int(counts[i])) for i in range(BINS)]


def worst(samples: Sequence[Scored], count: int) -> list[Scored]:
    """The lowest scores below 1; among equals the surest answer first, as the one that misleads most."""
    low = [sample for sample in samples if sample.score is not None and sample.score < 1]
    return sorted(low, key=lambda s: (s.score or 0.0, -(s.record.confidence or 0.0)))[:count]


def at_random(samples: Sequence[Scored], count: int) -> list[Scored]:
    """Some samples, in the run's order, the same at every call."""
    places = random.Random(SEED).sample(range(len(samples)), min(count, len(samples)))  # noqa: S311
    return [samples[place] for place in sorted(places)]
