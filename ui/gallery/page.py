"""The gallery page: every picture that was drawn for the user, the newest first."""

from __future__ import annotations

import math

import streamlit as st

from ui.desk import Desk
from ui.gallery.cells import grid, opened_drawing
from ui.language import Texts
from ui.opening import at_desk
from ui.safe import literal

PAGE = 24
"""Pictures on a page."""


def show() -> None:
    """Draw the page."""
    if (opened := at_desk()) is None:
        return
    desk, words = opened
    st.header(words.gallery["title"], anchor=False)
    _draw_what_draws(desk, words)
    _draw_pictures(desk, words)
    opened_drawing(desk.librarian, words)


def _draw_what_draws(desk: Desk, words: Texts) -> None:
    """Which model draws, and whether a filter looks at what it is asked for."""
    said, model = words.gallery, desk.assistant.preset.generator
    if model == "none":
        st.caption(said["none"])
        return
    filtered = said["filter_on" if desk.assistant.settings.drawing_filter else "filter_off"]
    st.caption(
        f"{said['drawn_by'].format(model=literal(model))} · {filtered}",
        help=said["filter_explained"].format(setting="`VISTALK_DRAWING_FILTER`"),
    )


def _draw_pictures(desk: Desk, words: Texts) -> None:
    said, home = words.gallery, desk.assistant.home
    total = home.drawings.count()
    if not total:
        st.markdown(f"**{said['empty']}**  \n{said['empty_explained'].format(example=words.suggested_drawing)}")
        return
    pages = math.ceil(total / PAGE)
    number = min(st.session_state.get("page", 1), pages)  # the last page goes with its last picture
    st.session_state["page"] = number
    grid(home.drawings.list(offset=PAGE * (number - 1), limit=PAGE), home.images, words)
    st.caption(said["count"].format(n=f"{total:,}"))
    if pages > 1:
        st.pagination(pages, key="page")
