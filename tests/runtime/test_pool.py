"""The pool loads once, serves fairly, stays in its budget, unloads the least recently used, and frees memory."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from runtime.errors import Cancelled, ModelCorrupt, ModelTooLarge
from runtime.pool import RESERVE, Loaded, ModelPool, ModelSpec

MB = 10**6


class Model:
    """Something to load; `log` tells what was loaded and closed, in order."""

    def __init__(self, key: str, log: list[str]) -> None:
        self.key, self.log = key, log
        log.append(f"load {key}")

    def close(self) -> None:
        self.log.append(f"close {self.key}")


def spec(key: str, size: int, log: list[str]) -> ModelSpec[Model]:
    return ModelSpec(key, "test", lambda: size, lambda: Model(key, log))


def use(pool: ModelPool, wanted: ModelSpec[Model]) -> None:
    with pool.lease(wanted) as model:
        assert model.key == wanted.key


def wait_and_use(pool: ModelPool, wanted: ModelSpec[Model], queued: threading.Event) -> None:
    with pool.lease(wanted, on_wait=lambda position: queued.set()) as model:
        assert model.key == wanted.key


def keys(pool: ModelPool) -> list[str]:
    return [row.key for row in pool.loaded()]


def test_loads_when_first_used_and_once() -> None:
    log: list[str] = []
    pool = ModelPool(100)
    wanted = spec("a", 10, log)
    assert log == []
    use(pool, wanted)
    use(pool, wanted)
    assert log == ["load a"]


def test_concurrent_first_calls_load_once() -> None:
    log: list[str] = []
    pool = ModelPool(100)
    together = threading.Barrier(8)

    def ask() -> int:
        together.wait(10)
        with pool.lease(spec("a", 10, log)) as model:
            return id(model)

    with ThreadPoolExecutor(8) as threads:
        seen = {done.result(30) for done in [threads.submit(ask) for _ in range(8)]}
    assert log == ["load a"]
    assert len(seen) == 1


def test_shows_what_is_loaded() -> None:
    log: list[str] = []
    pool = ModelPool(100)
    queued = threading.Event()
    with ThreadPoolExecutor(1) as threads:
        with pool.lease(spec("a", 10, log)):
            waiter = threads.submit(wait_and_use, pool, spec("a", 10, log), queued)
            assert queued.wait(10)
            assert pool.loaded() == [Loaded("a", "test", 10, 0.0, busy=True, waiting=1)]
        waiter.result(10)
    (row,) = pool.loaded()
    assert (row.busy, row.waiting) == (False, 0)
    assert row.seconds_idle > 0


def test_unloads_the_least_recently_used_before_it_would_not_fit() -> None:
    log: list[str] = []
    pool = ModelPool(100)
    a, b, c = spec("a", 40, log), spec("b", 40, log), spec("c", 40, log)
    use(pool, a)
    use(pool, b)
    use(pool, a)
    use(pool, c)
    assert log == ["load a", "load b", "close b", "load c"]
    assert keys(pool) == ["a", "c"]


def test_never_unloads_what_is_in_use() -> None:
    log: list[str] = []
    pool = ModelPool(1000 * MB)
    with pool.lease(spec("a", 600 * MB, log)):
        use(pool, spec("b", 300 * MB, log))
        with pytest.raises(ModelTooLarge) as caught:
            use(pool, spec("c", 500 * MB, log))
    assert log == ["load a", "load b"], "what cannot make enough room is left loaded"
    assert caught.value.message == (
        "The model c needs 500 MB of memory, and 100 MB is left of the budget of 1.0 GB; "
        "loaded already: a (600 MB, in use), b (300 MB, idle)."
    )


def test_says_what_a_model_needs_and_what_there_is() -> None:
    pool = ModelPool(2_000 * MB)
    with pytest.raises(ModelTooLarge) as caught:
        use(pool, spec("big", 9_100 * MB, []))
    assert caught.value.message == (
        "The model big needs 9.1 GB of memory, and 2.0 GB is left of the budget of 2.0 GB; nothing else is loaded."
    )
    pool = ModelPool(available=lambda: RESERVE + 512 * MB)
    with pytest.raises(ModelTooLarge) as caught:
        use(pool, spec("big", 9_100 * MB, []))
    assert "and 512 MB is free" in caught.value.message


def test_without_a_budget_looks_at_free_memory_again_after_each_unload() -> None:
    log: list[str] = []
    taken: Counter[str] = Counter()

    class Sized(Model):
        def __init__(self, key: str, size: int) -> None:
            super().__init__(key, log)
            taken[key] = size

        def close(self) -> None:
            super().close()
            del taken[self.key]

    def sized(key: str, size: int) -> ModelSpec[Sized]:
        return ModelSpec(key, "test", lambda: size, lambda: Sized(key, size))

    pool = ModelPool(available=lambda: RESERVE + 100 - taken.total())
    for wanted in (sized("a", 30), sized("b", 30), sized("c", 30), sized("d", 60)):
        with pool.lease(wanted):
            pass
    assert log == ["load a", "load b", "load c", "close a", "close b", "load d"]
    with pytest.raises(ModelTooLarge), pool.lease(sized("e", 101)):
        pass
    assert pool.loaded() == []


def test_a_model_that_is_taken_while_room_is_made_stays() -> None:
    log: list[str] = []
    taken, enough = threading.Event(), threading.Event()
    a, b = spec("a", 60, log), spec("b", 60, log)

    def take() -> None:
        with pool.lease(a):
            taken.set()
            assert enough.wait(10)

    with ThreadPoolExecutor(1) as threads:

        def available() -> int:
            """Asked when b needs room, after the pool has seen a idle."""
            if "load a" in log and not taken.is_set():
                threads.submit(take)
                assert taken.wait(10)
            return RESERVE + 100 - 60 * ("load a" in log)

        pool = ModelPool(available=available)
        use(pool, a)
        with pytest.raises(ModelTooLarge):
            use(pool, b)
        enough.set()
    assert log == ["load a"]


def test_a_failing_load_leaves_the_pool_clean() -> None:
    attempts: list[str] = []

    def load() -> str:
        attempts.append("x")
        if len(attempts) == 1:
            raise ModelCorrupt("broken")
        return "model"

    pool = ModelPool(100)
    wanted = ModelSpec("a", "test", lambda: 90, load)
    with pytest.raises(ModelCorrupt), pool.lease(wanted):
        pass
    assert pool.loaded() == []
    with pool.lease(wanted) as model:
        assert model == "model"


def test_memory_that_runs_out_during_a_load_is_told() -> None:
    def load() -> Any:
        import torch

        return torch.empty(2**55, dtype=torch.float32)

    pool = ModelPool(100)
    huge = ModelSpec("huge", "test", lambda: 1, load)
    with pytest.raises(ModelTooLarge, match="ran out while the model huge was loaded"), pool.lease(huge):
        pass
    assert pool.loaded() == []


def test_a_user_that_fails_gives_the_model_back() -> None:
    log: list[str] = []
    pool = ModelPool(100)
    with pytest.raises(ZeroDivisionError), pool.lease(spec("a", 10, log)):
        raise ZeroDivisionError
    use(pool, spec("a", 10, log))
    assert log == ["load a"]


def test_one_who_waits_can_leave() -> None:
    pool = ModelPool(100)
    cancel, log = threading.Event(), list[str]()

    def wait() -> None:
        with pool.lease(spec("a", 10, log), cancel=cancel, on_wait=lambda position: cancel.set()):
            log.append("served")

    with ThreadPoolExecutor(1) as threads, pool.lease(spec("a", 10, log)):
        assert isinstance(threads.submit(wait).exception(10), Cancelled)
    assert log == ["load a"]


def test_leasing_a_model_twice_in_one_thread_is_refused() -> None:
    pool = ModelPool(100)
    with pool.lease(spec("a", 10, [])), pytest.raises(RuntimeError, match="already holds"):
        use(pool, spec("a", 10, []))


def test_unload_waits_for_the_user() -> None:
    log: list[str] = []
    pool = ModelPool(100)
    with ThreadPoolExecutor(1) as threads:
        with pool.lease(spec("a", 10, log)) as model:
            unloaded = threads.submit(pool.unload, "a")
            assert not unloaded.done()
            model.log.append("used")
        assert unloaded.result(10)
    assert log == ["load a", "used", "close a"]
    assert not pool.unload("a")


def test_close_drops_everything_and_turns_waiters_away() -> None:
    log: list[str] = []
    pool = ModelPool(100)
    closing_began, queued = threading.Event(), threading.Event()

    class Telling(Model):
        def close(self) -> None:
            super().close()
            closing_began.set()

    with pool.lease(ModelSpec("a", "test", lambda: 10, lambda: Telling("a", log))):
        pass
    with ThreadPoolExecutor(2) as threads:
        with pool.lease(spec("b", 10, log)):
            closing = threads.submit(pool.close)
            assert closing_began.wait(10)
            waiter = threads.submit(wait_and_use, pool, spec("b", 10, log), queued)
            assert queued.wait(10)
        closing.result(10)
        assert isinstance(waiter.exception(10), Cancelled)
    assert pool.loaded() == []
    assert log == ["load a", "load b", "close a", "close b"]
    with pytest.raises(Cancelled):
        use(pool, spec("a", 10, log))
