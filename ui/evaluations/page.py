"""The page of evaluations: the runs that are kept, and one of them, by itself or beside another."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from evals.report.kept import Kept, kept_runs
from evals.runner import folder_of
from runtime.errors import SetupError
from runtime.settings import load_settings
from ui.evaluations.run import draw_run
from ui.faults import failure
from ui.language import Texts, shown_language, texts
from ui.safe import literal
from ui.wording import ago

PARAMETER = "run"
"""The part of the page's address that names the run."""

LISTED = 40
"""Runs that are listed at first."""

EXAMPLE = "vistalk eval run vqa --data questions.jsonl"


def show() -> None:
    """Draw the page."""
    words = texts(shown_language("auto", st.context.locale))
    try:
        settings = load_settings()
    except SetupError as error:
        failure(error, words)
        st.button(words.try_again)
        return
    words = texts(shown_language(settings.language, st.context.locale))
    runs, faults = kept_runs(folder_of(settings))
    name = st.query_params.get(PARAMETER)
    chosen = next((one for one in runs if one.name == name), None)
    if chosen:
        st.button(words.evaluations["all"], key="all", icon=":material/arrow_back:", type="tertiary", on_click=_leave)
        draw_run(chosen, [one for one in runs if chosen.comparable(one)], words)
        return
    if name:
        _leave()
        st.info(words.evaluations["not_there"])
    for fault in faults:
        failure(fault, words)
    _draw_list(runs, words)


def _draw_list(runs: list[Kept], words: Texts) -> None:
    st.header(words.evaluations["title"], anchor=False)
    if not runs:
        st.text(words.evaluations["none"])
        st.text(words.evaluations["how"].format(command=EXAMPLE))
    most = st.session_state.setdefault("listed runs", LISTED)
    for one in runs[:most]:
        with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"kept-{one.name}"):
            with st.container(gap=None, width="stretch"):
                st.button(literal(one.name), key=f"open-{one.name}", type="tertiary", on_click=_go, args=(one.name,))
                st.caption(literal(f"{one.facts} · {_state(one, words)} · {ago(one.begun, datetime.now(UTC), words)}"))
            st.text(one.headline, width="content")
    if len(runs) > most:
        st.button(words.older, key="older", type="tertiary", on_click=_list_more)


def _state(one: Kept, words: Texts) -> str:
    if one.finished:
        return words.evaluations["samples"].format(n=f"{one.done:,}")
    return words.evaluations["unfinished"].format(done=f"{one.done:,}", n=f"{len(one.header.ids):,}")


def _go(name: str) -> None:
    st.query_params[PARAMETER] = name


def _leave() -> None:
    st.query_params.clear()


def _list_more() -> None:
    st.session_state["listed runs"] += LISTED
