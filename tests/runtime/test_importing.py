"""A package that puts a lazy module in its own place is whole for every thread."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from runtime.importing import whole

LAZY = """
import sys, threading, types
gates = sys.modules["gates"]
lazy = types.ModuleType(__name__)
lazy.__spec__, lazy.thing = __spec__, 7
gates.begun.set()
assert gates.go.wait(30)
sys.modules[__name__] = lazy
"""


class Gates(type(sys)):  # type: ignore[misc]
    begun, go = threading.Event(), threading.Event()


def test_a_package_in_the_middle_of_its_import_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slow_lazy.py").write_text(LAZY)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "gates", Gates("gates"))

    def thing() -> int:
        whole("slow_lazy")
        from slow_lazy import thing  # type: ignore[import-not-found]

        return int(thing)

    with ThreadPoolExecutor(5) as threads:
        first = threads.submit(whole, "slow_lazy")
        assert Gates.begun.wait(30)
        others = [threads.submit(thing) for _ in range(4)]
        Gates.go.set()
        first.result(30)
        assert [other.result(30) for other in others] == [7] * 4
