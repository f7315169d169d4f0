"""Pictures that look the same, in groups."""

from __future__ import annotations

import streamlit as st

from memory.library.records import Stats
from ui.desk import Desk
from ui.language import Texts
from ui.library.cells import grid
from ui.library.searching import remembered

PAGE = 20
"""Groups that are shown at first, and added by each wish for more."""

SOUGHT = "duplicates sought"


def draw_duplicates(desk: Desk, held: Stats, words: Texts) -> None:
    """The groups, the largest first; looked for on request, as that takes time where there are many pictures."""
    said, library = words.library, desk.librarian.library
    st.caption(said["duplicates_explained"])
    if not held.pictures:
        st.info(said["no_pictures"])
        return
    if st.session_state.get(SOUGHT) != desk.indexer.edition:
        st.button(said["seek"], key="seek", icon=":material/difference:", on_click=_seek, args=(desk,))
        return
    with st.spinner(said["searching"]):
        groups = remembered("duplicates", desk.indexer.edition, library.duplicates)
    if not groups:
        st.info(said["no_duplicates"])
    most = st.session_state.setdefault("groups shown", PAGE)
    for number, group in enumerate(sorted(groups, key=len, reverse=True)[:most]):
        with st.container(border=True, key=f"group-{number}"):
            grid(group, library, words, key=f"group-{number}")
    if len(groups) > most:
        rest = said["more_of"].format(n=f"{most:,}", total=f"{len(groups):,}")
        st.button(rest, key="more", type="tertiary", icon=":material/expand_more:", on_click=_more)


def _seek(desk: Desk) -> None:
    st.session_state[SOUGHT] = desk.indexer.edition


def _more() -> None:
    st.session_state["groups shown"] += PAGE
