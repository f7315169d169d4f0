"""Searches that the page makes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from memory.decode import decode
from memory.library.records import Filters, PictureHit
from ui.librarian import Found, Librarian, Searching

R = TypeVar("R")


def by_words(librarian: Librarian, words: str, filters: Filters, top: int, *, documents: bool = False) -> Found:
    """What fits the words best. Raises what `Searching` does."""
    request = Searching.model_validate(
        {
            "words": words,
            "top": top,
            "documents": documents,
            "folder": filters.folder,
            "since": filters.since or None,
            "until": filters.until or None,
        }
    )
    return request.run(librarian, lambda _: None, threading.Event())


def by_picture(librarian: Librarian, data: bytes, name: str, filters: Filters, top: int) -> tuple[PictureHit, ...]:
    """The pictures most like the one in a file of this name.

    Raises:
        ImageRejected: it is no picture that is accepted.
        LibraryEmpty, EncoderChanged, ModelError
    """
    settings = librarian.settings
    decoded = decode(data, name=name, max_bytes=settings.max_upload_bytes, max_pixels=settings.max_pixels)
    [vector] = librarian.encoder.encode_images([decoded.image])
    return tuple(librarian.library.search_pictures(vector, librarian.encoder.id, top=top, filters=filters))


def remembered(name: str, asked: object, answer: Callable[[], R]) -> R:
    """The answer to what was asked last under this name, so that a click on the page does not search anew."""
    kept: tuple[object, R] | None = st.session_state.get(name)
    if kept is None or kept[0] != asked:
        kept = st.session_state[name] = (asked, answer())
    return kept[1]
