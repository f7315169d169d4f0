"""Indexing that runs in a thread of its own, so that whoever watches may leave the page and come back."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from time import monotonic

from memory.library.records import Outcome, Progress
from runtime.errors import VistalkError
from ui.librarian import Indexing, Librarian

logger = logging.getLogger(__name__)


class Run:
    """One indexing, under way or over.

    Attributes:
        progress: how far it has come; None until the files are counted.
        outcome: what it came to; None while it is under way, and where it failed.
        failure: why it failed.

    Args:
        begun: called once something is done.
    """

    def __init__(self, begun: Callable[[], None]) -> None:
        self.progress: Progress | None = None
        self.outcome: Outcome | None = None
        self.failure: VistalkError | None = None
        self._begun = begun
        self._counted: tuple[float, int] | None = None  # when the files were counted, and how many needed no work
        self._cancel = threading.Event()
        self._over = threading.Event()

    @property
    def done(self) -> bool:
        """Whether it is over."""
        return self._over.is_set()

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

    def stop(self) -> None:
        """Ask it to end; what is indexed by then is kept. Returns at once."""
        self._cancel.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Return when it is over, or False after so many seconds."""
        return self._over.wait(timeout)

    def carry_out(self, request: Indexing, librarian: Librarian) -> None:
        """Index on this thread; whatever goes wrong becomes `failure`."""
        try:
            self.outcome = request.run(librarian, self._report, self._cancel)
        except VistalkError as error:
            self.failure = error
        except Exception as error:
            logger.exception("indexing ended in a way that was not foreseen")
            message = f"Something unexpected happened: {type(error).__name__}."
            self.failure = VistalkError(message, hint="`vistalk --debug` tells more.")

    def finish(self) -> None:
        """Say that it is over."""
        self._over.set()

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
        return run is not None and not run.done

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
