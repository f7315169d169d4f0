from __future__ import annotations

from pathlib import Path

import pytest

from evals.bench import context
from runtime.settings import load_settings
from tests.runtime.tiny import BUILDERS, build


def test_a_late_turn_is_measured_beside_an_early_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "TURNS", 30)
    folder = build(next(iter(BUILDERS)), tmp_path / "tiny")
    settings = load_settings(preset="laptop", vlm=str(folder), device="cpu", dtype="float32", context_tokens=1600)
    measures = {measure.name: measure for measure in context.context(settings)}
    assert 0 < measures["prompt_30"].value <= 1600
    assert measures["prompt_ratio"].value == pytest.approx(measures["prompt_30"].value / measures["prompt_10"].value)
    assert measures["turn_30"].value > 0


def test_a_script_is_not_measured() -> None:
    assert context.context(load_settings(preset="scripted")) == []
