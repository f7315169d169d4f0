"""How a download goes and what it came to: at the side of every page, so that the chat goes on meanwhile."""

from __future__ import annotations

import streamlit as st

from runtime.errors import SetupError
from runtime.settings import load_settings
from ui.faults import lines
from ui.fetching import Fetch, Fetcher
from ui.language import Texts
from ui.safe import literal
from ui.settings.models import use

POLL = 0.5
"""Seconds between looks at a download under way."""


def draw_download(fetcher: Fetcher, words: Texts) -> None:
    """The download under way, or what the last one came to, until it is dismissed."""
    run = fetcher.run
    if run is None:
        return
    with st.container(border=True, key="download"):
        if not run.over:
            _follow(run, words)
            st.button(words.stop, icon=":material/stop_circle:", key="stop-download", on_click=run.stop)
            return
        _draw_end(run, fetcher, words)


@st.fragment(run_every=POLL)
def _follow(run: Fetch, words: Texts) -> None:
    if run.over:
        st.rerun()
    st.progress(min(run.done, 1.0), text=words.settings["fetching"].format(preset=literal(run.preset.name)))
    st.caption(literal(named(run.doing)))


def named(doing: str) -> str:
    """What is fetched and how much of it is here, of a line of a download: the same words in every language."""
    return doing.removeprefix("fetching ").replace(" of ", " / ")


def _draw_end(run: Fetch, fetcher: Fetcher, words: Texts) -> None:
    said, name = words.settings, run.preset.name
    if run.failure:
        st.warning(said["failed"].format(preset=literal(name)), icon=":material/cloud_off:")
        st.caption("  \n".join(lines(run.failure, words.language)))
    elif run.stopped:
        st.markdown(said["stopped"])
    else:
        st.markdown(said["came"].format(preset=literal(name)))
        if _other(name):
            label = said["use_now"].format(preset=literal(name))
            st.button(label, key="use-now", type="primary", on_click=_use, args=(name, fetcher))
    st.button(said["dismiss"], key="dismiss-download", type="tertiary", on_click=fetcher.dismiss)


def _other(name: str) -> bool:
    """Whether another preset answers now."""
    try:
        return load_settings().preset != name
    except SetupError:  # which the page says
        return False


def _use(name: str, fetcher: Fetcher) -> None:
    use(name)
    fetcher.dismiss()
