"""Pictures of the library on the page: in a grid, and one of them in full size."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import streamlit as st

from memory.decode import decode
from memory.library.library import Library
from memory.library.records import Picture, PictureHit
from memory.library.walking import shown
from runtime.errors import ImageMissing, UserError
from runtime.settings import Settings
from ui.faults import failure
from ui.language import Texts
from ui.pictures import DIALOG_WIDTHS
from ui.safe import literal
from ui.wording import file_size, similarity

OPENED = "looked at"
"""Where the picture is kept whose full size is shown."""


def grid(found: Sequence[Picture | PictureHit], library: Library, words: Texts, *, key: str) -> None:
    """A cell a picture; a click opens it in full size. `key` names the grid."""
    with st.container(key=f"gallery-{key}"):
        for one in found:
            picture, score = (one.picture, one.score) if isinstance(one, PictureHit) else (one, None)
            with st.container(key=f"cell-{key}-{picture.id}", gap=None):
                _draw(picture, score, library, words, key)


def _draw(picture: Picture, score: float | None, library: Library, words: Texts, key: str) -> None:
    name = shown(Path(picture.path.name))
    try:
        st.image(library.thumbnail(picture), width="stretch", alt=name)
    except UserError:  # its likeness is lost, and so is the file
        st.caption(f":material/broken_image: {words.library['no_likeness']}")
    st.button(
        literal(name),
        key=f"look-{key}-{picture.id}",
        type="tertiary",
        wrap=False,
        on_click=_open,
        args=(picture,),
    )
    facts = [_day(picture) if score is None else similarity(score, words)]
    if not picture.present:
        facts.append(f":red[{words.library['missing']}]")
    st.caption(" · ".join(facts))


def _open(picture: Picture) -> None:
    st.session_state[OPENED] = picture


def _close() -> None:
    st.session_state.pop(OPENED, None)


def opened_picture(settings: Settings, library: Library, words: Texts) -> None:
    """The dialog with the picture that was opened last, until it is closed."""
    picture: Picture | None = st.session_state.get(OPENED)
    if picture is not None:
        title = literal(shown(Path(picture.path.name)))
        width: Literal["medium", "large"] = "medium" if picture.width <= DIALOG_WIDTHS["medium"] else "large"
        st.dialog(title, width=width, on_dismiss=_close)(_full_size)(picture, settings, library, words)


def _full_size(picture: Picture, settings: Settings, library: Library, words: Texts) -> None:
    said, name = words.library, shown(Path(picture.path.name))
    try:
        st.image(_whole_now(picture, settings), width="content", alt=name)
    except UserError as error:
        if isinstance(error, ImageMissing):
            st.error(said["file_gone"])
        else:
            failure(error, words)
        with suppress(UserError):
            st.image(library.thumbnail(picture), width="content", alt=name)
    facts = {
        "entry": picture.entry,
        "caption": picture.caption,
        "text": picture.text,
        "path": shown(picture.path),
        "taken": picture.taken.replace("T", " "),
        "modified": f"{datetime.fromtimestamp(picture.modified, UTC).astimezone():%Y-%m-%d %H:%M}",
        "size": f"{picture.width} × {picture.height} · {file_size(picture.bytes)}",
        "place": "" if picture.place is None else "{:.5f}, {:.5f}".format(*picture.place),
    }
    st.markdown("  \n".join(f":gray[{said[name]}] {literal(fact)}" for name, fact in facts.items() if fact))


def _day(picture: Picture) -> str:
    """When it was taken, or else when its file was changed."""
    return picture.taken[:10] or f"{datetime.fromtimestamp(picture.modified, UTC).astimezone():%Y-%m-%d}"


def _whole_now(picture: Picture, settings: Settings) -> bytes:
    try:
        modified = picture.path.stat().st_mtime_ns
    except OSError as error:
        raise ImageMissing from error
    limits = (settings.max_upload_bytes, settings.max_pixels)
    data: bytes = _whole(picture.path, modified, limits)
    return data


@st.cache_data(show_spinner=False, max_entries=16)
def _whole(path: Path, modified_ns: int, limits: tuple[int, int]) -> bytes:  # noqa: ARG001  a key
    """The file's picture as any browser shows it.

    Raises:
        ImageMissing: the file is gone.
        ImageRejected: it is no picture any more.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImageMissing from error
    buffer = io.BytesIO()
    decode(data, max_bytes=limits[0], max_pixels=limits[1]).image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()
