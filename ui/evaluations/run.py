"""One evaluation on the page: its scores, its report in a frame of its own, files to take away, and another run."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial

import streamlit as st

from evals.records import Run
from evals.report import Report, as_html, as_markdown, build
from evals.report.kept import Kept
from ui.evaluations.comparison import draw_comparison
from ui.evaluations.served import serve
from ui.language import Texts
from ui.safe import literal

BESIDE = "with"
"""The part of the page's address that names the run to compare with."""

FRAME_HEIGHT = 900
"""In CSS pixels. The report scrolls inside: nobody can measure a frame of another origin."""


def draw_run(one: Kept, others: list[Kept], words: Texts) -> None:
    """Draw a run; `others` are those that it can be compared with."""
    said = words.evaluations
    st.header(literal(one.name), anchor=False)
    st.caption(literal(one.facts))
    if not one.finished:
        st.info(said["unfinished"].format(done=f"{one.done:,}", n=f"{len(one.header.ids):,}"))
        st.text(said["finish_with"].format(command=f"vistalk eval resume {one.name}"))
        return
    report = build([one.run])
    with st.spinner(said["reading"]):
        page = _page(str(one.run.folder), (one.run.folder / "summary.json").stat().st_mtime_ns, one.run)
    _draw_downloads(one, report, page, words)
    beside = _beside(one, others, words)
    if beside:
        draw_comparison(one.run, beside.run, words)
    else:
        address = serve(page)
        st.link_button(said["open"], address, icon=":material/open_in_new:", type="tertiary")
        st.iframe(address, height=FRAME_HEIGHT, alt=said["report"].format(name=one.name))


def _beside(one: Kept, others: list[Kept], words: Texts) -> Kept | None:
    """The run to compare with; the address names it, so that a comparison can be come back to."""
    names = [other.name for other in others]
    named = st.query_params.get(BESIDE)
    key = f"{BESIDE}-{one.name}"

    def remember() -> None:
        if st.session_state[key]:
            st.query_params[BESIDE] = st.session_state[key]
        else:
            st.query_params.pop(BESIDE, None)

    chosen = st.selectbox(
        words.evaluations["compare"],
        names,
        index=names.index(named) if named in names else None,
        key=key,
        placeholder=words.evaluations["compare_placeholder"],
        disabled=not names,
        on_change=remember,
    )
    return next((other for other in others if other.name == chosen), None)


def _draw_downloads(one: Kept, report: Report, page: str, words: Texts) -> None:
    files = {
        "as_html": (page.encode, "html", "text/html"),
        "as_markdown": (lambda: as_markdown(report).encode(), "md", "text/markdown"),
        "as_json": (partial(_as_json, one.run), "json", "application/json"),
    }
    with st.container(horizontal=True):
        for key, (made, suffix, mime) in files.items():
            st.download_button(
                words.evaluations[key],
                made,
                file_name=f"{one.name}.{suffix}",
                mime=mime,
                key=key,
                icon=":material/download:",
                on_click="ignore",
            )


def _as_json(run: Run) -> bytes:
    """All that is kept of a run."""
    whole = {
        "header": asdict(run.header()),
        "summary": run.summary(),
        "samples": [asdict(record) for record in run.records()],
    }
    return json.dumps(whole, ensure_ascii=False, indent=1).encode()


@st.cache_data(show_spinner=False, max_entries=4)
def _page(folder: str, finished: int, _run: Run) -> str:  # noqa: ARG001  the first two say which page it is
    return as_html(build([_run]))
