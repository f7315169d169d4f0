"""Loads models when they are first used, shares each fairly, and unloads the least recently used to stay in memory."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from runtime.errors import Cancelled, ModelTooLarge
from runtime.hardware import free_memory, is_out_of_memory, readable, release_memory
from runtime.queueing import FairLock, OnWait

T = TypeVar("T")

RESERVE = 256 * 2**20  # bytes of free memory left to the rest of the machine


@dataclass(frozen=True)
class ModelSpec(Generic[T]):
    """How to load a model.

    Attributes:
        key: names this model and this way to load it; the same key is the same model.
        kind: what it does: "vlm", "reader", …
        estimate: bytes that it needs, asked before it is loaded.
        load: loads it. The model's `close()`, where it has one, is called before it is dropped.
    """

    key: str
    kind: str
    estimate: Callable[[], int]
    load: Callable[[], T]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model in memory, for display. `bytes` is its estimate; `seconds_idle` is 0 while it is `busy`."""

    key: str
    kind: str
    bytes: int
    seconds_idle: float
    busy: bool
    waiting: int


@dataclass(slots=True)
class _Resident:
    model: Any
    kind: str
    bytes: int
    last_used: float


class ModelPool:
    """The models of this process.

    Args:
        budget: bytes that all loaded models together may take, by their estimates; None: what is free.
        available: bytes that are free now, asked where there is no budget.
    """

    def __init__(self, budget: int | None = None, available: Callable[[], int] = free_memory) -> None:
        self._budget = budget
        self._available = available
        self._guard = threading.Lock()  # of the three below, held for moments only
        self._residents: dict[str, _Resident] = {}  # least recently used first
        self._locks: defaultdict[str, FairLock] = defaultdict(FairLock)  # a model's holder uses, loads or drops it
        self._closed = False
        self._loading = FairLock()  # one model is loaded at a time, so that each sees what the last one left

    @contextmanager
    def lease(
        self, spec: ModelSpec[T], *, cancel: threading.Event | None = None, on_wait: OnWait | None = None
    ) -> Iterator[T]:
        """The loaded model, this thread's alone until the block ends; keep no reference to it beyond that.

        Args:
            spec: what to load, if it is not loaded.
            cancel: set it to stop waiting.
            on_wait: told the position in the queue for the model, then in the queue of those to be loaded.

        Raises:
            Cancelled: `cancel` was set during the wait, or the pool is closed.
            ModelTooLarge: it does not fit, even with all idle models unloaded.
            VistalkError: whatever else `spec.load` raises; the next lease tries again.
        """
        with self._lock(spec.key).hold(cancel, on_wait):
            if self._closed:
                raise Cancelled
            if spec.key not in self._residents:
                with self._loading.hold(cancel, on_wait):
                    self._load(spec)
            try:
                yield self._residents[spec.key].model
            finally:
                with self._guard:
                    self._residents[spec.key] = used = self._residents.pop(spec.key)
                    used.last_used = time.monotonic()

    def loaded(self) -> list[Loaded]:
        """What is in memory, the least recently used first."""
        with self._guard:
            rows = [(key, resident, self._locks[key]) for key, resident in self._residents.items()]
        return [_describe(*row) for row in rows]

    def unload(self, key: str) -> bool:
        """Drop a model once those who use it and wait for it are done; False where it is not loaded."""
        with self._lock(key).hold():
            return self._drop(key)

    def close(self) -> None:
        """Drop every model, each once its user is done; whoever waits for one, or comes later, is told `Cancelled`."""
        with self._guard:
            self._closed = True
            keys = list(self._locks)
        for key in keys:
            self.unload(key)

    def _lock(self, key: str) -> FairLock:
        with self._guard:
            return self._locks[key]

    def _load(self, spec: ModelSpec[Any]) -> None:
        """Make room and load; the caller holds the model's lock and the loading lock."""
        size = spec.estimate()
        self._make_room(spec.key, size)
        try:
            model = spec.load()
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            raise ModelTooLarge(f"Memory ran out while the model {spec.key} was loaded.") from error
        with self._guard:
            self._residents[spec.key] = _Resident(model, spec.kind, size, time.monotonic())

    def _make_room(self, key: str, size: int) -> None:
        """Unload idle models, the least recently used first, until `size` bytes fit."""
        while True:
            rows = self.loaded()
            if self._budget is None:
                room = self._available() - RESERVE
            else:
                room = self._budget - sum(row.bytes for row in rows)
            if size <= room:
                return
            idle = [row for row in rows if not row.busy]
            # a budget is arithmetic, so what cannot help is left loaded; of free memory only a try tells
            hopeless = self._budget is not None and size > room + sum(row.bytes for row in idle)
            if hopeless or not any(self._drop_if_idle(row.key) for row in idle):
                raise ModelTooLarge(self._refusal(key, size, max(0, room), rows))

    def _refusal(self, key: str, size: int, room: int, rows: list[Loaded]) -> str:
        where = "free" if self._budget is None else f"left of the budget of {readable(self._budget)}"
        others = [f"{row.key} ({readable(row.bytes)}, {'in use' if row.busy else 'idle'})" for row in rows]
        return (
            f"The model {key} needs {readable(size)} of memory, and {readable(room)} is {where}; "
            f"{'loaded already: ' + ', '.join(others) if others else 'nothing else is loaded'}."
        )

    def _drop_if_idle(self, key: str) -> bool:
        lock = self._lock(key)
        if not lock.try_acquire():
            return False
        try:
            return self._drop(key)
        finally:
            lock.release()

    def _drop(self, key: str) -> bool:
        """Close a model, forget it and return its memory; the caller holds its lock."""
        with self._guard:
            resident = self._residents.pop(key, None)
        if resident is None:
            return False
        close = getattr(resident.model, "close", None)
        if close is not None:
            close()
        del resident, close  # the last references, gone before memory is collected
        release_memory()
        return True


def _describe(key: str, resident: _Resident, lock: FairLock) -> Loaded:
    busy = lock.busy
    idle = 0.0 if busy else time.monotonic() - resident.last_used
    return Loaded(key, resident.kind, resident.bytes, idle, busy, lock.waiting)
