"""All pictures, the newest first, or those that a search finds: by words, or by a picture that is like them."""

from __future__ import annotations

import hashlib
import math

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from memory.library.records import Filters, Stats
from ui.chat_page import FILE_TYPES
from ui.desk import Desk
from ui.language import Texts
from ui.library.cells import grid
from ui.library.narrowing import chosen_filters
from ui.library.searching import by_picture, by_words, remembered

PAGE = 60
"""Pictures that are shown at first, and added by each wish for more."""

TOP = 24
"""Pictures that a search finds."""


def draw_pictures(desk: Desk, held: Stats, words: Texts) -> None:
    """The box for words, the place to drop a picture, the filters; and what fits them."""
    said = words.library
    if not held.pictures:
        st.info(said["no_pictures"])
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        typed = st.text_input(
            said["search_pictures"],
            key="words",
            type="search",
            placeholder=said["search_pictures_placeholder"],
            icon=":material/search:",
            label_visibility="collapsed",
        ).strip()
        filters = chosen_filters(held, words)
    like = st.file_uploader(
        said["drop"],
        type=FILE_TYPES,
        key="like",
        max_upload_size=math.ceil(desk.librarian.settings.max_upload_mb),
    )
    if like or typed:
        _draw_found(desk, typed, like, filters, words)
    else:
        _draw_all(desk, filters, words)


def _draw_all(desk: Desk, filters: Filters, words: Texts) -> None:
    said, library = words.library, desk.librarian.library
    most = st.session_state.setdefault("pictures shown", PAGE)
    total = library.count(filters)
    if not total:
        st.info(said["nothing_here"])
        return
    grid(library.pictures(limit=most, filters=filters), library, words, key="all")
    if total > most:
        rest = said["more_of"].format(n=f"{most:,}", total=f"{total:,}")
        st.button(rest, key="more", type="tertiary", icon=":material/expand_more:", on_click=_more)


def _more() -> None:
    st.session_state["pictures shown"] += PAGE


def _draw_found(desk: Desk, typed: str, like: UploadedFile | None, filters: Filters, words: Texts) -> None:
    said, librarian = words.library, desk.librarian
    data = like.getvalue() if like else b""
    asked = (desk.indexer.edition, "" if like else typed, hashlib.sha256(data).hexdigest(), filters)
    with st.spinner(said["searching"]):
        hits = remembered(
            "found pictures",
            asked,
            lambda: (
                by_picture(librarian, data, like.name, filters, TOP)
                if like
                else by_words(librarian, typed, filters, TOP).pictures
            ),
        )
    if like:
        st.caption(said["like"])
    if hits:
        grid(hits, librarian.library, words, key="found")
    else:
        st.info(said["nothing_here"])
