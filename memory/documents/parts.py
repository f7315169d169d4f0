"""What a document is made of once it is read, and how the readers build it."""

from __future__ import annotations

from dataclasses import dataclass

from memory.names import plain_line

MAX_CHARACTERS = 5_000_000
"""Most text of one document, about 2,500 printed pages."""

_HEADING_CHARS = 120
_BETWEEN = " › "


class Unreadable(Exception):
    """Thrown by a reader; `reason` is one of those of `DocumentRejected`, which `read_document` makes of it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a document's text that stands under one heading and on one page.

    Attributes:
        heading: the headings above it, outermost first, such as "Returns › Electronics"; empty when there are none.
        page: counted from 1; None for documents without pages.
        text: paragraphs divided by empty lines; list items and table rows stand on lines of their own.
    """

    heading: str
    page: int | None
    text: str


class Outline:
    """Takes headings and texts in the order of the document and keeps what belongs together.

    A heading with nothing under it becomes a text of its own, so that none of its words are lost.

    Raises:
        Unreadable: the document is longer than `MAX_CHARACTERS`.
    """

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._open: list[tuple[int, str]] = []  # level and title of each heading that is in force
        self._bare = False
        self._texts: list[str] = []
        self._page: int | None = None
        self._length = 0

    def turn_to(self, page: int) -> None:
        """Begin a page, counted from 1; the headings stay in force."""
        self._close_part()
        self._page = page

    def heading(self, level: int, title: str) -> None:
        """Begin a section; `level` 1 is the outermost. A blank title begins nothing."""
        title = plain_line(title, _HEADING_CHARS)
        if not title:
            return
        self._close_part()
        if self._bare and level <= self._open[-1][0]:
            self._close_bare()
        while self._open and self._open[-1][0] >= level:
            self._open.pop()
        self._open.append((level, title))
        self._bare = True
        self._grow(title)

    def text(self, text: str) -> None:
        """Add a paragraph, a list, a table, or a stretch of several; a blank one adds nothing."""
        text = text.strip("\n")
        if text.strip():
            self._texts.append(text)
            self._bare = False
            self._grow(text)

    def parts(self) -> list[Part]:
        """All that was added, once the document has come to its end."""
        self._close_part()
        if self._bare:
            self._close_bare()
        return self._parts

    def _grow(self, text: str) -> None:
        self._length += len(text)
        if self._length > MAX_CHARACTERS:
            raise Unreadable("too_long")

    def _close_part(self) -> None:
        if self._texts:
            self._parts.append(Part(self._path(), self._page, "\n\n".join(self._texts)))
            self._texts = []

    def _close_bare(self) -> None:
        title = self._open.pop()[1]
        self._parts.append(Part(self._path(), self._page, title))
        self._bare = False

    def _path(self) -> str:
        return _BETWEEN.join(title for _, title in self._open)
