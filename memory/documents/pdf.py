"""PDF to parts, page by page: words as the pages show them, bookmarks as headings."""

from __future__ import annotations

import io
import logging
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from memory.documents.pages import Bookmark, lay_out
from memory.documents.parts import MAX_CHARACTERS, Part, Unreadable
from memory.documents.text import cleaned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pypdf import PageObject, PdfReader

MAX_PAGES = 2_000
"""Most pages of a document."""
MAX_SECONDS = 120.0
"""Longest time that the pages of a document may take together; looked at between two pages."""

# A page of a thousand lines comes to a tenth of this; one made to be slow is given up after a few seconds.
_MAX_OPERATIONS = 300_000
_MAX_FORMS = 500
_MAX_STREAM_BYTES = 20_000_000


def read_pdf(data: bytes) -> list[Part]:
    """The parts of a PDF document. One that opens without a password is read, whatever it forbids its reader to do.

    Raises:
        Unreadable: it is locked, too long, too slow to read, or its pages are pictures.
    """
    import pypdf
    from pypdf.errors import FileNotDecryptedError, LimitReachedError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # or the terminal is told of every oddity that it mends
    limits = pypdf.apply_configuration(
        stream_parsing_work_maximum_count=_MAX_OPERATIONS,
        xform_maximum_invocations_per_extraction=_MAX_FORMS,
        zlib_maximum_output_length=_MAX_STREAM_BYTES,
        lzw_maximum_output_length=_MAX_STREAM_BYTES,
        run_length_maximum_output_length=_MAX_STREAM_BYTES,
        array_based_stream_maximum_output_length=_MAX_STREAM_BYTES,
        stream_decoding_work_maximum_length=4 * _MAX_STREAM_BYTES,
    )
    try:
        with limits:
            reader = pypdf.PdfReader(io.BytesIO(data))
            return lay_out(_texts(reader), _bookmarks(reader))
    except FileNotDecryptedError as error:
        raise Unreadable("encrypted") from error
    except LimitReachedError as error:
        raise Unreadable("too_slow") from error


def _texts(reader: PdfReader) -> list[str]:
    """The text of each page."""
    if len(reader.pages) > MAX_PAGES:
        raise Unreadable("too_many_pages")
    give_up = time.monotonic() + MAX_SECONDS
    texts: list[str] = []
    length = 0
    for page in reader.pages:
        if time.monotonic() > give_up:
            raise Unreadable("too_slow")
        texts.append(cleaned(page.extract_text()))
        length += len(texts[-1])
        if length > MAX_CHARACTERS:
            raise Unreadable("too_long")
    if not any(text.strip() for text in texts) and any(map(_has_picture, reader.pages)):
        raise Unreadable("pictures")
    return texts


def _has_picture(page: PageObject) -> bool:
    objects = page.get("/Resources", {}).get("/XObject", {})
    return any(objects[name].get("/Subtype") == "/Image" for name in objects)


def _bookmarks(reader: PdfReader) -> dict[int, list[Bookmark]]:
    """Those of each page, counted from 1, in the order of the document."""
    on_page: dict[int, list[Bookmark]] = defaultdict(list)
    for level, entry in _entries(reader.outline, 1):
        page = reader.get_destination_page_number(entry)
        if page is not None:
            on_page[page + 1].append(Bookmark(level, str(entry.title)))
    return on_page


def _entries(outline: list[Any], level: int) -> Iterator[tuple[int, Any]]:
    """pypdf gives what stands under an entry as a list behind it."""
    for entry in outline:
        if isinstance(entry, list):
            yield from _entries(entry, level + 1)
        else:
            yield level, entry
