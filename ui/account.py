"""The account of whoever signed in: who it is, the way out, and erasing all that is theirs."""

from __future__ import annotations

import streamlit as st

from memory.erasure.erasing import erase
from memory.erasure.targets import Target
from runtime.errors import UnknownUser, UserError, VistalkError
from runtime.settings import load_settings
from ui.faults import failure
from ui.language import Texts
from ui.opening import users_desk
from ui.safe import literal
from ui.sidebar import go
from ui.users import user_of

FAULT = "what of the account went wrong"


def draw_account(words: Texts) -> None:
    """Who is signed in, the way out, and a button that erases all that is theirs."""
    said = words.users
    name = next((str(st.user[claim]) for claim in ("name", "email") if st.user.get(claim)), user_of(st.user))
    st.caption(said["signed_in"].format(name=literal(name)))
    with st.container(gap="xxsmall"):
        st.button(said["sign_out"], key="sign-out", icon=":material/logout:", type="tertiary", on_click=st.logout)
        if st.button(said["erase"], key="erase-mine", icon=":material/delete_forever:", type="tertiary"):
            st.dialog(said["erase_title"])(_confirm)(words)
    if fault := st.session_state.pop(FAULT, None):
        failure(fault, words)


def _confirm(words: Texts) -> None:
    said = words.users
    st.text(said["erase_explained"])
    with st.container(horizontal=True):
        confirmed = st.button(said["erase_confirm"], type="primary", key="erase-mine-confirm", on_click=_erase)
        kept = st.button(words.keep, key="erase-mine-keep")
    if confirmed or kept:
        st.rerun()


def _erase() -> None:
    """Stop what is under way for the user, and erase; what went wrong is on the page when it is drawn next."""
    try:
        desk = users_desk(load_settings())
        desk.turns.end_all()
        desk.indexer.end()
        with desk.librarian.alone() as alone:
            if not alone:
                raise UserError("Somebody else is being answered.", hint="Try again in a moment.")
            erase(desk.assistant.home, Target("user", desk.assistant.home.user))
        desk.indexer.changed()
        go("")
    except UnknownUser:  # nothing was kept yet
        return
    except VistalkError as error:
        st.session_state[FAULT] = error
