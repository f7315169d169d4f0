"""Parts into passages of a bounded length, cut where the text itself pauses."""

from __future__ import annotations

import re
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from memory.documents.parts import Part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    Cut = Callable[[str], Iterable[int]]

_PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*")
_SENTENCE = re.compile(r"[.!?…][\"'”’)\]]*\s+(?=[^a-z\s])|[。！？；][」』”’）]*\s*")
_ITEM = re.compile(r"\s*(?:[-*+•‣–]|\(?\w{1,3}[.)])\s")


def split(parts: Sequence[Part], *, most: int = 900) -> list[Part]:
    """Passages of at most `most` characters, in the document's order, each under one heading and on one page.

    A section that fits stays whole. One that does not is cut between paragraphs; a paragraph that does not fit,
    between list items and table rows, then between sentences, lines and words, and only then anywhere. Neighbours
    are joined again as long as they fit, so that no passage is shorter than it must be. Every character of the
    parts that is not whitespace stands in exactly one passage.
    """
    passages = []
    for (heading, page), group in groupby(parts, key=lambda part: (part.heading, part.page)):
        text = "\n\n".join(part.text for part in group)
        pieces = (piece.strip() for piece in _pieces(text, most, _CUTS))
        passages += [Part(heading, page, piece) for piece in pieces if piece]
    return passages


def _pieces(text: str, most: int, cuts: Sequence[Cut]) -> list[str]:
    """`text` in pieces that, joined, are `text` again, and stripped are no longer than `most`."""
    if len(text.strip()) <= most:
        return [text]
    if not cuts:
        return [text[at : at + most] for at in range(0, len(text), most)]
    pieces: list[str] = []
    for start, end in pairwise([0, *cuts[0](text), len(text)]):
        for piece in _pieces(text[start:end], most, cuts[1:]):
            if pieces and len((pieces[-1] + piece).strip()) <= most:
                pieces[-1] += piece
            else:
                pieces.append(piece)
    return pieces


def _after(pattern: re.Pattern[str]) -> Cut:
    return lambda text: (match.end() for match in pattern.finditer(text))


def _items(text: str) -> Iterator[int]:
    """Before a line that begins a list item, and around one that is a table's row."""
    start = 0
    row_before = False
    for line in text.splitlines(keepends=True):
        row = " | " in line or line.startswith("|")
        if start and (row or row_before or _ITEM.match(line)):
            yield start
        row_before = row
        start += len(line)


_CUTS: tuple[Cut, ...] = (
    _after(_PARAGRAPH),
    _items,
    _after(_SENTENCE),
    _after(re.compile(r"\n\s*")),
    _after(re.compile(r"\s+")),
)
