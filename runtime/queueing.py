"""A lock that serves whoever came first, tells those who wait where they stand, and lets them leave."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from runtime.errors import Cancelled

POLL_SECONDS = 0.02  # how often a waiter looks at its `cancel`: one thread cannot wait for two things at once

OnWait = Callable[[int], None]
"""Told one's position in the queue; 1 is next, and 0 says that the wait is over."""

_LISTENER: ContextVar[OnWait | None] = ContextVar("listener", default=None)


@contextmanager
def telling(on_wait: OnWait) -> Iterator[None]:
    """Have all waits in this context, until the block ends, told to `on_wait` where they name nobody else.

    So whoever waits for an answer hears where it stands in the queue, whatever lies between it and the lock.
    """
    token = _LISTENER.set(on_wait)
    try:
        yield
    finally:
        _LISTENER.reset(token)


class FairLock:
    """A mutual exclusion lock, strictly first come, first served.

    Any thread may release it, since a generator that holds it can be finalised on another thread; but a thread that
    holds it and asks again is refused at once instead of waiting for itself for ever.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._queue: deque[object] = deque()
        self._owner: int | None = None

    @property
    def waiting(self) -> int:
        """How many are in the queue, the one who holds the lock not counted."""
        with self._changed:
            return len(self._queue)

    @property
    def busy(self) -> bool:
        """Whether somebody holds the lock or waits for it."""
        with self._changed:
            return self._owner is not None or bool(self._queue)

    def try_acquire(self) -> bool:
        """Take the lock where nobody holds it and nobody waits; never blocks."""
        with self._changed:
            if self._owner is not None or self._queue:
                return False
            self._owner = threading.get_ident()
            return True

    def acquire(self, cancel: threading.Event | None = None, on_wait: OnWait | None = None) -> None:
        """Wait for one's turn.

        Args:
            cancel: set it, and the wait ends within `POLL_SECONDS` or so.
            on_wait: called in this thread with the position, each time it changes, and with 0 once the lock is had;
                not called where the lock is free. Without it, who listens by `telling` is told.

        Raises:
            Cancelled: `cancel` was set before the lock was had. The others move up.
            RuntimeError: this thread holds the lock already.
        """
        ticket = object()
        tell = on_wait or _LISTENER.get() or (lambda _position: None)
        with self._changed:
            if self._owner == threading.get_ident():
                raise RuntimeError("this thread already holds the lock; waiting for it would never end")
            self._queue.append(ticket)
        try:
            told = 0
            while position := self._wait_for_news(ticket, told, cancel):
                tell(position)
                told = position
        except BaseException:  # also what `on_wait` raises, and Ctrl-C
            with self._changed:
                self._queue.remove(ticket)
                self._changed.notify_all()
            raise
        if told:
            try:
                tell(0)
            except BaseException:
                self.release()
                raise

    def _wait_for_news(self, ticket: object, told: int, cancel: threading.Event | None) -> int:
        """Return 0 once the lock is taken, or before that a position other than the one told."""
        with self._changed:
            while True:
                if cancel is not None and cancel.is_set():
                    raise Cancelled
                position = self._queue.index(ticket) + 1
                if position == 1 and self._owner is None:
                    self._queue.popleft()
                    self._owner = threading.get_ident()
                    self._changed.notify_all()
                    return 0
                if position != told:
                    return position
                self._changed.wait(None if cancel is None else POLL_SECONDS)

    def release(self) -> None:
        """Hand the lock to whoever is next.

        Raises:
            RuntimeError: nobody holds it.
        """
        with self._changed:
            if self._owner is None:
                raise RuntimeError("the lock is not held")
            self._owner = None
            self._changed.notify_all()

    @contextmanager
    def hold(self, cancel: threading.Event | None = None, on_wait: OnWait | None = None) -> Iterator[None]:
        """`acquire`, and `release` at the end of the block."""
        self.acquire(cancel, on_wait)
        try:
            yield
        finally:
            self.release()
