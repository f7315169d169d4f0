"""What can be done with a turn: answer it again, change its question, erase it, turn to another of its branches."""

from __future__ import annotations

import streamlit as st

from agent.exchange import Exchange
from agent.titling import TITLE
from memory.threads.branches import Branch
from runtime.errors import UnknownThread, UnknownTurn, VistalkError
from ui.desk import Desk
from ui.language import Texts
from ui.safe import literal
from ui.sidebar import go


def draw_branches(desk: Desk, thread: str, number: int, exchange: Exchange, branch: Branch, texts: Texts) -> None:
    """The buttons of a turn that is over; `number` counts turns from 0."""
    words = texts.threads
    if branch.count > 1:
        at = (desk, thread, number)
        _step(f"earlier-{number}", "chevron_left", words["earlier"], branch.position > 1, *at, branch.position - 1)
        st.caption(words["branch"].format(position=branch.position, count=branch.count), width="content")
        last = branch.position == branch.count
        _step(f"later-{number}", "chevron_right", words["later"], not last, *at, branch.position + 1)
    st.button(
        words["again"],
        key=f"again-{number}",
        icon=":material/refresh:",
        type="tertiary",
        help=words["again"],
        on_click=_again,
        args=(desk, thread, number, exchange.words),
    )
    if st.button(words["edit"], key=f"edit-{number}", icon=":material/edit:", type="tertiary", help=words["edit"]):
        st.dialog(words["edit"])(_edit)(desk, thread, number, exchange.words, texts)
    if st.button(words["erase"], key=f"erase-{number}", icon=":material/delete:", type="tertiary", help=words["erase"]):
        st.dialog(words["erase_title"])(_confirm)(desk, thread, number, exchange.words, texts)


def _step(key: str, icon: str, help: str, there: bool, desk: Desk, thread: str, number: int, position: int) -> None:  # noqa: A002
    st.button(
        help,
        key=key,
        icon=f":material/{icon}:",
        type="tertiary",
        help=help,
        disabled=not there,
        on_click=_choose,
        args=(desk, thread, number, position),
    )


def _edit(desk: Desk, thread: str, number: int, words: str, texts: Texts) -> None:
    key = f"edited-{number}"
    st.text_area(texts.threads["edit"], words, key=key, label_visibility="collapsed")
    at = (desk, thread, number, key)
    if st.button(texts.threads["send"], key="edit-send", type="primary", on_click=_send, args=at):
        st.rerun()


def _send(desk: Desk, thread: str, number: int, key: str) -> None:
    changed = st.session_state[key]
    try:
        desk.turns.edit(thread, number, changed)
    except VistalkError as error:
        desk.turns.refuse(thread, changed, (), error)


def _confirm(desk: Desk, thread: str, number: int, question: str, texts: Texts) -> None:
    words = texts.threads
    st.markdown(f"**{literal(question[:TITLE])}**")
    st.text(words["erase_explained"])
    at = (desk, thread, number, question)
    with st.container(horizontal=True):
        confirmed = st.button(words["erase_confirm"], type="primary", key="erase-turn", on_click=_erase, args=at)
        kept = st.button(texts.keep, key="erase-keep")
    if confirmed or kept:
        st.rerun()


def _erase(desk: Desk, thread: str, number: int, question: str) -> None:
    try:
        desk.assistant.erase_turn(thread, number)
        desk.assistant.home.conversations.get(thread)
    except UnknownThread:  # its last turn is gone, here or in another tab
        go("")
    except VistalkError as error:
        desk.turns.refuse(thread, question, (), error)


def _again(desk: Desk, thread: str, number: int, words: str) -> None:
    try:
        desk.turns.again(thread, number)
    except VistalkError as error:
        desk.turns.refuse(thread, words, (), error)


def _choose(desk: Desk, thread: str, number: int, position: int) -> None:
    try:
        desk.assistant.choose(thread, number, position)
    except UnknownTurn:  # another tab has gone to another branch meanwhile; the page shows it
        return
