"""The numbers of a run: each metric with a 95 % interval, beside its baselines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.formats import Sample
from evals.metrics.calibration import ece, risk_coverage
from evals.metrics.captions import bleu, corpus_scores
from evals.metrics.yesno import presence_scores
from evals.records import Record
from evals.statistics import Indices, bootstrap_corpus, bootstrap_interval
from evals.tasks import ANNOTATORS, Task, majority, question_only

SEED = 0
RIGHT = 0.5
"""A score from which an answer counts as right, where confidence is judged."""

BLEU_ROUNDS = 100
"""Resamples for a BLEU interval, which scores the whole corpus each time; other intervals take more."""


@dataclass(frozen=True)
class Value:
    """A number with its 95 % interval, clustered by picture."""

    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, float]:
        """Rounded to what is worth comparing."""
        return {name: round(number, 6) for name, number in vars(self).items()}


@dataclass
class Summary:
    """What `--json` prints."""

    task: str
    run: str
    n: int
    errors: int = 0
    unparsed: int = 0
    metrics: dict[str, Value] = field(default_factory=dict)
    baselines: dict[str, dict[str, float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return vars(self) | {"metrics": {name: value.to_json() for name, value in self.metrics.items()}}


def summarise(task: Task, run: str, records: Sequence[Record], samples: Sequence[Sample]) -> Summary:
    """Everything from the records alone; the samples are needed for the baselines."""
    summary = Summary(task.name, run, len(records))
    summary.errors = sum(bool(record.error) for record in records)
    summary.unparsed = sum(record.parsed is None for record in records)
    if not records:
        return summary
    if task.metric:
        _scores(task, summary, records)
        _baselines(task, summary, samples)
    if task.name == "caption":
        _captions(summary, records)
    if task.name == "presence":
        _presence(summary, records)
    judged = [r for r in records if r.confidence is not None and r.score is not None]
    if judged:
        confidences = np.array([record.confidence for record in judged])
        right = np.array([(record.score or 0.0) >= RIGHT for record in judged])
        measures = {"ece": ece, "aurc": lambda sure, true: risk_coverage(sure, true).aurc}
        for name, measure in measures.items():
            summary.metrics[name] = _over(judged, _Judged(measure, confidences, right))
    return summary


def _scores(task: Task, summary: Summary, records: Sequence[Record]) -> None:
    name = task.metric
    if name == "vqa_accuracy" and min(len(record.references) for record in records) < ANNOTATORS:
        name = "accuracy"
    for suffix, rows in _by_language(records).items():
        values = [record.score or 0.0 for record in rows]
        low, high = bootstrap_interval(values, [record.group for record in rows], SEED)
        summary.metrics[name + suffix] = Value(float(np.mean(values)), low, high)


def _by_language(records: Sequence[Record]) -> dict[str, list[Record]]:
    languages = sorted({record.lang for record in records})
    groups = {"": list(records)}
    if len(languages) > 1:
        groups |= {f"_{lang}": [record for record in records if record.lang == lang] for lang in languages}
    return groups


def _baselines(task: Task, summary: Summary, samples: Sequence[Sample]) -> None:
    """Scores of those who do not look: the commonest answer, and the commonest answer to the same question."""
    guessers: dict[str, Callable[[Sequence[Sample]], dict[str, str]]] = {"majority": majority}
    if task.name in ("vqa", "presence"):
        guessers["question_only"] = question_only
    for name, guess in guessers.items():
        guesses = guess(samples)
        scores = [task.score(task.parse(guesses[sample.id], sample), sample) or 0.0 for sample in samples]
        summary.baselines[name] = {next(iter(summary.metrics)): round(float(np.mean(scores)), 6)}


def _captions(summary: Summary, records: Sequence[Record]) -> None:
    outputs, references = [r.output for r in records], [r.references for r in records]
    groups = [record.group for record in records]
    whole = corpus_scores(outputs, references)
    summary.notes += whole.notes
    resamples = _Bleu(outputs, references)
    for name, value in whole.values.items():
        if name in whole.per_image:
            low, high = bootstrap_interval(whole.per_image[name], groups, SEED)
        else:
            low, high = bootstrap_corpus(partial(resamples.order, name), groups, SEED, rounds=BLEU_ROUNDS)
        summary.metrics[name] = Value(value, low, high)
    others = [references[(i + 1) % len(references)][0] for i in range(len(references))]
    summary.baselines["other_picture"] = {k: round(v, 6) for k, v in corpus_scores(others, references).values.items()}


@dataclass(frozen=True)
class _Judged:
    """A measure of confidences against what was right, over a resample."""

    measure: Callable[[Sequence[float], Sequence[bool]], float]
    confidences: NDArray[np.float64]
    right: NDArray[np.bool_]

    def __call__(self, rows: Indices) -> float:
        return self.measure(self.confidences[rows].tolist(), self.right[rows].tolist())


class _Bleu:
    """BLEU of resamples; the four orders share one scoring of each resample, since their draws are the same."""

    def __init__(self, outputs: Sequence[str], references: Sequence[Sequence[str]]) -> None:
        self._outputs, self._references = outputs, references
        self._known: dict[bytes, dict[str, float]] = {}

    def order(self, name: str, rows: Indices) -> float:
        """BLEU of that order over the rows."""
        key = rows.tobytes()
        if key not in self._known:
            self._known[key] = bleu([self._outputs[i] for i in rows], [self._references[i] for i in rows])
        return self._known[key][name]


def _presence(summary: Summary, records: Sequence[Record]) -> None:
    predicted = [None if r.parsed is None else r.parsed == "yes" for r in records]
    truth = [r.references[0] == "yes" for r in records]
    for name in ("precision", "recall", "f1", "yes_rate"):
        summary.metrics[name] = _over(records, _Presence(name, predicted, truth))


@dataclass(frozen=True)
class _Presence:
    """One of the presence scores over a resample."""

    name: str
    predicted: Sequence[bool | None]
    truth: Sequence[bool]

    def __call__(self, rows: Indices) -> float:
        return presence_scores([self.predicted[i] for i in rows], [self.truth[i] for i in rows])[self.name]


def _over(records: Sequence[Record], statistic: Callable[[Indices], float]) -> Value:
    low, high = bootstrap_corpus(statistic, [record.group for record in records], SEED, rounds=500)
    return Value(float(statistic(np.arange(len(records)))), low, high)
