"""The settings page: which models answer, what they take of memory and disk, and how vistalk looks and behaves."""

from __future__ import annotations

import streamlit as st

from runtime.errors import SetupError
from runtime.settings import load_settings, settings_file
from ui.desk import Desk
from ui.fetching import fetcher
from ui.language import Texts
from ui.opening import at_desk, page_words
from ui.safe import literal
from ui.settings.changing import draw_choices, draw_fault, draw_habits
from ui.settings.data import draw_data
from ui.settings.models import draw_models
from ui.settings.resident import draw_resident

POLL = 0.5
"""Seconds between looks at whether the desk is idle."""


def show() -> None:
    """Draw the page; most of it also where the desk cannot be opened, so that the fault can be mended."""
    opened = at_desk()
    try:
        settings = load_settings()
    except SetupError:  # which is on the page already
        return
    words = page_words(settings)
    desk = opened[0] if opened else None
    st.header(words.settings["title"], anchor=False)
    draw_fault(words)
    if desk and not desk.follows(settings):
        _wait(desk, words)
    draw_models(settings, fetcher(), words)
    if desk:
        draw_resident(desk, words)
    draw_choices(settings, words)
    draw_habits(settings, words)
    draw_data(settings, desk, words)
    st.caption(words.settings["file"].format(path=literal(str(settings_file()))))


@st.fragment(run_every=POLL)
def _wait(desk: Desk, words: Texts) -> None:
    """Say that the settings wait for what is under way; the whole page once they need not."""
    if not desk.busy:
        st.rerun()
    st.info(words.settings["waits"], icon=":material/hourglass_top:")
