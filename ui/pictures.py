"""Pictures on the page: thumbnails with their handles, the full size in a dialog, and boxes drawn on a picture."""

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

DIALOG_WIDTHS = {"small": 450, "medium": 700}
"""The widest picture, in pixels, that a dialog of that width shows whole."""


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
        st.session_state["viewed"] = ref
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


def viewed_picture(images: ImageStore) -> None:
    """The dialog with the picture that was opened last, until it is closed."""
    ref: ImageRef | None = st.session_state.get("viewed")
    if ref is not None:
        title = f"{ref.handle} · {literal(ref.name)}" if ref.name else ref.handle
        width = next((name for name, most in DIALOG_WIDTHS.items() if ref.width <= most), "large")
        st.dialog(title, width=width, on_dismiss=_close_picture)(_full_size)(ref, images)


def _full_size(ref: ImageRef, images: ImageStore) -> None:
    try:
        show_file(images.path(ref.sha256), width="content", alt=f"{ref.handle} {ref.name}")
    except ImageMissing as error:
        st.error(str(error))
    st.caption(f"{ref.width} × {ref.height}")


def _close_picture() -> None:
    st.session_state.pop("viewed", None)


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
