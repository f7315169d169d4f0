"""Passages of documents that answer to words, shown exactly as they stand."""

from __future__ import annotations

import streamlit as st

from memory.library.records import Filters, PassageHit, Stats
from memory.library.walking import shown
from ui.desk import Desk
from ui.language import Texts
from ui.library.searching import by_words, remembered
from ui.safe import literal
from ui.wording import place

TOP = 8
"""Passages that a search finds."""


def draw_documents(desk: Desk, held: Stats, words: Texts) -> None:
    """The box for words, and the passages that fit them."""
    said = words.library
    if not held.documents:
        st.info(said["no_documents"])
        return
    typed = st.text_input(
        said["search_documents"],
        key="question",
        type="search",
        placeholder=said["search_documents_placeholder"],
        icon=":material/search:",
        label_visibility="collapsed",
    ).strip()
    if not typed:
        return
    with st.spinner(said["searching"]):
        found = remembered(
            "found passages",
            (desk.indexer.edition, typed),
            lambda: by_words(desk.librarian, typed, Filters(), TOP, documents=True),
        )
    if not found.passages:
        st.info(said["nothing_said"])
    for number, hit in enumerate(found.passages, 1):
        _draw_passage(hit, number, words)


def _draw_passage(hit: PassageHit, number: int, words: Texts) -> None:
    said, passage = words.library, hit.passage
    where = {"path": shown(passage.path), "heading": passage.heading, "page": passage.page}
    facts = [
        said[name].format(n=n) for name, n in (("by_meaning", hit.dense_rank), ("by_words", hit.lexical_rank)) if n
    ]
    if not passage.path.is_file():
        facts.append(f":red[{said['missing']}]")
    with st.container(border=True, key=f"passage-{number}"):
        st.markdown(f"**{number}. {literal(place(where, words))}**")
        st.text(passage.text)
        st.caption(" · ".join([*facts, literal(shown(passage.path))]))
