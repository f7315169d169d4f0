"""Which conversations have a turn under way: one at a time each."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from runtime.errors import ThreadBusy


class Underway:
    """The conversations with a turn under way. Safe to use from several threads."""

    def __init__(self) -> None:
        self._threads: set[str] = set()
        self._guard = threading.Lock()

    def __contains__(self, thread: str) -> bool:
        with self._guard:
            return thread in self._threads

    @contextmanager
    def alone(self, thread: str) -> Iterator[None]:
        """While it is entered, the conversation has a turn under way.

        Raises:
            ThreadBusy: it has one already.
        """
        with self._guard:
            if thread in self._threads:
                raise ThreadBusy
            self._threads.add(thread)
        try:
            yield
        finally:
            with self._guard:
                self._threads.discard(thread)
