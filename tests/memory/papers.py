"""Small PDF documents, made by hand so that every byte is known."""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Sequence

FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"


def pdf_of(objects: Sequence[bytes]) -> bytes:
    """A file of these objects, numbered from 1, of which the first is the catalogue."""
    file = b"%PDF-1.7\n"
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(file))
        file += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return (
        file
        + b"xref\n0 %d\n0000000000 65535 f \n" % size
        + table
        + b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (size, len(file))
    )


def stream(content: bytes, entries: bytes = b"") -> bytes:
    packed = zlib.compress(content)
    return b"<<%b/Filter/FlateDecode/Length %d>>stream\n%b\nendstream" % (entries, len(packed), packed)


def page_of(contents: int, resources: bytes = b"/Font<</F 3 0 R>>") -> bytes:
    return b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents %d 0 R/Resources<<%b>>>>" % (contents, resources)


def paper(*pages: str, bookmarks: Sequence[tuple[int, str]] = (), password: str | None = None) -> bytes:
    """A document whose pages show these lines.

    Args:
        pages: lines divided by newlines.
        bookmarks: page, from 1, and title; one whose title begins with a space stands under the one before.
        password: what opens it; an empty one leaves it open to all readers though it is encrypted.
    """
    objects = [b"", b"", FONT]
    kids = []
    for text in pages:
        lines = [line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)") for line in text.split("\n")]
        shown = "".join(f"({line}) Tj T*\n" for line in lines).encode("cp1252")
        kids.append(b"%d 0 R" % (len(objects) + 1))
        objects += [page_of(len(objects) + 2), stream(b"BT /F 12 Tf 14 TL 50 750 Td\n" + shown + b"ET")]
    objects[0] = b"<</Type/Catalog/Pages 2 0 R>>"
    objects[1] = b"<</Type/Pages/Kids[%b]/Count %d>>" % (b" ".join(kids), len(kids))
    plain = pdf_of(objects)
    return _furnished(plain, bookmarks, password) if bookmarks or password is not None else plain


def scan(pages: int = 1) -> bytes:
    """A document whose pages are pictures."""
    image = Image.new("RGB", (80, 100), "white")
    file = io.BytesIO()
    image.save(file, "PDF", save_all=True, append_images=[image] * (pages - 1))
    return file.getvalue()


def _furnished(plain: bytes, bookmarks: Sequence[tuple[int, str]], password: str | None) -> bytes:
    from pypdf import PdfWriter

    writer = PdfWriter(clone_from=io.BytesIO(plain))
    above = None
    for page, title in bookmarks:
        entry = writer.add_outline_item(
            title=title.strip(), page_number=page - 1, parent=above if title.startswith(" ") else None
        )
        if not title.startswith(" "):
            above = entry
    if password is not None:
        writer.encrypt(password, "owner", algorithm="AES-256")
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()
