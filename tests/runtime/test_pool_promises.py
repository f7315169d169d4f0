"""What the pool promises whatever happens: never two users in one model, never over budget, memory comes back."""

from __future__ import annotations

import gc
import random
import threading
import weakref
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from runtime.errors import ModelTooLarge
from runtime.hardware import rss
from runtime.pool import ModelPool, ModelSpec
from tests.runtime.test_pool import MB, spec


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

    specs = [ModelSpec(key, "test", partial(sizes.__getitem__, key), partial(Watched, key)) for key in sizes]
    pool = ModelPool(100)

    def visit(seed: int) -> int:
        chance, served = random.Random(seed), 0
        for _ in range(12):
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
    assert served > 15


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
