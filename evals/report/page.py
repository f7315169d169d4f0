"""A report as one HTML file that needs nothing else: styles, script, plots and pictures are inside.

What models, pictures and data said is untrusted. The template escapes all of it, the script sets it as text, and the
file's own content policy lets no other script run and nothing be fetched.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from evals.records import Header, Record
from evals.report import findings
from evals.report.cards import Card, Cards, result
from evals.report.contents import SHOWN, Report
from evals.report.pictures import pictures_of
from evals.report.sections import Cell, Line, comparison, score_plots, section

HERE = Path(__file__).parent


def as_html(report: Report) -> str:
    """The page. Pictures are read from where the data lie, as far as they are still there."""
    pictures = pictures_of(list(_by_interest(report)))
    cards = Cards(pictures)
    several = len(report.runs) > 1
    heads = [run.label for run in report.runs] if several else ["value"]
    style, script = ((HERE / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    rows = [cards.row(run, sample) for run in report.runs for sample in run.samples]
    return _template().render(
        policy=_policy(style, script),
        style=style,
        script=script,
        samples=_embedded(rows),
        pictures=_embedded(cards.uris),
        report=report,
        runs=[section(run, cards) for run in report.runs],
        notes=list(dict.fromkeys(note for run in report.runs for note in run.notes)),
        score_heads=["metric", *heads],
        score_rows=[Line(r.name, [Cell(text) for text in r.cells], "minor" if r.minor else "") for r in report.scores],
        score_plots=list(score_plots(report)),
        fact_heads=["", *heads] if several else [],
        fact_rows=[
            Line(r.name, [Cell(text) for text in r.cells], "differs" if r.differs else "") for r in report.facts
        ],
        comparisons=[comparison(compared, cards) for compared in report.comparisons],
        filters=_filters(report),
        missing=pictures.sentence,
        blank=Card(),
    )


def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("page.html.jinja")


def _policy(style: str, script: str) -> str:
    """Only our own style sheet and script, told by their digests, and only pictures that are inside."""

    def digest(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    return (
        f"default-src 'none'; img-src data:; style-src {digest(style)}; script-src {digest(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _embedded(value: Any) -> str:
    """JSON that no text in it can end: it holds no `<`."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _by_interest(report: Report) -> Iterator[tuple[Header, Sequence[Record]]]:
    """The samples that are shown for a reason, then all others: where there are too many pictures, the last go."""
    for compared in report.comparisons:
        yield compared.first.header, [one for one, _ in compared.changed[:SHOWN]]
    for run in report.runs:
        chosen = findings.worst(run.samples, SHOWN) + findings.at_random(run.samples, SHOWN)
        yield run.header, [sample.record for sample in chosen]
    for run in report.runs:
        yield run.header, run.records


def _filters(report: Report) -> list[dict[str, Any]]:
    """Those that part the samples."""
    samples = [sample for run in report.runs for sample in run.samples]
    options = {
        ("run", "Run"): [run.label for run in report.runs],
        ("result", "Result"): sorted({result(sample) for sample in samples}),
        ("kind", "Kind"): sorted({sample.record.kind for sample in samples} - {""}),
        ("lang", "Language"): sorted({sample.record.lang for sample in samples}),
    }
    return [{"name": name, "title": title, "options": each} for (name, title), each in options.items() if len(each) > 1]
