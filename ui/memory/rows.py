"""A memory on the page: its picture, its words, where it is from, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import streamlit as st

from memory.home import Home
from memory.memories.records import Memory
from runtime.errors import ImageMissing, UnknownThread, VistalkError
from ui import box
from ui.faults import failure
from ui.language import Texts
from ui.safe import literal
from ui.wording import ago

EDITING, CONFIRMING = "memory to edit", "memory to forget"
"""Where the id of the memory is kept that is edited, and of the one that is forgotten if the person says so again."""

THUMBNAIL = 96
"""CSS pixels."""


def draw_row(memory: Memory, home: Home, words: Texts) -> None:
    """Draw one memory."""
    with st.container(border=True, key=f"memory-{memory.id}"), st.container(horizontal=True):
        if memory.sha256:
            _draw_picture(memory, home, words)
        with st.container(gap="xxsmall"):
            if st.session_state.get(EDITING) == memory.id:
                _draw_editing(memory, home, words)
            else:
                _draw_words(memory, words)
            _draw_origin(memory, home, words)
            if st.session_state.get(CONFIRMING) == memory.id:
                _confirm(memory, home, words)
            elif st.session_state.get(EDITING) != memory.id:
                _draw_actions(memory, words)


def _draw_picture(memory: Memory, home: Home, words: Texts) -> None:
    with st.container(width=THUMBNAIL):
        try:
            st.image(home.images.thumbnail(memory.sha256), width=THUMBNAIL, alt=memory.text or memory.caption)
        except ImageMissing:
            st.caption(f":material/broken_image: {words.memory['gone']}")


def _draw_words(memory: Memory, words: Texts) -> None:
    if memory.text:
        st.markdown(literal(memory.text))
    if memory.caption:
        st.caption(words.memory["caption"].format(caption=literal(memory.caption)))


def _draw_origin(memory: Memory, home: Home, words: Texts) -> None:
    """When it was told and how, and the way to the conversation."""
    when = ago(memory.told, datetime.now(UTC), words)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"{words.memory[memory.origin]} · {when}", width="content")
        if memory.thread and (title := _title(memory, home)):
            st.button(
                literal(title),
                key=f"from-{memory.id}",
                icon=":material/chat:",
                type="tertiary",
                on_click=box.turn_to,
                args=(memory.thread,),
            )


def _title(memory: Memory, home: Home) -> str:
    try:
        return home.conversations.get(memory.thread).title
    except UnknownThread:
        return ""


def _draw_actions(memory: Memory, words: Texts) -> None:
    said = words.memory
    with st.container(horizontal=True, gap="small"):
        for name, icon, kept in (("edit", "edit", EDITING), ("forget", "delete", CONFIRMING)):
            st.button(
                said[name],
                key=f"{name}-{memory.id}",
                icon=f":material/{icon}:",
                type="tertiary",
                on_click=_choose,
                args=(kept, memory.id),
            )


def _choose(kept: str, memory: str) -> None:
    for name in (EDITING, CONFIRMING):
        st.session_state.pop(name, None)
    st.session_state[kept] = memory


def _draw_editing(memory: Memory, home: Home, words: Texts) -> None:
    said = words.memory
    text = st.text_area(said["edit"], memory.text, key=f"words-{memory.id}", label_visibility="collapsed")
    with st.container(horizontal=True):
        saved = st.button(said["save"], key=f"save-{memory.id}", type="primary")
        st.button(said["keep"], key=f"leave-{memory.id}", on_click=st.session_state.pop, args=(EDITING, None))
    if saved and (text.strip() or memory.sha256):
        _carry_out(lambda: home.memories.edit(memory.id, text), words)


def _confirm(memory: Memory, home: Home, words: Texts) -> None:
    said = words.memory
    st.warning(said["forget_explained"])
    with st.container(horizontal=True):
        confirmed = st.button(said["forget"], key=f"confirm-{memory.id}", type="primary")
        st.button(said["keep"], key=f"keep-{memory.id}", on_click=st.session_state.pop, args=(CONFIRMING, None))
    if confirmed:
        _carry_out(lambda: home.memories.delete([memory.id]), words)


def _carry_out(change: Callable[[], object], words: Texts) -> None:
    try:
        change()
    except VistalkError as error:
        failure(error, words)
        return
    for name in (EDITING, CONFIRMING):
        st.session_state.pop(name, None)
    st.rerun()
