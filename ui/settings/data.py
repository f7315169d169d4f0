"""Where the data lies, how much it is, and erasing it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from memory.erasure.erasing import erase
from memory.erasure.targets import Target
from runtime.choosing import folder_size
from runtime.errors import ThreadBusy, VistalkError
from runtime.settings import Settings
from ui.desk import Desk
from ui.language import Texts
from ui.safe import literal
from ui.settings.changing import FAULT
from ui.wording import file_size

FRESH = 5
"""Seconds for which the files are not counted anew."""

ERASED = "everything was erased"

PARTS = {
    "images": ("images",),
    "threads": ("threads.sqlite",),
    "library": ("library.sqlite", "chroma", "thumbnails"),
    "models": ("models",),
    "evals": ("evals",),
}
"""How names in the data directory begin."""


def draw_data(settings: Settings, desk: Desk | None, words: Texts) -> None:
    """The folder with the sizes of its parts, and a button that erases what is in it."""
    said = words.settings
    st.subheader(said["data"], anchor=False)
    st.text(said["data_explained"].format(path=settings.home))
    sizes = _sizes(settings.home)
    rows = [(said[f"part_{part}"], size) for part, size in sizes.items() if size]
    rows.append((said["part_all"], sum(sizes.values())))
    st.markdown("  \n".join(f":gray[{literal(name)}:] {file_size(size)}" for name, size in rows))
    if desk and st.button(said["erase"], key="erase", icon=":material/delete_forever:"):
        st.dialog(said["erase_title"])(_confirm)(desk, words)
    if st.session_state.pop(ERASED, False):
        st.success(said["erased"], icon=":material/check:")


def _confirm(desk: Desk, words: Texts) -> None:
    said = words.settings
    st.text(said["erase_explained"])
    with st.container(horizontal=True):
        confirmed = st.button(said["erase_confirm"], type="primary", key="erase-confirm", on_click=_erase, args=(desk,))
        kept = st.button(words.keep, key="erase-keep")
    if confirmed or kept:
        st.rerun()


def _erase(desk: Desk) -> None:
    """Stop what is under way, and erase; what went wrong is on the page when it is drawn next."""
    desk.turns.end_all()
    desk.indexer.end()
    try:
        with desk.librarian.alone() as alone:
            if not alone:  # another tab was faster
                raise ThreadBusy
            erase(desk.assistant.home, Target("everything"))
        st.session_state[ERASED] = True
    except VistalkError as error:
        st.session_state[FAULT] = error
    desk.indexer.changed()
    _sizes.clear()


@st.cache_data(show_spinner=False, ttl=FRESH, max_entries=4)
def _sizes(home: Path) -> dict[str, int]:
    """Bytes of each part."""
    sizes = dict.fromkeys([*PARTS, "rest"], 0)
    for file in home.iterdir() if home.is_dir() else ():
        part = next((part for part, names in PARTS.items() if file.name.startswith(names)), "rest")
        sizes[part] += folder_size(file)
    return sizes
