"""Find passages in the user's documents."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from runtime.errors import Cancelled, LibraryEmpty
from tools.base import Arguments, Source, Tool, ToolContext, ToolResult, UserWords
from tools.wording import line, say, unlinked

if TYPE_CHECKING:
    from memory.library.library import Library
    from memory.library.records import PassageHit
    from runtime.encoder.base import PassageEncoder

    Rerank = Callable[[Sequence[PassageHit], str, threading.Event], list[PassageHit]]
    """From the passages found, best first, and the question: the same in a better order."""


LOOKED_THROUGH = 100
"""How many passages a search orders, of which few are quoted."""


class SearchDocumentsArguments(Arguments):
    """The user's own question."""

    query: UserWords


class SearchDocuments(Tool[SearchDocumentsArguments]):
    """The passages that say most about a question, quoted word for word, best first.

    Args:
        library: gives the user's, which need not be open before.
        passages: puts questions into the space of the library's vectors.
        top: how many are quoted.
        rerank: looks a second time at what was found.
    """

    name: ClassVar[str] = "search_documents"
    arguments = SearchDocumentsArguments

    def __init__(
        self, library: Callable[[], Library], passages: PassageEncoder, top: int = 3, rerank: Rerank | None = None
    ) -> None:
        self._library = library
        self._passages = passages
        self._top = top
        self._rerank = rerank

    def run(self, arguments: SearchDocumentsArguments, context: ToolContext) -> ToolResult:
        """See `Tool.run`. Anyone may have written the documents, so it is untrusted."""
        sources: tuple[Source, ...] = ()
        text = say(context.language, "nothing_written")
        try:
            hits = self.hits(arguments.query, context.cancel)
            sources = tuple(_source(hit) for hit in hits[: self._top])
        except LibraryEmpty:
            text = say(context.language, "no_documents")
        if sources:
            quotes = [_quoted(number, source, context.language) for number, source in enumerate(sources, 1)]
            text = "\n\n".join(quotes)
        context.emit(text)
        return ToolResult(text, sources=sources)

    def hits(self, query: str, cancel: threading.Event) -> list[PassageHit]:
        """The first `LOOKED_THROUGH` passages about a question, best first.

        Raises:
            LibraryEmpty: no document is indexed.
            EncoderChanged: the index was made by another encoder.
            Cancelled, and what the encoder and the second look raise.
        """
        [vector] = self._passages.encode_queries([query])
        if cancel.is_set():
            raise Cancelled
        hits = self._library().search_passages(query, vector, self._passages.id, top=LOOKED_THROUGH)
        return self._rerank(hits, query, cancel) if self._rerank else hits


def _source(hit: PassageHit) -> Source:
    passage = hit.passage
    path = os.fsencode(passage.path).decode("utf-8", "replace")  # a name of odd bytes cannot be saved as text
    return Source(path, passage.heading, passage.page, passage.text, hit.score)


def label(source: Source, language: str) -> str:
    """Where a passage stands: the file's name, the headings above it, the page."""
    page = "" if source.page is None else say(language, "page", page=source.page)
    return " · ".join(part for part in (line(Path(source.path).name), line(source.heading), page) if part)


def _quoted(number: int, source: Source, language: str) -> str:
    """A passage as a Markdown quotation that nothing in it can end, under its number and its place."""
    lines = [f"> {part.rstrip()}".rstrip() for part in unlinked(source.text).splitlines()]
    return "\n".join([f"[{number}] {label(source, language)}", "", *lines])
