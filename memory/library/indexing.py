# ruff: noqa: A001 - an id is called id
"""Bringing the index in line with what lies on disk.

    walk ─ unchanged? ─▶ threads: read, hash, decode, thumbnail ─▶ this thread: encode ─▶ one thread: vectors, then rows

Reading runs ahead of the encoder and writing behind it, so that it never waits for either. A row is written after its
vector, and a vector's key names the content: killed at any moment, the next run finds keys without rows, which it
sweeps, and files without rows, which it indexes.
"""

from __future__ import annotations

import os
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from memory.library.catalogue import read_catalogue
from memory.library.preparing import ReadyDocument, ReadyPicture, Same
from memory.library.records import Failure, Outcome, Picture, Progress
from memory.library.walking import shown
from runtime.errors import SetupError, VistalkError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Sequence

    from PIL import Image

    from memory.library.keeping import Keeper
    from memory.library.preparing import Prepared, Preparer, Unreadable
    from memory.library.rows import FileRow, Known
    from memory.library.walking import Found, Walk
    from runtime.encoder.base import Encoder, PassageEncoder

BATCH = 32
"""Pictures that are encoded and kept together."""
PASSAGE_BATCH = 64
"""Passages that are encoded together."""

_READERS = 2
_AHEAD = 2 * BATCH


@dataclass(slots=True)
class Makers:
    """What is made of files: vectors, and, where given, captions and the text in pictures."""

    encoder: Encoder
    passages: PassageEncoder
    describe: Callable[[Image.Image], str] | None = None
    read: Callable[[Image.Image], str] | None = None


@dataclass(slots=True)
class _Counts:
    total: int = 0
    done: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    path: str = ""
    failures: list[Failure] = field(default_factory=list)

    def numbers(self) -> tuple[int, int, int, int, int, int, int]:
        """In the order in which `Progress` and `Outcome` begin."""
        failed = len(self.failures)
        return self.done, self.total, self.new, self.changed, self.unchanged, self.removed, failed


