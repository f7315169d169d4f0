"""The confusion matrices of stored runs, as Markdown for the README."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from evals.metrics.confusion import Confusion
from evals.records import Header
from evals.report import wording
from evals.report.markdown import literal, table
from evals.summary import Value

LANGUAGES = {"en": "English", "zh": "Chinese"}
SAID = {"recall_ask_user": "recall of `ask_user`", "precision_no_tool": "no-tool precision"}
"""What is told above a matrix besides accuracy, by metric."""

READING = (
    "Expected actions down, chosen ones across; of several that are right, the one chosen counts as expected. "
    "`answer` and `ask_user` use no tool."
)


def matrices(header: Header, summary: dict[str, Any]) -> Iterator[str]:
    """The lines about one run: a matrix for each language; none where the run has no matrices."""
    found = {lang: Confusion(**matrix) for lang, matrix in summary.get("confusion", {}).items()}
    if not found:
        return
    metrics = {name: Value(**value) for name, value in summary["metrics"].items()}
    told = f"{summary['n']:,} messages of {literal(header.source)}, planned by {literal(header.model)}"
    if seconds := metrics.get("median_seconds"):
        told += f", half of them within {wording.number('median_seconds', seconds.value)} s"
    yield from (f"{told}. {READING}", "")
    for note in summary["notes"]:
        yield from (literal(note), "")
    for lang, matrix in found.items():
        part = f"_{lang}" if len(found) > 1 else ""
        accuracy = wording.with_interval("accuracy", metrics[f"accuracy{part}"])
        majority = wording.number("accuracy", summary["baselines"]["majority"][f"accuracy{part}"])
        said = [f"accuracy {accuracy} (majority {majority})"]
        for name, words in SAID.items():
            if value := metrics.get(name + part):
                said.append(f"{words} {wording.with_interval(name, value)}")
        yield from (f"{literal(LANGUAGES.get(lang, lang))}, {matrix.n:,} messages: {', '.join(said)}.", "")
        yield from table(["", *map(literal, matrix.given), "**recall**"], _rows(matrix))


def _rows(matrix: Confusion) -> Iterator[list[str]]:
    for label, counts in zip(matrix.expected, matrix.counts, strict=True):
        yield [literal(label), *(str(n) if n else "" for n in counts), wording.number("recall", matrix.recall(label))]
    shares = [matrix.precision(label) if label in matrix.expected else None for label in matrix.given]
    yield ["**precision**", *("" if share is None else wording.number("precision", share) for share in shares), ""]
