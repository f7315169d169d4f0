from __future__ import annotations

import pytest

from evals.bench import threads
from runtime.settings import load_settings


def test_a_turn_adds_as_much_late_as_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "LONG", 80)
    early, late = threads.growth(load_settings(preset="scripted"))
    assert early.passed
    assert late.passed
    assert 0 < late.value < 1.5 * early.value


def test_thousands_are_measured_by_hundreds_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "THREADS", 100)
    measures = {measure.name: measure for measure in threads.threads(load_settings(preset="scripted"))}
    assert set(measures) == {"list_page", "list_all", "open", "first_search", "search"}
    assert all(measure.value > 0 for measure in measures.values())
    assert "100 conversations" in measures["list_all"].note
