"""Invariant 6: what was erased is found in no byte of the data directory."""

from __future__ import annotations

import pytest

from evals.bench import erasing
from runtime.settings import load_settings


@pytest.mark.timeout(300)
def test_random_erasures_in_a_populated_directory_leave_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """`vistalk models bench erasing` does a hundred."""
    monkeypatch.setattr(erasing, "ERASURES", 25)
    measures = {measure.name: measure for measure in erasing.erasing(load_settings(preset="scripted"))}
    assert measures["hits"].value == 0
    assert measures["hits"].note.startswith("25 erasures")
    assert measures["present"].value >= 1
    assert measures["fragments"].value > 1_000
