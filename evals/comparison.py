"""Two runs of one task on the same samples: is one better, and where do they differ."""

from __future__ import annotations

from dataclasses import dataclass

from evals.records import Record, Run
from evals.statistics import mcnemar_exact, paired_bootstrap
from runtime.errors import BadData


@dataclass(frozen=True)
class Comparison:
    """The second run less the first, over the samples that both have.

    Attributes:
        n: how many those are.
        difference: of the mean scores, with its 95 % interval, clustered by picture.
        p: by an exact McNemar test where all scores are 0 or 1, by the paired bootstrap otherwise; `test` says which.
        changed: the samples whose scores differ, as pairs of records.
    """

    n: int
    first: float
    second: float
    difference: float
    low: float
    high: float
    p: float
    test: str
    changed: list[tuple[Record, Record]]


def compare(first: Run, second: Run) -> Comparison:
    """Compare two runs.

    Raises:
        BadData: they are of different tasks, share no sample, or have no scores by sample.
    """
    one, two = first.header(), second.header()
    if (one.task, one.data) != (two.task, two.data):
        raise BadData(f"{one.run} and {two.run} cannot be compared: their task or their data differ.")
    others = {record.id: record for record in second.records()}
    pairs = [(record, others[record.id]) for record in first.records() if record.id in others]
    scored = [(a, b) for a, b in pairs if a.score is not None and b.score is not None]
    if not scored:
        raise BadData(f"{one.run} and {two.run} share no sample with a score of its own.")
    a, b = [float(x.score or 0) for x, _ in scored], [float(y.score or 0) for _, y in scored]
    difference, low, high, p = paired_bootstrap(b, a, [x.group for x, _ in scored], 0)
    binary = {*a, *b} <= {0.0, 1.0}
    if binary:
        p = mcnemar_exact([value == 1 for value in a], [value == 1 for value in b])
    return Comparison(
        n=len(scored),
        first=sum(a) / len(a),
        second=sum(b) / len(b),
        difference=difference,
        low=low,
        high=high,
        p=p,
        test="exact McNemar" if binary else "paired bootstrap",
        changed=[(x, y) for x, y in scored if x.score != y.score],
    )
