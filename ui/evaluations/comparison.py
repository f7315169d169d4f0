"""Two evaluations on the same data, side by side: is one better, and which samples changed."""

from __future__ import annotations

import streamlit as st

from evals.comparison import Comparison
from evals.records import Record, Run
from evals.report import Report, build, wording
from evals.report.pictures import Pictures, pictures_of
from runtime.errors import BadData
from ui.faults import lines
from ui.language import Texts
from ui.safe import literal

SHOWN = 10
"""Changed samples that are shown at first."""


def draw_comparison(first: Run, second: Run, words: Texts) -> None:
    """Draw two runs beside each other."""
    report = build([first, second])
    [compared] = report.comparisons
    _draw_scores(report, words)
    if compared.found is None:
        st.info("  \n".join(lines(BadData(compared.problem), words.language)))
        return
    st.text(_verdict(compared.found, words))
    st.subheader(words.evaluations["changed"].format(n=len(compared.changed)), anchor=False)
    most = st.session_state.setdefault("changed", SHOWN)
    shown = compared.changed[:most]
    pictures = _pictures(compared.first.header.run, tuple(one.id for one, _ in shown), first, [one for one, _ in shown])
    for pair in shown:
        _draw_pair(pair, [run.name for run in report.runs], pictures, words)
    if len(compared.changed) > most:
        st.button(words.evaluations["more"], key="more", type="tertiary", on_click=_more)


def _draw_scores(report: Report, words: Texts) -> None:
    """Each metric and, below it, its baselines."""
    names = [literal(run.name) for run in report.runs]
    rows = [
        {words.evaluations["metric"]: f"↳ {row.name}" if row.minor else f"**{row.name}**"}
        | dict(zip(names, row.cells, strict=True))
        for row in report.scores
    ]
    st.table(rows, border="horizontal", width="content", hide_index=True)


def _verdict(found: Comparison, words: Texts) -> str:
    return words.evaluations["verdict"].format(
        first=wording.number("share", found.first),
        second=wording.number("share", found.second),
        n=f"{found.n:,}",
        difference=f"{100 * found.difference:+.1f}",
        low=f"{100 * found.low:+.1f}",
        high=f"{100 * found.high:+.1f}",
        p=f"{found.p:.3g}",
        test=found.test,
    )


def _draw_pair(pair: tuple[Record, Record], names: list[str], pictures: Pictures, words: Texts) -> None:
    first = pair[0]
    with st.container(border=True, horizontal=True, key=f"changed-{first.id}"):
        for number, sha256 in enumerate(first.images, 1):
            if likeness := pictures.likenesses.get(sha256):
                st.image(likeness, width="content", alt=f"{first.id}, {number}")
        with st.container(width="stretch", gap="xsmall"):
            st.caption(words.evaluations["asked"])
            st.text(wording.clipped(first.prompt))
            for column, name, record in zip(st.columns(2), names, pair, strict=True):
                score = words.evaluations["not_scored"] if record.score is None else wording.percent(record.score)
                column.caption(literal(f"{name} · {score}"))
                column.text(wording.clipped(record.output))
            st.caption(words.evaluations["expected"])
            st.text(wording.clipped(wording.references(first)))


def _more() -> None:
    st.session_state["changed"] += SHOWN


@st.cache_data(show_spinner=False, max_entries=8)
def _pictures(run: str, ids: tuple[str, ...], _run: Run, _records: list[Record]) -> Pictures:  # noqa: ARG001  a key
    return pictures_of([(_run.header(), _records)])
