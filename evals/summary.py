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
from evals.metrics.confusion import Confusion
from evals.metrics.yesno import presence_counts, presence_of
from evals.records import Record
from evals.statistics import Floats, Indices, bootstrap_corpus, bootstrap_interval, paired_ratio
from evals.tasks import ANNOTATORS, Findings, Mark, Task, majority, question_only
from runtime.errors import BadData

SEED = 0
RIGHT = 0.5
"""A score from which an answer counts as right, where confidence is judged."""


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
    """What `--json` prints. `skipped` samples were not asked, and count nowhere else."""

    task: str
    run: str
    n: int
    skipped: int = 0
    errors: int = 0
    unparsed: int = 0
    metrics: dict[str, Value] = field(default_factory=dict)
    baselines: dict[str, dict[str, float]] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    confusion: dict[str, Confusion] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return vars(self) | {
            "metrics": {name: value.to_json() for name, value in self.metrics.items()},
            "confusion": {lang: vars(matrix) for lang, matrix in self.confusion.items()},
        }


def asked(task: Task, records: Sequence[Record]) -> list[Record]:
    """The records of what was asked: where each sample has a score, one without was skipped."""
    return [record for record in records if record.score is not None or not task.metric]


def summarise(task: Task, run: str, kept: Sequence[Record], samples: Sequence[Sample]) -> Summary:
    """Everything from the records alone; the samples are needed for the baselines.

    Raises:
        BadData: every sample was skipped.
    """
    records = asked(task, kept)
    if kept and not records:
        raise BadData(
            f"None of the {len(kept)} samples can be asked here: what they want does not exist.",
            hint="Choose other data, or a preset that can do it.",
        )
    summary = Summary(task.name, run, len(records), skipped=len(kept) - len(records))
    summary.errors = sum(bool(record.error) for record in records)
    summary.unparsed = sum(record.parsed is None for record in records)
    if not records:
        return summary
    if task.metric:
        _scores(task, summary, records)
    if task.script:
        _findings(summary, task.script.findings(kept, samples))
    elif task.search:
        _findings(summary, task.search.findings(records))
    elif task.metric:
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
    _means(summary, name, [Mark(record.score or 0.0, record.group, record.lang) for record in records])


def _means(summary: Summary, name: str, marks: Sequence[Mark]) -> None:
    """The mean of the marks, and of those of each language where there are several."""
    for part, members in _by_language(name, marks).items():
        values = [mark.value for mark in members]
        summary.metrics[part] = Value(float(np.mean(values)), *interval(values, [mark.group for mark in members]))


def _middles(summary: Summary, name: str, marks: Sequence[Mark]) -> None:
    """The median of the marks, and of those of each language where there are several."""
    for part, members in _by_language(name, marks).items():
        values = np.array([mark.value for mark in members])
        low, high = bootstrap_corpus(partial(_median, values), [mark.group for mark in members], SEED, rounds=500)
        summary.metrics[part] = Value(float(np.median(values)), low, high)


def _median(values: Floats, rows: Indices) -> float:
    return float(np.median(values[rows]))


def _by_language(name: str, marks: Sequence[Mark]) -> dict[str, list[Mark]]:
    """All the marks under the name, and where they are of several languages, those of each."""
    languages = sorted({mark.lang for mark in marks})
    parts = {name: list(marks)}
    if len(languages) > 1:
        parts |= {f"{name}_{lang}": [mark for mark in marks if mark.lang == lang] for lang in languages}
    return parts


def interval(values: Sequence[float], groups: Sequence[str]) -> tuple[float, float]:
    """By resampling; where all values are 0 or all are 1, which resampling takes for certain, the exact binomial one.

    That is as wide as if each group were one sample (Clopper and Pearson 1934): 0 of 15 may still be 22 %.
    """
    doubt = 1 - 0.025 ** (1 / len(set(groups)))
    if set(values) == {0.0}:
        return 0.0, doubt
    if set(values) == {1.0}:
        return 1 - doubt, 1.0
    return bootstrap_interval(values, groups, SEED)


def _findings(summary: Summary, found: Findings) -> None:
    for name, marks in found.means.items():
        if marks:
            _means(summary, name, marks)
    for name, marks in found.medians.items():
        if marks:
            _middles(summary, name, marks)
    for name, (kept, whole) in found.retained.items():
        values, of = [mark.value for mark in kept], [mark.value for mark in whole]
        summary.metrics[name] = Value(*paired_ratio(values, of, [mark.group for mark in kept], SEED))
    summary.baselines = {who: dict(means) for who, means in found.baselines.items() if means}
    summary.faults = dict(sorted(found.faults.items()))
    summary.confusion = dict(found.confusion)
    summary.notes += found.notes


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
    for name, value in whole.values.items():
        if name in whole.per_image:
            low, high = bootstrap_interval(whole.per_image[name], groups, SEED)
        else:
            low, high = bootstrap_corpus(_OfTotals(whole.bleu_counts, partial(bleu, order=int(name[-1]))), groups, SEED)
        summary.metrics[name] = Value(value, low, high)
    others = [references[(i + 1) % len(references)][0] for i in range(len(references))]
    summary.baselines["other_picture"] = {k: round(v, 6) for k, v in corpus_scores(others, references).values.items()}


@dataclass(frozen=True)
class _Judged:
    """A measure of confidences against what was right, over a resample."""

    measure: Callable[[Floats, NDArray[np.bool_]], float]
    confidences: Floats
    right: NDArray[np.bool_]

    def __call__(self, rows: Indices) -> float:
        return self.measure(self.confidences[rows], self.right[rows])


@dataclass(frozen=True)
class _OfTotals:
    """A statistic of what rows of counts add up to over a resample; to count its rows first is quicker."""

    counts: Floats
    statistic: Callable[[Floats], float]

    def __call__(self, rows: Indices) -> float:
        return self.statistic(np.bincount(rows, minlength=len(self.counts)) @ self.counts)


def _presence(summary: Summary, records: Sequence[Record]) -> None:
    predicted = [None if r.parsed is None else r.parsed == "yes" for r in records]
    counts = presence_counts(predicted, [r.references[0] == "yes" for r in records])
    for name in ("precision", "recall", "f1", "yes_rate"):
        summary.metrics[name] = _over(records, _OfTotals(counts, partial(_one_of, name)))


def _one_of(name: str, totals: Floats) -> float:
    return presence_of(totals)[name]


def _over(records: Sequence[Record], statistic: Callable[[Indices], float]) -> Value:
    low, high = bootstrap_corpus(statistic, [record.group for record in records], SEED, rounds=500)
    return Value(float(statistic(np.arange(len(records)))), low, high)
