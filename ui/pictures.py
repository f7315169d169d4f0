"""Pictures on the page: thumbnails with their handles, found ones in a grid, and boxes drawn on a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from memory.images import ImageStore
from memory.refs import ImageRef
from runtime.errors import ImageMissing
from runtime.vlm.base import Heat
from ui.boxes import Box, with_boxes, with_heat
from ui.language import Texts
from ui.safe import literal
from ui.wording import similarity

THUMBNAIL_WIDTH = 180
"""In CSS pixels."""

DIALOG_WIDTHS = {"medium": 700}
"""The widest picture, in pixels, that a dialog of that width shows whole."""

VIEWED = "viewed"
"""Where the picture is kept whose full size is shown."""


def thumbnails(refs: Sequence[ImageRef], images: ImageStore, texts: Texts) -> None:
    """A row of pictures; a click on a handle opens the picture in full size."""
    with st.container(horizontal=True, gap="small"):
        for ref in refs:
            with st.container(width="content", gap=None, horizontal_alignment="center", key=f"thumbnail-{ref.handle}"):
                _thumbnail(ref, images, texts)


def _thumbnail(ref: ImageRef, images: ImageStore, texts: Texts) -> None:
    try:
        path = images.thumbnail(ref.sha256)
    except ImageMissing:
        st.caption(texts.picture_gone.format(handle=ref.handle))
        return
    with st.container(width=min(THUMBNAIL_WIDTH, ref.width)):  # st.image would make the file itself that small
        st.image(path, width="stretch", alt=f"{ref.handle} {ref.name}")
    opener(ref, f"open-{ref.handle}", texts)


def opener(ref: ImageRef, key: str, texts: Texts) -> None:
    """A button with the picture's handle that opens it in full size."""
    shows = texts.open_picture.format(handle=ref.handle)
    if st.button(ref.handle, key=key, icon=":material/zoom_in:", type="tertiary", help=shows):
        st.session_state[VIEWED] = ref
        st.rerun()


def show_file(path: Path, *, width: Literal["stretch", "content"], alt: str) -> None:
    """A picture's file, byte for byte: left to itself, Streamlit makes a JPEG of a PNG."""
    st.image(path, width=width, output_format="PNG" if path.suffix == ".png" else "JPEG", alt=alt)


def gallery(
    found: Mapping[str, float | None], refs: Mapping[str, ImageRef], images: ImageStore, texts: Texts, *, key: str
) -> None:
    """Found pictures in a grid, the nearest first; a click on one opens it in full size. `key` names the search."""
    with st.container(key=f"gallery-{key}"):
        for handle, score in found.items():
            ref = refs[handle]
            with st.container(key=f"cell-{key}-{handle}", gap=None):
                try:
                    st.image(images.thumbnail(ref.sha256), width="stretch", alt=f"{handle} {ref.name}")
                except ImageMissing:
                    st.caption(texts.picture_gone.format(handle=handle))
                    continue
                opener(ref, f"found-{key}-{handle}", texts)
                near = "" if score is None else similarity(score, texts)
                st.caption(f"{literal(ref.name)}  \n{near}")


def evidence(found: Sequence[dict[str, Any]], refs: dict[str, ImageRef], images: ImageStore, texts: Texts) -> None:
    """Each picture that something was found in, with the places outlined."""
    for handle in dict.fromkeys(item["image"] for item in found):
        boxes = tuple(tuple(item["box"]) for item in found if item["image"] == handle)
        try:
            st.image(_boxed(images, refs[handle].sha256, boxes), caption=texts.found_in.format(handle=handle))
        except ImageMissing:
            st.caption(texts.picture_gone.format(handle=handle))


def heat_map(ref: ImageRef, heat: Heat, images: ImageStore, texts: Texts) -> None:
    """The picture, redder where more of the answer came from. Raises ImageMissing."""
    st.image(with_heat(images.open(ref.sha256), heat), caption=texts.where_shown.format(handle=ref.handle))


@st.cache_data(show_spinner=False, max_entries=64)
def _boxed(_images: ImageStore, sha256: str, boxes: tuple[Box, ...]) -> bytes:
    return with_boxes(_images.open(sha256), boxes)