class Indexing:
    """One run. It holds what is counted, and the batch that is being written."""

    def __init__(
        self,
        keeper: Keeper,
        preparer: Preparer,
        makers: Makers,
        cancel: threading.Event,
        report: Callable[[Progress], None],
    ) -> None:
        self._keeper = keeper
        self._preparer = preparer
        self._makers = makers
        self._cancel = cancel
        self._report = report
        self._counts = _Counts()
        self._known: dict[bytes, Known] = {}
        self._batch: list[ReadyPicture] = []
        self._touched: list[FileRow] = []
        self._writing: Future[None] | None = None
        self._written: list[FileRow] = []

    def run(self, walk: Walk) -> Outcome:
        """Index what was found, and take out of the index what is gone.

        Raises:
            DiskFull, SetupError, ModelError: what was written before stays.
        """
        began = time.monotonic()
        counts = self._counts
        counts.failures += walk.failures
        counts.total = len(walk.files)
        self._known = self._keeper.rows.known()
        self._remove(walk)
        lost = self._keeper.lost()
        todo = [found for found in walk.files if not self._settled(found, lost)]
        counts.done = counts.unchanged = counts.total - len(todo)
        self._tell()
        with ThreadPoolExecutor(_READERS, "library-read") as readers, ThreadPoolExecutor(1, "library-write") as writer:
            for prepared in self._prepared(readers, todo, lost):
                self._take(prepared, writer)
            self._flush(writer)
            self._wait()
        self._catalogues(walk)
        self._tell()
        cancelled = self._cancel.is_set() and counts.done < counts.total
        return Outcome(*counts.numbers(), tuple(counts.failures), time.monotonic() - began, cancelled)

    def _settled(self, found: Found, lost: set[str]) -> bool:
        known = self._known.get(os.fsencode(found.path))
        return (
            known is not None
            and (known.bytes, known.modified_ns) == (found.bytes, found.modified_ns)
            and known.id not in lost
        )

    def _remove(self, walk: Walk) -> None:
        """Files under what was looked through that are gone; nothing below a folder that could not be read."""
        here = {os.fsencode(found.path) for found in walk.files}
        unread = self._keeper.below(walk.unread)
        ids = {self._known[path].id: path for path in self._known if path not in here}
        gone = [id for id in self._keeper.below(walk.roots) if id in ids and id not in unread]
        self._keeper.remove(gone)
        for id in gone:
            del self._known[ids[id]]
        self._counts.removed = len(gone)

    def _prepared(self, readers: ThreadPoolExecutor, todo: Sequence[Found], lost: set[str]) -> Iterator[Prepared]:
        """Every file in order, read by threads that are at most `_AHEAD` files ahead; stops when that is asked."""
        waiting: deque[Future[Prepared]] = deque()
        files = iter(todo)
        try:
            while not self._cancel.is_set():
                while len(waiting) < _AHEAD and (found := next(files, None)) is not None:
                    known = self._known.get(os.fsencode(found.path))
                    waiting.append(
                        readers.submit(
                            self._preparer.prepare, found, None if known is None or known.id in lost else known
                        )
                    )
                if not waiting:
                    return
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def _take(self, prepared: Prepared, writer: ThreadPoolExecutor) -> None:
        if isinstance(prepared, ReadyPicture):
            self._batch.append(prepared)
            if len(self._batch) == BATCH:
                self._flush(writer)
        elif isinstance(prepared, ReadyDocument):
            self._document(prepared, writer)
        elif isinstance(prepared, Same):
            self._touched.append(prepared.file)
            if len(self._touched) == BATCH:
                self._flush(writer)
        else:
            self._fail(prepared)

    def _document(self, ready: ReadyDocument, writer: ThreadPoolExecutor) -> None:
        texts = [passage.in_context for passage in ready.passages]
        parts = []
        for at in range(0, len(texts), PASSAGE_BATCH):
            if self._cancel.is_set():
                return
            parts.append(self._makers.passages.encode_passages(texts[at : at + PASSAGE_BATCH]))
        vectors = np.concatenate(parts)
        self._write(writer, [ready.file], lambda: self._keeper.put_document(ready.file, ready.passages, vectors))

    def _flush(self, writer: ThreadPoolExecutor) -> None:
        batch, self._batch = self._batch, []
        touched, self._touched = self._touched, []
        if touched:
            self._keeper.rows.touch(touched)
            self._counts.unchanged += len(touched)
            self._counts.done += len(touched)
            self._tell()
        if not batch or self._cancel.is_set():
            return
        vectors = self._makers.encoder.encode_images([ready.image for ready in batch])
        pictures = [(ready.file, self._picture(ready)) for ready in batch]
        if not self._cancel.is_set():  # else words are missing that were asked for
            self._write(writer, [file for file, _ in pictures], lambda: self._keeper.put_pictures(pictures, vectors))

    def _write(self, writer: ThreadPoolExecutor, files: list[FileRow], write: Callable[[], None]) -> None:
        """Begin to write, once what was being written is."""
        self._wait()
        self._writing, self._written = writer.submit(write), files

    def _wait(self) -> None:
        if self._writing is None:
            return
        writing, self._writing = self._writing, None
        writing.result()
        for file in self._written:
            if os.fsencode(file.path) in self._known:
                self._counts.changed += 1
            else:
                self._counts.new += 1
            self._counts.done += 1
            self._counts.path = shown(file.path)
        self._tell()

    def _picture(self, ready: ReadyPicture) -> Picture:
        file, facts = ready.file, ready.facts
        known = self._known.get(os.fsencode(file.path))
        caption, text = self._keeper.rows.words(file.id) if known and known.sha256 == file.sha256 else ("", "")
        return Picture(
            file.id,
            file.path,
            file.path.parent,
            file.sha256,
            file.bytes,
            file.modified_ns / 1e9,
            facts.width,
            facts.height,
            facts.taken,
            facts.place,
            caption or self._words(self._makers.describe, ready),
            text or self._words(self._makers.read, ready),
            "",
            file.indexed,
        )

    def _words(self, make: Callable[[Image.Image], str] | None, ready: ReadyPicture) -> str:
        """A caption, or the text read; a picture that a model fails on is indexed without."""
        if make is None or self._cancel.is_set():
            return ""
        try:
            return make(ready.image)
        except SetupError:  # it would be the same for every picture
            raise
        except VistalkError as error:
            if not self._cancel.is_set():
                self._counts.failures.append(Failure(shown(ready.file.path), error.message, "model"))
            return ""

    def _fail(self, unreadable: Unreadable) -> None:
        """What was known of the file before is no longer true of it."""
        path = unreadable.found.path
        known = self._known.pop(os.fsencode(path), None)
        if known is not None:
            self._keeper.remove([known.id])
        if known is not None and unreadable.gone:
            self._counts.removed += 1
        else:
            self._counts.failures.append(Failure(shown(path), unreadable.reason, unreadable.cause))
        self._counts.done += 1
        self._counts.path = shown(path)

    def _catalogues(self, walk: Walk) -> None:
        """What catalogues say now; a picture that none names any more loses its entry."""
        said: dict[bytes, str] = {}
        for catalogue in walk.catalogues:
            entries, failures = read_catalogue(catalogue)
            said.update({os.fsencode(path): entry for path, entry in entries.items()})
            self._counts.failures += failures
        looked_at = {os.fsencode(found.path) for found in walk.files}
        kept = self._keeper.rows.entries()
        self._keeper.rows.set_entries(
            {
                id: said.get(path, "")
                for path, (id, entry) in kept.items()
                if path in looked_at and said.get(path, "") != entry
            }
        )

    def _tell(self) -> None:
        self._report(Progress(*self._counts.numbers(), self._counts.path))
