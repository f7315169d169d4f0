"""The memory page: what is remembered of the user, the newest first, to be found, changed and forgotten."""

from __future__ import annotations

import math

import streamlit as st

from memory.memories.recall import holding
from ui.desk import Desk
from ui.language import Texts
from ui.memory.rows import draw_row
from ui.opening import at_desk

PAGE = 20
"""Memories on a page."""


def show() -> None:
    """Draw the page."""
    if (opened := at_desk()) is None:
        return
    desk, words = opened
    said = words.memory
    st.header(said["title"], anchor=False)
    learns = said["learns_on" if desk.assistant.settings.learns else "learns_off"]
    st.caption(learns, help=said["learns_explained"].format(setting="`VISTALK_LEARNS`"))
    _draw_writing(desk, words)
    _draw_memories(desk, words)


def _draw_writing(desk: Desk, words: Texts) -> None:
    """A box to write down something to be remembered."""
    said = words.memory
    with st.form("remember", clear_on_submit=True, border=False), st.container(horizontal=True):
        written = st.text_input(said["write"], placeholder=said["write_example"], label_visibility="collapsed")
        sent = st.form_submit_button(said["remember"], icon=":material/add:")
    if sent and written.strip():
        desk.assistant.home.memories.add(written, origin="written")


def _draw_memories(desk: Desk, words: Texts) -> None:
    said, memories = words.memory, desk.assistant.home.memories
    total = memories.count()
    if not total:
        st.markdown(f"**{said['empty']}**  \n{said['empty_explained']}")
        return
    hint = said["search"]
    sought = st.text_input(hint, key="memory-search", placeholder=hint, label_visibility="collapsed")
    if sought.strip():
        found = holding(memories, sought)[:PAGE]
        if not found:
            st.caption(said["nothing_found"])
        for memory in found:
            draw_row(memory, desk.assistant.home, words)
        return
    pages = math.ceil(total / PAGE)
    number = min(st.session_state.get("memory-page", 1), pages)  # the last page goes with its last memory
    st.session_state["memory-page"] = number
    for memory in memories.list(PAGE, PAGE * (number - 1)):
        draw_row(memory, desk.assistant.home, words)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(said["count"].format(n=f"{total:,}"), width="content")
        if pages > 1:
            st.pagination(pages, key="memory-page")
