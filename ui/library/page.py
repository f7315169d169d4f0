"""The library page: what is indexed of the user's pictures and documents, found and looked at."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from memory.library.library import Library
from memory.library.records import Stats
from runtime.errors import SetupError, VistalkError
from runtime.settings import load_settings
from ui.desk import Desk
from ui.faults import failure
from ui.language import Texts, shown_language, texts
from ui.library.cells import opened_picture
from ui.library.documents import draw_documents
from ui.library.duplicates import draw_duplicates
from ui.library.folders import draw_adding, draw_folders
from ui.library.pictures import draw_pictures
from ui.library.watching import draw_run, trouble
from ui.opening import users_desk
from ui.users import signing_in
from ui.wording import file_size

VIEWS = {
    "pictures": draw_pictures,
    "documents": draw_documents,
    "duplicates": draw_duplicates,
    "folders": draw_folders,
}

FRESH = 5
"""Seconds for which what is indexed is not counted anew: every file of it is looked for on disk."""


def show() -> None:
    """Draw the page."""
    words = texts(shown_language("auto", st.context.locale))
    try:
        settings = load_settings()
        words = texts(shown_language(settings.language, st.context.locale))
        with st.spinner(words.opening):
            desk = users_desk(settings)
            library = desk.librarian.library
            held = _stats(desk.assistant.home.root, desk.assistant.home.user, desk.indexer.edition, library)
            open_to_all = signing_in()
    except SetupError as error:
        failure(error, words)
        st.button(words.try_again)
        return
    _draw(desk, held, words, folders=not open_to_all)
    opened_picture(settings, library, words)


def _draw(desk: Desk, held: Stats, words: Texts, *, folders: bool) -> None:
    """Draw it; without `folders` none of this machine can be named, since those who signed in are not its owner."""
    said = words.library
    st.header(said["title"], anchor=False)
    draw_run(desk.indexer, words)
    if not held.folders:
        if not desk.indexer.busy:
            st.markdown(f"**{said['empty']}**  \n{said['empty_explained' if folders else 'empty_signed_in']}")
            if folders:
                draw_adding(desk, words)
        return
    facts = [f"{said[name]} {getattr(held, name):,}" for name in ("pictures", "documents", "passages")]
    st.caption(" · ".join([*facts, file_size(held.bytes)]))
    view = st.segmented_control(
        said["title"],
        [name for name in VIEWS if folders or name != "folders"],
        default="pictures",
        required=True,
        format_func=said.__getitem__,
        key="view",
        label_visibility="collapsed",
        bind="query-params",
    )
    try:
        VIEWS[view](desk, held, words)
    except VistalkError as error:
        trouble(error, desk.indexer, words)


@st.cache_data(show_spinner=False, ttl=FRESH, max_entries=4)
def _stats(root: Path, user: str, edition: int, _library: Library) -> Stats:  # noqa: ARG001  these say whose and when
    return _library.stats()
