"""The lock grants in order of arrival, tells positions, and lets waiters leave without harm to the others."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from runtime.errors import Cancelled
from runtime.queueing import FairLock, telling


class Waiter:
    """A thread that asks for the lock, notes its positions and that it was served, and lets go."""

    def __init__(
        self, lock: FairLock, name: str, served: list[str], pool: ThreadPoolExecutor, *, patient: bool = False
    ) -> None:
        self.lock, self.name, self.served, self.patient = lock, name, served, patient
        self.cancel = threading.Event()
        self.positions: list[int] = []
        self._queued, self._moved = threading.Event(), threading.Condition()
        self.done: Future[None] = pool.submit(self._run)
        assert self._queued.wait(10)

    def _run(self) -> None:
        with self.lock.hold(None if self.patient else self.cancel, self._note):
            self.served.append(self.name)

    def _note(self, position: int) -> None:
        with self._moved:
            self.positions.append(position)
            self._moved.notify_all()
        self._queued.set()

    def wait_for(self, position: int) -> None:
        with self._moved:
            assert self._moved.wait_for(lambda: self.positions[-1] == position, timeout=10)


@pytest.fixture
def threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(16)


def test_grants_in_order_of_arrival(threads: ThreadPoolExecutor) -> None:
    lock, served = FairLock(), list[str]()
    names = [f"{number:02}" for number in range(12)]
    with lock.hold():
        waiters = [Waiter(lock, name, served, threads) for name in names]
        assert lock.waiting == 12
    for waiter in waiters:
        waiter.done.result(10)
    assert served == names
    assert not lock.busy


def test_positions_count_down_and_each_is_told_once(threads: ThreadPoolExecutor) -> None:
    lock, served = FairLock(), list[str]()
    with lock.hold():
        first, second = (Waiter(lock, name, served, threads) for name in "ab")
        third = Waiter(lock, "c", served, threads, patient=True)  # it looks only when it is told of a change
        assert [first.positions, second.positions, third.positions] == [[1], [2], [3]]
        first.cancel.set()
        third.wait_for(2)
        second.cancel.set()
        third.wait_for(1)
    third.done.result(10)
    assert third.positions == [3, 2, 1, 0]


def test_a_free_lock_is_had_at_once_and_no_position_is_told() -> None:
    lock, told = FairLock(), list[int]()
    with lock.hold(on_wait=told.append):
        assert lock.busy
        assert lock.waiting == 0
    assert told == []


def test_who_listens_is_told_where_the_wait_names_nobody(threads: ThreadPoolExecutor) -> None:
    lock, heard, queued = FairLock(), list[int](), threading.Event()

    def hear(position: int) -> None:
        heard.append(position)
        queued.set()

    def wait() -> None:
        with telling(hear), lock.hold():
            pass
        with lock.hold():  # nobody listens any more
            heard.append(99)

    with lock.hold():
        done = threads.submit(wait)
        assert queued.wait(10)
    done.result(10)
    assert heard == [1, 0, 99]


def test_who_fails_to_hear_that_the_wait_is_over_leaves_the_lock_free(threads: ThreadPoolExecutor) -> None:
    lock, queued = FairLock(), threading.Event()

    def hear(position: int) -> None:
        queued.set()
        if not position:
            raise BrokenPipeError

    with lock.hold():
        done = threads.submit(lock.acquire, None, hear)
        assert queued.wait(10)
    assert isinstance(done.exception(10), BrokenPipeError)
    assert not lock.busy


def test_one_who_leaves_does_not_disturb_the_others(threads: ThreadPoolExecutor) -> None:
    lock, served = FairLock(), list[str]()
    with lock.hold():
        waiters = [Waiter(lock, name, served, threads) for name in "abcde"]
        for leaving in (waiters[0], waiters[2], waiters[4]):
            leaving.cancel.set()
            with pytest.raises(Cancelled):
                leaving.done.result(10)
        assert lock.waiting == 2
        assert served == []
    waiters[3].done.result(10)
    assert served == ["b", "d"]


def test_leaving_is_prompt(threads: ThreadPoolExecutor) -> None:
    lock = FairLock()

    def seconds_to_leave() -> float:
        waiter = Waiter(lock, "a", [], threads)
        started = time.perf_counter()
        waiter.cancel.set()
        assert isinstance(waiter.done.exception(10), Cancelled)
        return time.perf_counter() - started

    with lock.hold():
        assert min(seconds_to_leave() for _ in range(5)) < 0.05  # the fastest: other programs delay some


def test_one_who_was_cancelled_before_gets_no_lock_though_it_is_free() -> None:
    lock, cancel = FairLock(), threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        lock.acquire(cancel)
    assert not lock.busy


def test_asking_again_in_the_same_thread_is_refused() -> None:
    lock = FairLock()
    with lock.hold():
        with pytest.raises(RuntimeError, match="already holds"):
            lock.acquire()
        assert lock.waiting == 0
    lock.acquire()
    lock.release()


def test_a_callback_that_fails_leaves_the_queue(threads: ThreadPoolExecutor) -> None:
    lock = FairLock()

    def fail(position: int) -> None:
        raise ZeroDivisionError

    with lock.hold():
        with pytest.raises(ZeroDivisionError):
            threads.submit(lock.acquire, None, fail).result(10)
        assert lock.waiting == 0
    assert not lock.busy


def test_trying_never_waits_and_never_overtakes(threads: ThreadPoolExecutor) -> None:
    lock, queued, enough = FairLock(), threading.Event(), threading.Event()

    def stay() -> None:
        with lock.hold(on_wait=lambda position: queued.set()):
            assert enough.wait(10)

    assert lock.try_acquire()
    assert not lock.try_acquire()
    staying = threads.submit(stay)
    assert queued.wait(10)
    lock.release()
    assert not lock.try_acquire(), "the one in the queue may not have woken yet"
    enough.set()
    staying.result(10)
    assert lock.try_acquire()


def test_another_thread_may_release(threads: ThreadPoolExecutor) -> None:
    lock = FairLock()
    lock.acquire()
    threads.submit(lock.release).result(10)
    assert lock.try_acquire()


def test_releasing_what_nobody_holds_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="not held"):
        FairLock().release()


def test_only_one_is_inside(threads: ThreadPoolExecutor) -> None:
    lock, inside, counted = FairLock(), list[int](), list[int]()

    def enter(number: int) -> None:
        for _ in range(200):
            with lock.hold():
                inside.append(number)
                counted.append(len(inside))
                inside.pop()

    for done in [threads.submit(enter, number) for number in range(6)]:
        done.result(60)
    assert counted == [1] * 1200
