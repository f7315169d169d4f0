"""HTML to parts: what a reader of the page would see of its content, in the order of the page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from memory.documents.parts import Outline, Part, Unreadable
from memory.documents.text import cleaned, decoded

if TYPE_CHECKING:
    from lxml.etree import _Element

MAX_DEPTH = 1000
"""Deepest nesting of elements; old pages that never close theirs come to hundreds."""
MAX_TAGS = 500_000
"""Most tags of a page: each costs some hundred bytes and a few microseconds."""

_CHARSET = re.compile(
    rb"<meta[^>]{0,200}charset\s*=\s*[\"']?((?:utf|gb|big5|iso|windows|cp|koi8|euc|shift)[\w-]{0,20})", re.IGNORECASE
)
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_UNSEEN = frozenset(
    "script style nav template noscript head svg iframe object canvas select textarea button datalist audio"  # noqa: SIM905
    " video".split()
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_PARAGRAPHS = _HEADINGS | frozenset(
    "p div section article main header footer aside blockquote figure form ul ol dl table pre hr address details"  # noqa: SIM905
    " fieldset body".split()
)
_LINES = frozenset({"br", "li", "dt", "dd", "tr", "caption", "figcaption", "summary", "legend"})
_SPACE, _LINE, _PARAGRAPH = 1, 2, 3
_BREAKS = ("", " ", "\n", "\n\n")


def read_html(data: bytes) -> list[Part]:
    """The parts of a page. Scripts, styles, navigation and hidden elements are left out; nothing is fetched.

    Raises:
        Unreadable: it is no text, too long, of too many elements, or nested over `MAX_DEPTH` deep.
    """
    from lxml import etree

    declared = _CHARSET.search(data[:4096])
    text = cleaned(decoded(data, declared[1].decode("ascii") if declared else ""))
    if text.count("<") > MAX_TAGS:
        raise Unreadable("too_slow")
    # The characters are known by now: a parser that is told so does not go by what the page declares.
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True, huge_tree=True)
    root = etree.fromstring(text.encode(), parser)
    if root is None:  # not one element or word
        return []
    page = _Page()
    if root.find(".//h1") is None:
        page.outline.heading(1, root.findtext("head/title") or "")
    walk = etree.iterwalk(root, events=("start", "end"))
    depth = 0
    for event, element in walk:
        if event == "start":
            depth += 1
            if depth > MAX_DEPTH:
                raise Unreadable("too_deep")
            if _is_seen(element):
                page.begin(element)
                page.say(element.text or "")
            else:
                walk.skip_subtree()
        else:
            depth -= 1
            if _is_seen(element):
                page.end(element)
            page.say(element.tail or "")
    page.close_text()
    return page.outline.parts()


def _is_seen(element: _Element) -> bool:
    return not (
        element.tag in _UNSEEN
        or "hidden" in element.attrib
        or element.get("aria-hidden") == "true"
        or _HIDDEN_STYLE.search(element.get("style", ""))
    )


class _Page:
    """Puts a page's text together: white space as a browser shows it, list items and table rows on their own lines."""

    def __init__(self) -> None:
        self.outline = Outline()
        self._written: list[str] = []
        self._pause = 0  # how far the next word stands from the last
        self._glued = False  # the next word stands right behind the last
        self._verbatim = 0
        self._cells = 0  # how deep in cells of tables
        self._first_cell = True
        self._lists: list[int] = []  # the number of the last item of each open list; below zero for unnumbered ones

    def begin(self, element: _Element) -> None:
        """Take an element's start."""
        tag = str(element.tag)
        self._pause_for(tag)
        if tag in _HEADINGS and not self._cells:
            self.close_text()
        elif tag == "pre":
            self._verbatim += 1
        elif tag in {"ul", "ol"}:
            self._lists.append(0 if tag == "ol" else -1)
        elif tag == "li":
            self._begin_item()
        elif tag == "tr" and not self._cells:
            self._first_cell = True
        elif tag in {"td", "th"}:
            if not self._cells:
                self._begin_cell()
            self._cells += 1
        elif tag == "img":
            self.say(f" {element.get('alt', '')} ")

    def end(self, element: _Element) -> None:
        """Take an element's end."""
        tag = str(element.tag)
        if tag in _HEADINGS and not self._cells:
            self.outline.heading(int(tag[1]), self._taken())
        elif tag == "pre":
            self._verbatim -= 1
        elif tag in {"ul", "ol"}:
            self._lists.pop()
        elif tag in {"td", "th"}:
            self._cells -= 1
        self._pause_for(tag)

    def say(self, text: str) -> None:
        """Take text between two tags."""
        if self._verbatim and not self._cells:
            self._write(text)
        elif text:
            if text[0].isspace():
                self._pause_at_least(_SPACE)
            self._write(" ".join(text.split()))
            if text[-1].isspace():
                self._pause_at_least(_SPACE)

    def close_text(self) -> None:
        """Hand on what was said since the last heading."""
        self.outline.text(self._taken())

    def _begin_item(self) -> None:
        if self._lists and self._lists[-1] >= 0:
            self._lists[-1] += 1
            mark = f"{self._lists[-1]}. "
        else:
            mark = "- "
        if not self._cells:
            self._write("  " * (len(self._lists) - 1) + mark)
            self._glued = True

    def _begin_cell(self) -> None:
        if not self._first_cell:
            self._pause = 0
            self._write(" | ")
            self._glued = True
        self._first_cell = False

    def _pause_for(self, tag: str) -> None:
        if tag in _PARAGRAPHS:
            self._pause_at_least(_LINE if self._lists else _PARAGRAPH)
        elif tag in _LINES:
            self._pause_at_least(_LINE)

    def _pause_at_least(self, length: int) -> None:
        if not self._glued:
            self._pause = max(self._pause, min(length, _SPACE) if self._cells else length)

    def _write(self, text: str) -> None:
        if text:
            if self._written:
                self._written.append(_BREAKS[self._pause])
            self._written.append(text)
            self._pause = 0
            self._glued = False

    def _taken(self) -> str:
        text = "".join(self._written)
        self._written = []
        self._pause = 0
        self._glued = False
        return text
