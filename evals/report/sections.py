"""The parts of a page: tables, plots and samples of one run, and of two against each other."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evals.metrics.confusion import Confusion
from evals.report import findings, plots, wording
from evals.report.cards import Card, Cards
from evals.report.contents import SHOWN, Compared, Examined, Report
from evals.report.findings import Part
from evals.report.spoiling import Spoilt

HEAT = 5
"""Shades of a confusion matrix, as in the style sheet."""


@dataclass(frozen=True)
class Cell:
    """A table's cell."""

    text: str
    css: str = ""


@dataclass(frozen=True)
class Line:
    """A table's row."""

    name: str
    cells: Sequence[Cell]
    css: str = ""


@dataclass(frozen=True)
class Table:
    """A table; `heads` are those of its columns."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Line]
    css: str


@dataclass(frozen=True)
class Figure:
    """A plot as SVG, and its title."""

    title: str
    plot: str


@dataclass(frozen=True)
class Choice:
    """Some samples, and why they are shown."""

    title: str
    samples: Sequence[Card]


@dataclass(frozen=True)
class Section:
    """What is said of one run."""

    label: str
    heading: str
    headline: str
    findings: Sequence[Table | Figure]
    choices: Sequence[Choice]


@dataclass(frozen=True)
class Comparison:
    """What is said of two."""

    title: str
    verdict: str
    samples: Sequence[Card]


def section(run: Examined, cards: Cards) -> Section:
    """One run in detail."""
    choices = {
        "The worst": findings.worst(run.samples, SHOWN),
        "Some at random": findings.at_random(run.samples, SHOWN),
    }
    return Section(
        run.label,
        f"{run.label} in detail" if run.label else "In detail",
        run.headline,
        list(_findings(run)),
        [Choice(title, [cards.card(run, one) for one in chosen]) for title, chosen in choices.items() if chosen],
    )


def comparison(compared: Compared, cards: Cards) -> Comparison:
    """Two runs, with the samples that changed most."""
    labels = compared.first.label, compared.second.label
    samples = [cards.pair(labels, pair) for pair in compared.changed[:SHOWN]]
    return Comparison(f"{labels[1]}: {compared.second.name}", compared.verdict, samples)


def score_plots(report: Report) -> Iterator[Figure]:
    """One plot of all metrics that are shares, one for each other metric."""
    shares: list[plots.Dot] = []
    for name in report.metrics:
        rows = [_dot(run, name) for run in report.runs if name in run.metrics]
        if wording.of_one(name):
            shares += rows
            continue
        most = _ceiling(max(max([row.value.high, *row.marks.values()]) for row in rows))
        yield Figure(name, plots.dots(rows, f"{name} with intervals and baselines", name, most))
    if shares:
        title = "Scores with intervals and baselines"
        yield Figure(title, plots.dots(shares, title, "share"))


def _dot(run: Examined, name: str) -> plots.Dot:
    marks = {baseline: values[name] for baseline, values in run.baselines.items() if name in values}
    return plots.Dot(wording.joined([wording.metric(name), run.label]), run.metrics[name], marks)


def _ceiling(value: float) -> float:
    """A round number that is not lower, and not 0."""
    step = 10.0 ** math.floor(math.log10(value)) if value > 0 else 1.0
    return max(math.ceil(value / step) * step, step)


def _findings(run: Examined) -> Iterator[Table | Figure]:
    for name, found in run.parts.items():
        yield _parts_table(name, run.score_name, found)
        title = f"{run.score_name} by {name}"
        rows = [plots.Dot(f"{part.label} ({part.n:,})", part.value) for part in found]
        yield Figure(title, plots.dots(rows, title, run.score_name))
    if run.faults:
        yield Table(
            "What went wrong", ["fault", "times"], [Line(k, [Cell(f"{n:,}")]) for k, n in run.faults.items()], ""
        )
    for part in run.spoilt:
        yield _left(part, run.score_name)
    if matrix := findings.confusion(run.records):
        yield _matrix(matrix)
    if findings.graded(run.samples):
        scores = [sample.score for sample in run.samples if sample.score is not None]
        title = f"How {run.score_name} is spread"
        bars = findings.bars(scores, 1.0)
        yield Figure(title, plots.bars(bars, title, run.score_name, wording.percent))
    if curve := findings.curve(run.samples):
        title = "How far confidence can be trusted"
        yield Figure(title, plots.reliability(findings.reliability(run.samples), title))
        title = "Errors among the surest answers"
        yield Figure(title, plots.risk_coverage(curve, title))
    seconds = [record.seconds for record in run.records]
    title = "Seconds an answer"
    bars = findings.bars(seconds, _ceiling(max(seconds)))
    yield Figure(title, plots.bars(bars, title, "seconds", "{:.3g}".format))


def _parts_table(name: str, score: str, found: Sequence[Part]) -> Table:
    rows = [Line(part.label, [Cell(f"{part.n:,}"), Cell(wording.with_interval(score, part.value))]) for part in found]
    return Table(f"By {name}", [name, "samples", score], rows, "numbers")


def _left(part: Spoilt, score: str) -> Table:
    rows = []
    for kind, values in part.kinds.items():
        shown = [values.get(level) for level in part.levels]
        cells = [
            Cell(wording.with_interval("retained", value), _heat(value.value)) if value else Cell("") for value in shown
        ]
        rows.append(Line(kind, cells))
    heads = [part.title, *map(str, part.levels)]
    return Table(f"What is left of {score}, as a share of the clean score", heads, rows, "matrix")


def _heat(share: float) -> str:
    return f"heat{math.ceil(HEAT * min(max(share, 0.0), 1.0))}"


def _matrix(found: Confusion) -> Table:
    rows = []
    for label, counts in zip(found.expected, found.counts, strict=True):
        whole = sum(counts)
        cells = [Cell(f"{n:,}", _heat(n / whole)) for n in counts]
        rows.append(Line(label, cells))
    return Table("Expected answers down, given answers across", ["expected", *found.given], rows, "matrix")
