"""Bytes to characters, whoever wrote them: the encodings of plain text, and what is dropped from any text."""

from __future__ import annotations

import codecs
import re
import unicodedata
from itertools import islice

from memory.documents.parts import Outline, Part, Unreadable

_BOMS = (  # the longer first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 4096
_CHINESE_SHARE = 0.7
_CONTROLS, _CONTROL_SHARE = 3, 0.01  # how many control characters a text may hold: these, and this share
_LINE_ENDS = re.compile("\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")
# Hyphens that only show at a line's end, control characters, marks of width and direction, and halves of characters.
_DROPPED = re.compile(
    "\u00ad\n?|[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff"
    "\ud800-\udfff\ufdd0-\ufdef\ufff9-\ufffb\ufffe\uffff]"
)
_EMPTY_LINES = re.compile(r"\n{3,}")


def read_text(data: bytes) -> list[Part]:
    """The parts of a plain text: it has no headings, so at most one."""
    outline = Outline()
    outline.text(cleaned(decoded(data)))
    return outline.parts()


def cleaned(text: str) -> str:
    """Lines end with newlines, never more than one empty line in a row, and nothing that is not shown."""
    lines = _DROPPED.sub("", _LINE_ENDS.sub("\n", text)).split("\n")
    return _EMPTY_LINES.sub("\n\n", "\n".join(line.rstrip() for line in lines))


def decoded(data: bytes, declared: str = "") -> str:
    """The characters of a text in an encoding that its bytes announce, or else in the likeliest.

    In this order: what a byte order mark says, `declared` if it fits, UTF-8, UTF-16 told by its zero bytes, GB18030
    when the characters are ones that Chinese texts are made of, and Western European, which fits anything.

    Raises:
        Unreadable: these are not the bytes of a text.
    """
    text = _decoded(data, declared)
    controls = sum(unicodedata.category(c) == "Cc" and not c.isspace() for c in text[:_SAMPLE])
    if "\0" in text or controls > _CONTROLS + _CONTROL_SHARE * min(len(text), _SAMPLE):
        raise Unreadable("binary")
    return text


def _decoded(data: bytes, declared: str) -> str:
    marked = next((encoding for mark, encoding in _BOMS if data.startswith(mark)), "")
    if marked:
        try:
            return data.decode(marked)
        except UnicodeDecodeError as error:
            raise Unreadable("damaged") from error
    for encoding in (declared, "utf-8", _utf_16(data), "gb18030"):
        text = _attempt(data, encoding)
        if text is not None and (encoding != "gb18030" or encoding == declared or _is_chinese(text)):
            return text
    return _attempt(data, "cp1252") or data.decode("latin-1")


def _attempt(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (LookupError, UnicodeDecodeError):  # no encoding of that name, or not this one
        return None


def _utf_16(data: bytes) -> str:
    """Western text in UTF-16 has a zero in every other byte, and no other text has any."""
    even, odd = data[:_SAMPLE:2].count(0), data[1:_SAMPLE:2].count(0)
    if max(even, odd) * 4 < min(len(data), _SAMPLE) // 2 or min(even, odd) * 20 > max(even, odd):
        return ""
    return "utf-16-be" if even > odd else "utf-16-le"


def _is_chinese(text: str) -> bool:
    """Whether most of what is not ASCII is among the 3,755 everyday characters and the marks of GB 2312.

    Western text is read as GB18030 as well, but then turns into characters that hardly anyone uses.
    """
    foreign = list(islice((c for c in text if not c.isascii()), _SAMPLE))
    rows = [(c.encode("gb2312", "ignore") or b"\0")[0] for c in foreign]
    everyday = sum(0xA1 <= row <= 0xA3 or 0xB0 <= row <= 0xD7 for row in rows)
    return everyday >= _CHINESE_SHARE * len(foreign)
