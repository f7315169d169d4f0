"""Indexing that runs in a thread of its own, so that whoever watches may leave the page and come back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic

from memory.library.records import Outcome, Progress
from ui.background import Background
from ui.librarian import Indexing, Librarian


class Run(Background):
    """One indexing, under way or over; where it is stopped, what is indexed by then is kept.

    Attributes:
        progress: how far it has come; None until the files are counted.
        outcome: what it came to; None while it is under way, and where it failed.

    Args:
        begun: called once something is done.
    """

    def __init__(self, begun: Callable[[], None]) -> None:
        super().__init__()
        self.progress: Progress | None = None
        self.outcome: Outcome | None = None
        self._begun = begun
        self._counted: tuple[float, int] | None = None  # when the files were counted, and how many needed no work

    @property
    def begun(self) -> bool:
        """Whether something is done."""
        return self.progress is not None and self.progress.done > 0

    @property
    def rate(self) -> float:
        """Files a second since they were counted; 0 until one is done."""
        if self.progress is None or self._counted is None:
            return 0.0
        moment, settled = self._counted
        return (self.progress.done - settled) / max(monotonic() - moment, 1e-3)

    def carry_out(self, request: Indexing, librarian: Librarian) -> None:
        """Index on this thread; whatever goes wrong becomes `failure`."""
        with self.failures_kept():
            self.outcome = request.run(librarian, self._report, self._cancel)

    def _report(self, progress: Progress) -> None:
        if self._counted is None:
            self._counted = monotonic(), progress.done
        first = progress.done > 0 and not self.begun
        self.progress = progress
        if first:
            self._begun()


class Indexer:
    """Indexes for one library, one request at a time.

    Attributes:
        run: the last indexing, until it is dismissed.
        edition: a number that changes whenever what is indexed may have.
    """

    def __init__(self, librarian: Librarian) -> None:
        self._librarian = librarian
        self._guard = threading.Lock()
        self.run: Run | None = None
        self.edition = 0

    @property
    def busy(self) -> bool:
        """Whether something is being indexed."""
        run = self.run
        return run is not None and not run.over

    def start(self, request: Indexing) -> bool:
        """Begin, and return at once; False where something is being indexed already."""
        with self._guard:
            if self.busy:
                return False
            self.run = run = Run(self.changed)
        threading.Thread(target=self._carry_out, args=(run, request), name="indexing", daemon=True).start()
        return True

    def changed(self) -> None:
        """Note that what is indexed has changed."""
        with self._guard:
            self.edition += 1

    def dismiss(self) -> None:
        """Forget an indexing that is over."""
        with self._guard:
            if not self.busy:
                self.run = None

    def end(self) -> None:
        """Stop what is under way, and wait until it is over."""
        if run := self.run:
            run.stop()
            run.wait()

    def _carry_out(self, run: Run, request: Indexing) -> None:
        run.carry_out(request, self._librarian)
        self.changed()
        run.finish()
