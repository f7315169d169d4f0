"""The side of the page: the conversations, and what answers."""

from __future__ import annotations

import io
from contextlib import suppress
from datetime import UTC, datetime

import streamlit as st

from agent.titling import TITLE
from memory.conversations import Thread
from runtime.errors import BadTitle, ImageMissing, UnknownThread, VistalkError
from ui.desk import Desk
from ui.faults import failure
from ui.language import Texts
from ui.pictures import VIEWED
from ui.safe import literal
from ui.wording import ago

PARAMETER = "thread"
"""The part of the page's address that names the conversation."""

LISTED = 40
"""Conversations that are listed at first; hundreds of them take seconds to draw."""


def go(thread: str) -> None:
    """Turn to a conversation, or to a new one where it is empty."""
    st.session_state.pop(VIEWED, None)
    if thread:
        st.query_params[PARAMETER] = thread
    else:
        st.query_params.pop(PARAMETER, None)


def draw_sidebar(desk: Desk, current: str, texts: Texts) -> None:
    """A button for a new conversation, those that are there, and what answers."""
    with st.sidebar:
        st.button(texts.new_conversation, icon=":material/add:", width="stretch", key="new", on_click=go, args=("",))
        st.text_input(
            texts.threads["search"], key="search", placeholder=texts.threads["search"], label_visibility="collapsed"
        )
        if words := st.session_state["search"].strip():
            _found(desk, words, current, texts)
        else:
            _listed(desk, current, texts)
        st.divider()
        _answers(desk, texts)


def _listed(desk: Desk, current: str, texts: Texts) -> None:
    most = st.session_state.setdefault("listed", LISTED)
    newest = desk.assistant.home.conversations.list(limit=most + 1)
    threads = [thread for thread in newest[:most] if thread.turns or desk.turns.latest(thread.id)]
    st.caption(texts.conversations if threads else texts.no_conversations)
    with st.container(gap="xsmall"):
        for thread in threads:
            _row(desk, thread, thread.id == current, texts)
        if len(newest) > most:
            st.button(texts.older, key="older", type="tertiary", on_click=_list_more)


def _found(desk: Desk, words: str, current: str, texts: Texts) -> None:
    threads = desk.assistant.home.conversations.search(words, limit=LISTED)
    if not threads:
        st.caption(texts.threads["none_found"])
    with st.container(gap="xsmall"):
        for thread in threads:
            _row(desk, thread, thread.id == current, texts)


def _list_more() -> None:
    st.session_state["listed"] += LISTED


def _row(desk: Desk, thread: Thread, current: bool, texts: Texts) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", wrap=False, key=f"row-{thread.id}"):
        if thread.thumbnail:
            _miniature(desk, thread.thumbnail)
        with st.container(gap=None):
            title = _title(desk, thread, texts)
            st.button(
                f"**{title}**" if current else title,
                key=f"go-{thread.id}",
                icon=":material/keep:" if thread.pinned else None,
                type="tertiary",
                wrap=False,
                on_click=go,
                args=(thread.id,),
            )
            st.caption(ago(thread.updated, datetime.now(UTC), texts))
        manage, delete = texts.threads["manage"], texts.delete
        if st.button(manage, key=f"manage-{thread.id}", icon=":material/more_horiz:", type="tertiary", help=manage):
            st.dialog(manage)(_manage)(desk, thread, texts)
        if st.button(delete, key=f"delete-{thread.id}", icon=":material/delete:", type="tertiary", help=delete):
            st.dialog(texts.delete_title)(_confirm_delete)(desk, thread, texts)


def _title(desk: Desk, thread: Thread, texts: Texts) -> str:
    latest = desk.turns.latest(thread.id)
    return literal(thread.title or (latest.words[:TITLE] if latest else "")) or texts.untitled


def _miniature(desk: Desk, sha256: str) -> None:
    try:
        st.image(desk.assistant.home.images.thumbnail(sha256), width=40, alt="")
    except ImageMissing:
        return


def _manage(desk: Desk, thread: Thread, texts: Texts) -> None:
    """Another title, a pin, a file."""
    words, at = texts.threads, (desk, thread)
    st.text_input(words["title"], thread.title, key="manage-title")
    with st.container(horizontal=True):
        saved = st.button(words["save"], key="manage-save", type="primary", on_click=_rename, args=at)
        pinned = st.button(words["unpin" if thread.pinned else "pin"], key="manage-pin", on_click=_pin, args=at)
        try:
            archive = io.BytesIO()
            desk.assistant.home.conversations.export(thread.id, archive)
            name = f"{thread.updated:%Y-%m-%d} {thread.id[:8]}.zip"
            st.download_button(words["export"], archive, name, "application/zip", key="manage-export")
        except VistalkError as error:  # another tab deleted it, or a picture cannot be read
            failure(error, texts)
    if saved or pinned:
        st.rerun()


def _rename(desk: Desk, thread: Thread) -> None:
    with suppress(UnknownThread, BadTitle):  # another tab was faster; nothing typed is no title
        desk.assistant.home.conversations.rename(thread.id, st.session_state["manage-title"])


def _pin(desk: Desk, thread: Thread) -> None:
    with suppress(UnknownThread):  # another tab was faster
        desk.assistant.home.conversations.pin(thread.id, not thread.pinned)


def _confirm_delete(desk: Desk, thread: Thread, texts: Texts) -> None:
    st.markdown(f"**{_title(desk, thread, texts)}**")
    st.text(texts.delete_explained)
    with st.container(horizontal=True):
        confirmed = st.button(
            texts.delete_confirm, type="primary", key="delete-confirm", on_click=_delete, args=(desk, thread.id)
        )
        kept = st.button(texts.keep, key="delete-keep")
    if confirmed or kept:
        st.rerun()


def _delete(desk: Desk, thread: str) -> None:
    desk.turns.end(thread)
    with suppress(UnknownThread):  # another tab was faster
        desk.assistant.home.conversations.delete(thread)
    if st.query_params.get(PARAMETER) == thread:
        go("")


def _answers(desk: Desk, texts: Texts) -> None:
    preset = desk.assistant.preset
    st.caption(texts.answered_by.format(name=literal(preset.name)))
    if preset.vlm not in (preset.name, "served"):
        st.caption(texts.runs_model.format(model=literal(preset.vlm)))
    if preset.vlm == "served":
        st.caption(texts.presets["served"])
    elif desk.assistant.settings.vlm is None:
        st.caption(texts.presets.get(preset.name, literal(preset.summary)))
