"""Pages of bare lines to parts: headings are found again, and what every page repeats is left out."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from memory.documents.parts import Outline, Part

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NUMBERED = re.compile(r"(\d{1,2}(?:\.\d{1,2}){1,3})\.?\s+(\D.{1,80}[^\s.,;:，。；：…])")
_OF_CONTENTS = re.compile(r"[\s.…]\d+$")  # ends with the number of a page
_SKIPPED = 3  # numbers that may be missing before a heading is no longer taken for the next
_NUMBER = re.compile(r"\s*\d{1,2}(?:\.\d{1,2})*\.?\s")
_A_NUMBER = re.compile(r"^0\b|\b0$")  # at an end of a line's shape
_SENTENCE_END = re.compile(r"[.!?][\"'”’)\]]*(?:\s+|$)")
_SPILL_LINES = 5
_BELOW_BOOKMARKS = 100
_REPEATS = 3


class Bookmark(NamedTuple):
    """An entry of the table of contents that a file carries; `level` 1 is the outermost."""

    level: int
    title: str


def lay_out(texts: Sequence[str], bookmarks: Mapping[int, Sequence[Bookmark]]) -> list[Part]:
    """Parts of the texts of all pages.

    A heading is a line that repeats a bookmark of its page, or one that is numbered like "4.2 Milk" and comes next
    in the numbering. A bookmark whose title is not found takes effect at the end of its page. A sentence belongs to
    the page that it begins on.

    Args:
        texts: one for each page.
        bookmarks: of each page, counted from 1.
    """
    running = _running_lines(texts)
    outline = Outline()
    numbers: tuple[int, ...] = ()
    lines: list[str] = []
    expected: list[Bookmark] = []
    for page, text in enumerate(texts, 1):
        rest, fresh = _spill(_without(running, text)) if lines else ("", _without(running, text))
        outline.text("\n".join([*lines, rest]))
        for mark in expected:
            outline.heading(mark.level, mark.title)
        outline.turn_to(page)
        lines = []
        expected = list(bookmarks.get(page, ()))
        for line in fresh:
            found = next((mark for mark in expected if _title(mark.title) == _title(line)), None)
            if found:
                del expected[: expected.index(found) + 1]
            elif section := _section(line, numbers):
                numbers = section
                found = Bookmark(_BELOW_BOOKMARKS + len(numbers), line)
            if found:
                outline.text("\n".join(lines))
                outline.heading(found.level, found.title)
                lines = []
            else:
                lines.append(line)
    outline.text("\n".join(lines))
    return outline.parts()


def _spill(lines: list[str]) -> tuple[str, list[str]]:
    """The rest of a sentence that began on the page before, told by its small letter, and the lines without it."""
    text = "\n".join(lines[:_SPILL_LINES])
    end = _SENTENCE_END.search(text)
    if not end or not text[0].islower():
        return "", lines
    return text[: end.end()].rstrip(), [*text[end.end() :].split("\n"), *lines[_SPILL_LINES:]]


def _section(line: str, before: tuple[int, ...]) -> tuple[int, ...] | None:
    """The number of a line that is a numbered heading and may follow the section `before`."""
    match = _NUMBERED.fullmatch(line.strip())
    if not match or match[2][0].islower() or _OF_CONTENTS.search(match[2]):
        return None
    numbers = tuple(map(int, match[1].split(".")))
    above, last = numbers[:-1], numbers[-1]
    if last == 1:
        return numbers
    follows = above == before[: len(above)] and len(before) > len(above)
    return numbers if follows and 0 < last - before[len(above)] <= _SKIPPED else None


def _running_lines(texts: Sequence[str]) -> set[str]:
    """First and last lines that several pages have: with the number of the page, or on more than half of them."""
    ends = Counter(line for text in texts for line in {_shape(end) for end in _ends(text)})
    return {
        line for line, pages in ends.items() if pages >= _REPEATS and (_A_NUMBER.search(line) or 2 * pages > len(texts))
    }


def _without(running: set[str], text: str) -> list[str]:
    lines = text.strip().split("\n")
    for at in (0, -1):
        if lines and _shape(lines[at]) in running:
            del lines[at]
    return lines


def _ends(text: str) -> list[str]:
    lines = text.strip().split("\n")
    return [lines[0], lines[-1]] if any(lines) else []


def _shape(line: str) -> str:
    return re.sub(r"\d+", "0", _key(line))


def _title(line: str) -> str:
    """Of a heading, what is the same in the bookmark and on the page, of which one may lack the number."""
    return _key(_NUMBER.sub("", line)) or _key(line)


def _key(line: str) -> str:
    return " ".join(line.split()).casefold()
