"""Markdown to parts: marks are dropped, words stay; code and tables are kept as text."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from memory.documents.parts import MAX_CHARACTERS, Outline, Part, Unreadable
from memory.documents.text import cleaned, decoded

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

MAX_DEPTH = 60
"""Deepest nesting of lists and quotations."""
MAX_SECONDS = 60.0
"""Longest time that the marks within a document's paragraphs may take; looked at between two of them."""

_MAX_MARKS = 400  # in one paragraph: the time to pair them grows with their square
_MARK = re.compile(r"[\[\]*_`<&!\\]")
_FRONT_MATTER = re.compile(r"---\n(.*?\n)(?:---|\.\.\.)\n", re.DOTALL)
_TAG = re.compile(r"<(?:!--|/?[a-zA-Z])[^<>]*>")


def read_markdown(data: bytes) -> list[Part]:
    """The parts of a Markdown document, tables of the GitHub flavour included.

    Raises:
        Unreadable: it is no text, too long, too slow to read, or lists and quotations are over `MAX_DEPTH` deep.
    """
    from markdown_it import MarkdownIt

    text = cleaned(decoded(data))
    if len(text) > MAX_CHARACTERS:
        raise Unreadable("too_long")
    parser = MarkdownIt("commonmark", {"maxNesting": MAX_DEPTH}).enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])  # what is within a paragraph is parsed by `_Document`
    document = _Document(parser)
    if matter := _FRONT_MATTER.match(text):
        document.outline.text(matter[1])
        text = text[matter.end() :]
    document.read(text)
    return document.outline.parts()


class _Document:
    """Follows the parser's tokens, with the lines of the list, table or quotation that is open."""

    def __init__(self, parser: MarkdownIt) -> None:
        self.outline = Outline()
        self._parser = parser
        self._references: dict[str, Any] = {}
        self._give_up = time.monotonic() + MAX_SECONDS
        self._lists = 0
        self._lines: list[str] = []
        self._cells: list[str] = []
        self._mark = ""

    def read(self, text: str) -> None:
        """Read the whole of a document."""
        before: Token | None = None
        for token in self._parser.parse(text, self._references):
            if token.level >= MAX_DEPTH - 1:
                raise Unreadable("too_deep")  # what lies deeper was left out by the parser
            if token.type == "inline" and before is not None:
                self._take_words(self._words(token.content), before)
            else:
                self._take(token)
            if token.level == 0 and token.nesting <= 0 and self._lines:
                self.outline.text("\n".join(self._lines))
                self._lines = []
            before = token

    def _take_words(self, words: str, within: Token) -> None:
        if within.type == "heading_open" and within.level == 0:
            self.outline.heading(int(within.tag[1:]), words)
        elif within.type in {"th_open", "td_open"}:
            self._cells.append(words.replace("\n", " "))
        else:
            self._add(words)

    def _take(self, token: Token) -> None:
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                self._lists += 1
            case "bullet_list_close" | "ordered_list_close":
                self._lists -= 1
            case "list_item_open":
                self._mark = "  " * (self._lists - 1) + (f"{token.info}. " if token.info else "- ")
            case "tr_close":
                self._add(" | ".join(self._cells))
                self._cells = []
            case "fence" | "code_block":
                self._add(token.content.rstrip("\n"))
            case "html_block":
                self._add(_TAG.sub("", token.content).strip())

    def _add(self, text: str) -> None:
        if text.strip():
            self._lines.append(self._mark + text)
            self._mark = ""

    def _words(self, text: str) -> str:
        """A paragraph's words: of a link its text, of a picture its description. A thicket of marks stays as it is."""
        if time.monotonic() > self._give_up:
            raise Unreadable("too_slow")
        if len(_MARK.findall(text)) > _MAX_MARKS:
            return text
        tokens: list[Token] = []
        self._parser.inline.parse(text, self._parser, self._references, tokens)
        return "".join(
            "\n" if token.type in {"softbreak", "hardbreak"} else token.content
            for token in tokens
            if token.type != "html_inline"
        )
