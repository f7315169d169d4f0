"""The bench of the library, made small."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.bench import library
from runtime.settings import load_settings
from tests.runtime.tiny_encoders import build


def test_the_bench_measures_indexing_and_searching(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(library, "PICTURES", 6)
    monkeypatch.setattr(library, "ROUNDS", 1)
    monkeypatch.setattr(library, "COUNTS", (50, 300))
    monkeypatch.setattr(library, "HELD_TO", 300)
    built = {name: str(build(name, tmp_path / name)) for name in ("vit", "sentences")}
    settings = load_settings(preset="scripted", encoder=built["vit"], passage_encoder=built["sentences"])
    found = {measure.name: measure for measure in library.library(settings)}
    assert found["index_ratio"].value == pytest.approx(found["index_rate"].value / found["encode_rate"].value)
    assert {name: measure.limit for name, measure in found.items() if measure.limit is not None} == {
        "index_ratio": 0.9,
        "search_p95_300": 30,
        "recall_300": 98,
    }
    assert found["recall_50"].value > 90
    assert all(measure.value > 0 for name, measure in found.items() if not name.startswith("memory"))
