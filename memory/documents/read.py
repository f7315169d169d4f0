"""Bytes of a document in, parts with headings and pages out; the one door to the readers of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memory.documents import html, markdown, pdf, text
from memory.documents.parts import MAX_CHARACTERS, Unreadable
from memory.names import shown_name
from runtime.errors import DocumentRejected

if TYPE_CHECKING:
    from pathlib import Path

    from memory.documents.parts import Part

MAX_BYTES = 50_000_000
"""Largest file."""

_READERS = {
    ".md": markdown.read_markdown,
    ".markdown": markdown.read_markdown,
    ".txt": text.read_text,
    ".html": html.read_html,
    ".htm": html.read_html,
    ".pdf": pdf.read_pdf,
}
SUFFIXES = frozenset(_READERS)
"""Names that end so, in capitals or not, are documents that `read_document` takes."""

_SPLIT = "Cut it into several files and index those."
_ANEW = "Save it anew, or index another copy."
_REJECTIONS = {  # reason: the sentence, and what to do; without the latter the error's own advice stands
    "unknown_format": ("{who} is not a kind of document that is read here.", ""),
    "empty": ("{who} is empty.", "Check that it was saved."),
    "too_many_bytes": (f"{{who}} is larger than {MAX_BYTES / 1e6:g} MB, the most that is read.", _SPLIT),
    "binary": ("{who} is not text, whatever its name says.", ""),
    "damaged": ("{who} is damaged: it cannot be read to its end.", _ANEW),
    "encrypted": ("{who} is locked with a password.", "Save a copy without the password and index that."),
    "pictures": (
        "{who} has no text; its pages are pictures.",
        "Have its text recognised by a scanning program first, or index its pages as pictures.",
    ),
    "no_text": ("{who} has no text.", _ANEW),
    "too_many_pages": (f"{{who}} has more than {pdf.MAX_PAGES:,} pages, the most that is read.", _SPLIT),
    "too_long": (f"{{who}} has more than {MAX_CHARACTERS:,} characters, the most that is read.", _SPLIT),
    "too_deep": ("{who} is nested too deeply: lists in lists, or elements in elements.", _ANEW),
    "too_slow": ("{who} is so intricate that reading it was given up.", _ANEW),
}


def read_document(path: Path, data: bytes) -> list[Part]:
    """Read a document of unknown origin; nothing is fetched and nothing in it is run.

    Args:
        path: only its last part is used: the suffix tells the kind, and the name is shown in messages.
        data: the file's bytes.

    Returns:
        At least one part, none of them blank.

    Raises:
        DocumentRejected: naming the file, its fault and what to do; `reason` tells the fault to programs.
    """
    try:
        return _read(path.suffix.lower(), data)
    except Unreadable as fault:
        sentence, hint = _REJECTIONS[fault.reason]
        shown = shown_name(path.name)
        who = f'"{shown}"' if shown else "The document"
        raise DocumentRejected(sentence.format(who=who), reason=fault.reason, hint=hint) from fault


def _read(suffix: str, data: bytes) -> list[Part]:
    if suffix not in _READERS:
        raise Unreadable("unknown_format")
    if not data:
        raise Unreadable("empty")
    if len(data) > MAX_BYTES:
        raise Unreadable("too_many_bytes")
    try:
        parts = _READERS[suffix](data)
    except (Unreadable, MemoryError):
        raise
    except Exception as error:  # readers of hostile bytes throw anything
        raise Unreadable("damaged") from error
    if not parts:
        raise Unreadable("no_text")
    return parts
