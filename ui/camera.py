"""Photos taken with the camera of whoever looks at the page; they wait beside the box until a message is sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from agent.assistant import Upload
from ui.language import Texts

PHOTOS = "photos"
"""Where photos wait, of this browser tab alone."""

Send = Callable[[Sequence[Upload]], None]


def camera_button(texts: Texts, send: Send | None) -> None:
    """Opens the camera; `send` sends photos with no words, and is None while nothing can be sent."""
    words = texts.camera
    opened = st.button(
        words["open"],
        key="camera",
        icon=":material/photo_camera:",
        type="tertiary",
        help=words["open"],
        disabled=send is None,
    )
    if opened and send is not None:
        st.dialog(words["open"])(_take)(words, send)


def draw_photos(texts: Texts) -> None:
    """The photos that wait, each with a button that throws it away."""
    if not (photos := st.session_state.get(PHOTOS)):
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="photos"):
        for number, photo in enumerate(photos):
            st.image(photo.data, width=64, alt=photo.name)
            st.button(
                texts.camera["remove"],
                key=f"remove-photo-{number}",
                icon=":material/close:",
                type="tertiary",
                help=texts.camera["remove"],
                on_click=photos.remove,
                args=(photo,),
            )


def taken() -> list[Upload]:
    """The photos that waited; they wait no longer."""
    photos: list[Upload] = st.session_state.pop(PHOTOS, [])
    return photos


def _take(words: dict[str, str], send: Send) -> None:
    photo = st.camera_input(words["open"], key="camera-input", label_visibility="collapsed")
    if photo is None:
        st.caption(words["explained"])
        return
    waiting = st.session_state.get(PHOTOS, [])
    upload = Upload(photo.getvalue(), f"photo-{len(waiting) + 1}.jpg")
    with st.container(horizontal=True):
        added = st.button(words["add"], key="camera-add", type="primary", on_click=_add, args=(upload,))
        sent = st.button(words["send"], key="camera-send", on_click=send, args=([*waiting, upload],))
    if added or sent:
        st.rerun()


def _add(upload: Upload) -> None:
    st.session_state[PHOTOS] = [*st.session_state.get(PHOTOS, []), upload]
