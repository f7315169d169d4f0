"""Drawn pictures on the page: in a grid, and one of them with how it was made and what can be done with it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

import streamlit as st

from memory.drawings import Drawn
from memory.images import ImageStore
from runtime.errors import ImageMissing, VistalkError
from ui.drawings import NARROWEST, download, use_again
from ui.drawn import made_facts
from ui.faults import failure
from ui.language import Texts
from ui.librarian import Erasing, Librarian
from ui.pictures import DIALOG_WIDTHS, show_file
from ui.safe import literal
from ui.wording import ago

OPENED = "drawing looked at"
"""Where the drawing is kept whose full size is shown."""

CONFIRMING = "drawing to delete"
"""Where the digest of the drawing is kept that is deleted if the person says so once more."""


def grid(drawings: Sequence[Drawn], images: ImageStore, words: Texts) -> None:
    """A cell a picture; a click opens it in full size."""
    with st.container(key="gallery-drawings"):
        for drawing in drawings:
            with st.container(key=f"cell-{drawing.sha256}", gap=None):
                _draw(drawing, images, words)


def _draw(drawing: Drawn, images: ImageStore, words: Texts) -> None:
    prompt = str(drawing.made["prompt"])
    try:
        st.image(images.thumbnail(drawing.sha256), width="stretch", alt=prompt)
    except ImageMissing:
        st.caption(f":material/broken_image: {words.gallery['gone']}")
    st.button(
        literal(prompt),
        key=f"look-{drawing.sha256}",
        type="tertiary",
        wrap=False,
        on_click=_open,
        args=(drawing,),
    )
    st.caption(ago(drawing.created, datetime.now(UTC), words))


def _open(drawing: Drawn) -> None:
    st.session_state[OPENED] = drawing


def _close() -> None:
    st.session_state.pop(OPENED, None)
    st.session_state.pop(CONFIRMING, None)


def opened_drawing(librarian: Librarian, words: Texts) -> None:
    """The dialog with the drawing that was opened last, until it is closed."""
    drawing: Drawn | None = st.session_state.get(OPENED)
    if drawing is not None:
        width: Literal["medium", "large"] = "medium" if drawing.width <= DIALOG_WIDTHS["medium"] else "large"
        title = literal(str(drawing.made["prompt"]))
        st.dialog(title, width=width, on_dismiss=_close)(_full_size)(drawing, librarian, words)


def _full_size(drawing: Drawn, librarian: Librarian, words: Texts) -> None:
    said, there, home = words.gallery, True, librarian.home
    try:
        path = home.images.path(drawing.sha256)
        with st.container(width=max(drawing.width, NARROWEST)):
            show_file(path, width="stretch", alt=str(drawing.made["prompt"]))
    except ImageMissing:
        there = False
        st.error(said["gone"])
    facts = {
        **made_facts(drawing.made, words),
        said["size"]: f"{drawing.width} × {drawing.height}",
        said["drawn"]: f"{drawing.created.astimezone():%Y-%m-%d %H:%M}",
    }
    st.markdown("  \n".join(f":gray[{name}] {literal(fact)}" for name, fact in facts.items()))
    if st.session_state.get(CONFIRMING) == drawing.sha256:
        _confirm_delete(drawing, librarian, words)
        return
    with st.container(horizontal=True):
        if use_again(drawing.made, words, key=drawing.sha256):
            _close()
            st.rerun()
        if there:
            download(drawing.sha256, drawing.made, home.images, words, key=drawing.sha256)
        st.button(
            said["delete"],
            key="delete-drawing",
            icon=":material/delete:",
            type="tertiary",
            on_click=_ask_first,
            args=(drawing.sha256,),
        )


def _ask_first(sha256: str) -> None:
    st.session_state[CONFIRMING] = sha256


def _confirm_delete(drawing: Drawn, librarian: Librarian, words: Texts) -> None:
    """A picture that a conversation or a memory shows stays there, unless the person has it erased everywhere."""
    said, home = words.gallery, librarian.home
    shown = home.conversations.references.keepers(drawing.sha256) - {"drawing"}
    st.warning(said["delete_shown" if shown else "delete_explained"])
    everywhere = False
    with st.container(horizontal=True):
        confirmed = st.button(said["delete"], type="primary", key="delete-confirm")
        if shown:
            everywhere = st.button(said["delete_everywhere"], key="delete-everywhere")
        st.button(said["keep"], key="delete-keep", on_click=st.session_state.pop, args=(CONFIRMING, None))
    if confirmed or everywhere:
        try:
            if everywhere:
                Erasing(kind="image", id=drawing.sha256).run(librarian, lambda _: None, threading.Event())
            else:
                home.drawings.delete(drawing.sha256)
        except VistalkError as error:
            failure(error, words)
            return
        _close()
        st.rerun()
