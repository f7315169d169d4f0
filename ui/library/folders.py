"""The folders that are indexed: add one, look through it again, take it out."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from memory.library.records import FolderStats, Stats
from memory.library.walking import shown
from ui.desk import Desk
from ui.language import Texts
from ui.librarian import Indexing
from ui.library.watching import start
from ui.safe import literal


def draw_folders(desk: Desk, held: Stats, words: Texts) -> None:
    """Each folder with what it holds, and the box for another."""
    for number, folder in enumerate(held.folders):
        _draw_folder(desk, folder, number, words)
    draw_adding(desk, words)


def draw_adding(desk: Desk, words: Texts) -> None:
    """The box for the path of a folder."""
    said = words.library
    with st.form("add", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(said["add_label"], key="path", placeholder=said["add_placeholder"])
        st.form_submit_button(
            said["add"],
            icon=":material/create_new_folder:",
            type="primary",
            disabled=desk.indexer.busy,
            on_click=_add,
            args=(desk, words),
        )
    if fault := st.session_state.get("path fault"):
        st.error(fault)
    st.caption(said["kinds"])


def _add(desk: Desk, words: Texts) -> None:
    typed = st.session_state["path"].strip()
    fault = _fault(typed, desk.assistant.home.root, words)
    st.session_state["path fault"] = fault
    if not fault:
        st.session_state["path"] = ""
        start(desk.indexer, Indexing(paths=(_full(typed),)), words)


def _full(typed: str) -> Path:
    """What a person may have typed, or copied from a file manager in quotation marks."""
    return Path(typed.strip("\"'")).expanduser()


def _fault(typed: str, home: Path, words: Texts) -> str:
    """Why this cannot be added, in a sentence; empty where it can."""
    said = words.library
    if not typed:
        return said["no_path"]
    try:
        path = _full(typed)
        name = literal(shown(path))
        if not path.is_absolute():
            return said["not_whole"].format(path=name)
        if not path.exists():
            return said["not_there"].format(path=name)
        if not path.is_dir():
            return said["no_folder"].format(path=name)
        inside = path.resolve().is_relative_to(home.resolve())
    except (OSError, RuntimeError, ValueError):  # too long, of odd bytes, a home of nobody
        return said["not_there"].format(path=literal(typed))
    return said["own_data"].format(path=name) if inside else ""


def _draw_folder(desk: Desk, folder: FolderStats, number: int, words: Texts) -> None:
    said = words.library
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"folder-{number}"):
        with st.container(gap=None, width="stretch"):
            st.markdown(f"**{literal(shown(folder.path))}**")
            facts = [f"{said['pictures']} {folder.pictures:,}", f"{said['documents']} {folder.documents:,}"]
            if not folder.present:
                facts.append(f":red[{said['missing']}]")
            elif folder.missing:
                facts.append(f":red[{said['missing']}: {folder.missing:,}]")
            st.caption(" · ".join(facts))
        st.button(
            said["again"],
            key=f"again-{number}",
            icon=":material/refresh:",
            disabled=desk.indexer.busy,
            help=said["again_explained"],
            on_click=start,
            args=(desk.indexer, Indexing(paths=(folder.path,)), words),
        )
        if st.button(said["remove"], key=f"remove-{number}", icon=":material/delete:", disabled=desk.indexer.busy):
            st.dialog(said["remove_title"])(_confirm)(desk, folder.path, words)


def _confirm(desk: Desk, folder: Path, words: Texts) -> None:
    said = words.library
    st.markdown(f"**{literal(shown(folder))}**")
    st.text(said["remove_explained"])
    with st.container(horizontal=True):
        confirmed = st.button(
            said["remove"], type="primary", key="remove-confirm", on_click=_remove, args=(desk, folder)
        )
        kept = st.button(words.keep, key="remove-keep")
    if confirmed or kept:
        st.rerun()


def _remove(desk: Desk, folder: Path) -> None:
    desk.librarian.library.remove(folder)
    desk.indexer.changed()
