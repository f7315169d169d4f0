"""The pool loads once, serves fairly, stays in its budget, unloads the least recently used, and frees memory."""

from __future__ import annotations

import gc
import random
import threading
import weakref
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from runtime.errors import Cancelled, ModelCorrupt, ModelTooLarge
from runtime.hardware import rss
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
    with pytest.raises(ModelTooLarge, match="ran out while the model huge was loaded"):
        with pool.lease(ModelSpec("huge", "test", lambda: 1, load)):
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
    with pool.lease(spec("a", 10, [])):
        with pytest.raises(RuntimeError, match="already holds"):
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


def test_a_crowd_never_shares_a_model_and_never_goes_over_budget() -> None:
    resident: Counter[str] = Counter()
    inside: Counter[str] = Counter()
    faults: list[str] = []
    sizes = {"a": 50, "b": 40, "c": 30, "d": 20}

    class Watched:
        def __init__(self, key: str) -> None:
            self.key = key
            resident[key] += sizes[key]
            if resident.total() > 100:
                faults.append(f"{resident.total()} bytes loaded")

        def close(self) -> None:
            if inside[self.key]:
                faults.append(f"{self.key} closed while in use")
            del resident[self.key]

    specs = [
        ModelSpec(key, "test", (lambda size: lambda: size)(size), (lambda key: lambda: Watched(key))(key))
        for key, size in sizes.items()
    ]
    pool = ModelPool(100)

    def visit(seed: int) -> int:
        chance, served = random.Random(seed), 0
        for _ in range(20):
            wanted = chance.choice(specs)
            try:
                with pool.lease(wanted):
                    inside[wanted.key] += 1
                    if inside[wanted.key] != 1:
                        faults.append(f"{inside[wanted.key]} users of {wanted.key}")
                    inside[wanted.key] -= 1
                    served += 1
            except ModelTooLarge:  # the others were in use at that moment
                continue
        return served

    with ThreadPoolExecutor(6) as threads:
        served = sum(done.result(120) for done in [threads.submit(visit, seed) for seed in range(6)])
    assert faults == []
    assert served > 30


class PoolMachine(RuleBasedStateMachine):
    """Any sequence of leases and unloads does what a few lines of arithmetic say."""

    KEYS = ("a", "b", "c", "d", "e")

    @initialize(budget=st.integers(0, 30), sizes=st.lists(st.integers(0, 20), min_size=5, max_size=5))
    def start(self, budget: int, sizes: list[int]) -> None:
        self.budget = budget
        self.sizes = dict(zip(self.KEYS, sizes, strict=True))
        self.log: list[str] = []
        self.pool = ModelPool(budget)
        self.resident: list[str] = []  # least recently used first
        self.held: dict[str, ExitStack] = {}

    def _expect_room(self, key: str) -> list[str] | None:
        """Which models must go for this one to fit, in order; None where it cannot fit."""
        idle = [other for other in self.resident if other not in self.held]
        for count in range(len(idle) + 1):
            left = [other for other in self.resident if other not in idle[:count]]
            if sum(self.sizes[other] for other in left) + self.sizes[key] <= self.budget:
                return idle[:count]
        return None

    @rule(key=st.sampled_from(KEYS))
    def lease(self, key: str) -> None:
        stack, wanted = ExitStack(), spec(key, self.sizes[key], self.log)
        if key in self.held:
            with pytest.raises(RuntimeError):
                stack.enter_context(self.pool.lease(wanted))
            return
        leaving = [] if key in self.resident else self._expect_room(key)
        self.log.clear()
        if leaving is None:
            with pytest.raises(ModelTooLarge):
                stack.enter_context(self.pool.lease(wanted))
            assert self.log == []
            return
        assert stack.enter_context(self.pool.lease(wanted)).key == key
        assert self.log == [f"close {other}" for other in leaving] + [f"load {key}"] * (key not in self.resident)
        self.resident = [other for other in self.resident if other not in leaving]
        if key not in self.resident:
            self.resident.append(key)
        self.held[key] = stack

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.held)))
        self.held.pop(key).close()
        self.resident.remove(key)
        self.resident.append(key)

    @rule(key=st.sampled_from(KEYS))
    def unload(self, key: str) -> None:
        if key in self.held:
            return
        assert self.pool.unload(key) is (key in self.resident)
        self.resident = [other for other in self.resident if other != key]

    @invariant()
    def shows_the_truth_and_keeps_the_budget(self) -> None:
        rows = self.pool.loaded()
        assert [row.key for row in rows] == self.resident
        assert {row.key for row in rows if row.busy} == set(self.held)
        assert sum(row.bytes for row in rows) <= self.budget

    def teardown(self) -> None:
        for stack in self.held.values():
            stack.close()


TestPoolMachine = PoolMachine.TestCase
TestPoolMachine.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)


@pytest.mark.parametrize("thread", ["main", "worker"])
def test_unloading_frees_memory(thread: str) -> None:
    import torch

    class Weights:
        """200 MB in blocks of 4 KB to 4 MB, as a model with many small tensors and some larger ones has them."""

        def __init__(self) -> None:
            sizes = [1_000] * 12_500 + [20_000] * 625 + [100_000] * 125 + [1_000_000] * 13
            random.Random(0).shuffle(sizes)
            self.tensors = [torch.ones(size) for size in sizes]
            self.itself = self  # only the garbage collector takes a ring apart

    pool = ModelPool(300 * MB)
    wanted = ModelSpec("weights", "test", lambda: 202 * MB, Weights)
    seen: list[weakref.ref[Weights]] = []

    def load() -> None:
        with pool.lease(wanted) as model:
            seen.append(weakref.ref(model))

    gc.collect()
    before = rss()
    if thread == "main":
        load()
    else:
        worker = threading.Thread(target=load)
        worker.start()
        worker.join(60)
    loaded = rss() - before
    assert loaded > 150 * MB
    assert seen[0]() is not None
    assert pool.unload("weights")
    assert seen[0]() is None
    assert rss() - before < 0.2 * loaded
