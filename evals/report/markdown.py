"""A report as Markdown: the same numbers, without pictures and plots."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from evals.report import findings, wording
from evals.report.contents import SHOWN, Compared, Examined, Report, Row
from evals.report.findings import Scored
from evals.report.spoiling import Spoilt

SIGNS = re.compile(r"([\\`*{}\[\]<>#!|~$&@]|(?<![^\W_])_|_(?![^\W_]))")
LONGEST = 300
"""Characters of a text in a table."""


def as_markdown(report: Report) -> str:
    """The report; what models and data said stays text, whatever signs are in it."""
    return "\n".join(_lines(report)) + "\n"


def literal(text: str) -> str:
    """A text as one line that shows it as it is."""
    line = " ".join(text.split())
    if len(line) > LONGEST:
        line = line[:LONGEST] + " …"
    return SIGNS.sub(r"\\\1", line)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table; its cells are Markdown already."""
    yield f"| {' | '.join(heads)} |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _lines(report: Report) -> Iterator[str]:
    heads = [run.label for run in report.runs] if len(report.runs) > 1 else ["value"]
    yield from (f"# {literal(report.title)}", "")
    for run in report.runs:
        yield from (literal(wording.joined([run.label, run.headline])), "")
    yield from ("## Scores", "", "With 95 % intervals, clustered by picture; indented: its baselines.", "")
    yield from table(["metric", *heads], ([_name(row), *row.cells] for row in report.scores))
    for note in dict.fromkeys(note for run in report.runs for note in run.notes):
        yield from (literal(note), "")
    for compared in report.comparisons:
        yield from _compared(compared)
    for run in report.runs:
        yield from _run(run)
    yield from ("## What was run", "")
    yield from table(["", *heads], ([_name(row), *map(literal, row.cells)] for row in report.facts))


def _name(row: Row) -> str:
    return f"&nbsp;&nbsp;{literal(row.name)}" if row.minor else literal(row.name)


def _compared(compared: Compared) -> Iterator[str]:
    first, second = compared.first.label, compared.second.label
    yield from (f"## {first} and {second}", "", literal(compared.verdict), "")
    if compared.changed:
        rows = [
            [
                one.id,
                one.prompt,
                wording.references(one),
                _answer(one.output, one.score),
                _answer(two.output, two.score),
            ]
            for one, two in compared.changed[:SHOWN]
        ]
        yield from table(
            ["sample", "asked", "expected", first, second], ([literal(text) for text in row] for row in rows)
        )


def _answer(output: str, score: float | None) -> str:
    return output if score is None else f"{output} ({wording.percent(score)})"


def _run(run: Examined) -> Iterator[str]:
    yield from (f"## {run.label} in detail" if run.label else "## In detail", "")
    for name, found in run.parts.items():
        yield from table(
            [name, "samples", literal(run.score_name)],
            ([literal(p.label), f"{p.n:,}", wording.with_interval(run.score_name, p.value)] for p in found),
        )
    if run.faults:
        yield from table(["fault", "times"], ([literal(name), f"{n:,}"] for name, n in run.faults.items()))
    for part in run.spoilt:
        yield from (f"What is left of {literal(run.score_name)}, as a share of the clean score:", "")
        yield from table([part.title, *map(str, part.levels)], (_left(part, kind) for kind in part.kinds))
    if matrix := findings.confusion(run.records):
        yield from ("Expected answers down, given answers across:", "")
        rows = zip(matrix.expected, matrix.counts, strict=True)
        yield from table(["", *map(literal, matrix.given)], ([literal(label), *map(str, row)] for label, row in rows))
    if findings.curve(run.samples):
        yield from table(
            ["confidence", "samples", "mean confidence", "right"],
            (
                [
                    f"{wording.percent(b.low)} to {wording.percent(b.high)}",
                    f"{b.n:,}",
                    wording.percent(b.confidence),
                    wording.percent(b.right),
                ]
                for b in findings.reliability(run.samples)
            ),
        )
    for title, chosen in (
        ("The worst", findings.worst(run.samples, SHOWN)),
        ("Some at random", findings.at_random(run.samples, SHOWN)),
    ):
        if chosen:
            yield from (f"### {title}", "")
            yield from table(["sample", "asked", "answer", "expected", "score"], map(_sample, chosen))


def _left(part: Spoilt, kind: str) -> list[str]:
    values = [part.kinds[kind].get(level) for level in part.levels]
    return [literal(kind), *(wording.with_interval("retained", value) if value else "" for value in values)]


def _sample(sample: Scored) -> list[str]:
    record = sample.record
    score = "" if sample.score is None else wording.percent(sample.score)
    said = record.error or record.output
    return [literal(text) for text in (record.id, record.prompt, said, wording.references(record), score)]
