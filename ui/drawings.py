"""Pictures that vistalk draws, on the page: while they are drawn, and what can be done with them afterwards."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from memory.images import ImageStore
from memory.provenance import Made
from memory.refs import ImageRef
from runtime.errors import ImageMissing
from ui import box
from ui.drawn import file_name, words_again
from ui.language import Texts
from ui.pictures import opener, show_file
from ui.shown import Call
from ui.wording import percent

NARROWEST, WIDEST = 256, 512
"""How wide a drawing is shown in the conversation, in CSS pixels; small ones are made larger."""


def draw_under_way(call: Call, texts: Texts) -> None:
    """How far a drawing has come, and what it looks like so far."""
    said = texts.gallery
    with st.container(width=NARROWEST, gap="xsmall", key="under-way"):
        if call.preview:
            # In the page itself: a file would be gone by the time that a slow browser asks for it.
            st.image(f"data:image/jpeg;base64,{call.preview}", width="stretch", alt=said["preview"])
        st.progress(call.fraction, text=said["under_way"].format(percent=percent(call.fraction)))


def draw_finished(
    ref: ImageRef,
    made: Made | None,
    images: ImageStore,
    texts: Texts,
    say: Callable[[str], None] | None,
    *,
    key: str,
) -> None:
    """A drawing of the conversation. `say` has another one drawn; None while that must wait. `key` names the place."""
    said = texts.gallery
    with st.container(width=min(max(ref.width, NARROWEST), WIDEST), gap="xxsmall", key=f"drawing-{key}"):
        try:
            show_file(images.path(ref.sha256), width="stretch", alt=f"{ref.handle} {ref.name}")
        except ImageMissing:
            st.caption(texts.picture_gone.format(handle=ref.handle))
            return
        with st.container(horizontal=True, gap="small", key=f"actions-{key}"):
            opener(ref, f"drawn-{key}", texts)
            st.button(
                said["another"],
                key=f"another-{key}",
                icon=":material/casino:",
                type="tertiary",
                disabled=say is None,
                on_click=say,
                args=(said["say_another"].format(handle=ref.handle),),
            )
            if made is not None:
                use_again(made, texts, key=key)
                download(ref.sha256, made, images, texts, key=key)


def use_again(made: Made, texts: Texts, *, key: str) -> bool:
    """A button that puts the prompt and the seed into the box of the chat; whether it was clicked just now."""
    clicked: bool = st.button(
        texts.gallery["again"],
        key=f"use-again-{key}",
        icon=":material/replay:",
        type="tertiary",
        on_click=box.fill,
        args=(words_again(made, texts),),
    )
    return clicked


def download(sha256: str, made: Made, images: ImageStore, texts: Texts, *, key: str) -> None:
    """A button that saves the picture's file, in which stands how it was made."""
    st.download_button(
        texts.gallery["download"],
        partial(_bytes, sha256, images),
        file_name(made),
        "image/png",
        key=f"download-{key}",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
    )


def _bytes(sha256: str, images: ImageStore) -> bytes:
    return images.path(sha256).read_bytes()
