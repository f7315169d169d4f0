"""Work in a thread of its own, so that whoever watches may leave the page and come back."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from runtime.errors import VistalkError

logger = logging.getLogger(__name__)


class Background:
    """One piece of work, under way or over.

    Attributes:
        failure: why it failed; None while it is under way, and where it did not.
    """

    def __init__(self) -> None:
        self.failure: VistalkError | None = None
        self._cancel = threading.Event()
        self._over = threading.Event()

    @property
    def over(self) -> bool:
        """Whether nothing more is done."""
        return self._over.is_set()

    def stop(self) -> None:
        """Ask it to end; what is done by then is kept. Returns at once."""
        self._cancel.set()

    def finish(self) -> None:
        """Say that it is over."""
        self._over.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Return when it is over, or False after so many seconds."""
        return self._over.wait(timeout)

    @contextmanager
    def failures_kept(self) -> Iterator[None]:
        """Whatever goes wrong inside becomes `failure`."""
        try:
            yield
        except VistalkError as error:
            self.failure = error
        except Exception as error:
            logger.exception("%s ended in a way that was not foreseen", type(self).__name__)
            self.failure = VistalkError.unforeseen(error)
