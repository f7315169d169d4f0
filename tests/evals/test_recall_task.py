"""The task recall: people with memories of their own, told to the real tools."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from evals.formats import Sample, load
from evals.records import Record, Run
from evals.runner import Plan, folder_of, run
from runtime import models
from runtime.errors import BadData, BadSetting
from runtime.settings import Settings, load_settings
from tests.evals.data_files import lines
from tests.memory.pictures import file_of, photo
from tests.tools.stand_ins import ColourEncoder, WordsEncoder

OURS = Path(__file__).parents[2] / "evals" / "data" / "recall.jsonl"


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    monkeypatch.setattr(models, "passage_encoder", lambda *_: WordsEncoder())
    monkeypatch.setattr(models, "encoder", lambda *_: ColourEncoder())
    script = tmp_path / "script.toml"
    script.write_text('[[rule]]\nreply = "It is red."\n', encoding="utf-8")
    return load_settings(preset="scripted", passage_encoder="words", encoder="colours", script=script)


def person(**more: Any) -> dict[str, Any]:
    return {
        "id": "zoe", "half": "test",
        "memories": [
            {"id": "finch", "text": "Remember that my zebra finch is called Pip"},
            {"id": "kettle", "text": "Remember this picture", "image": "red.png"},
            {"id": "tea", "text": "I drink oolong tea"},
        ],
        "probes": [
            {"text": "What is my zebra finch called?", "right": ["finch"]},
            {"text": "Show me the photo of my red kettle", "right": ["kettle"]},
            {"text": "Where did I put my passport?", "right": ["tea"]},
            {"text": "How do volcanoes form?"},
            {"text": "Do zebra finches sing?"},
        ],
    } | more  # fmt: skip


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "red.png").write_bytes(file_of(photo(), "PNG"))
    return lines(tmp_path, person(), person(id="yan", half="dev", lang="zh"))


def quiet(*_: object) -> None:
    """No progress."""


def records_of(settings: Settings, plan: Plan) -> list[Record]:
    return Run(folder_of(settings) / run(settings, plan, quiet).run).records()


def test_every_question_is_asked_of_its_person_and_judged(settings: Settings, data: Path) -> None:
    records = {record.id: record for record in records_of(settings, Plan("recall", data))}
    assert len(records) == 10
    ranks = [records[f"zoe-{number}"].details["rank"] for number in range(1, 6)]
    assert ranks[0] == 1
    assert ranks[2] is None
    assert ranks[3] == 1
    assert ranks[4] is None
    assert records["zoe-1"].parsed == "my zebra finch is called Pip"
    assert records["zoe-4"].parsed == "nothing"
    assert records["zoe-1"].details["by_words"] == 1
    assert {record.details["candidates"] for record in records.values()} == {3}


def test_the_summary_tells_both_duties_and_the_half_that_was_kept_apart(settings: Settings, data: Path) -> None:
    summary = run(settings, Plan("recall", data), quiet)
    assert {"memory_top1", "memory_top3", "memory_top3_test", "quiet", "quiet_test"} <= summary.metrics.keys()
    assert summary.metrics["quiet"].value == 0.5
    assert summary.metrics["quiet_test"].value == 0.5
    assert 0 < summary.baselines["chance"]["memory_top1"] < 0.5
    assert set(summary.baselines["words_alone"]) == {"memory_top1", "memory_top3"}


def test_it_examines_encoders_as_they_are(settings: Settings, data: Path) -> None:
    with pytest.raises(BadSetting):
        run(settings, Plan("recall", data, subject="agent"), quiet)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"half": "third"}, "half"),
        ({"probes": [{"text": "What?", "right": ["cat"]}]}, "cat"),
        ({"memories": []}, "memories"),
        ({"memories": [{"id": "a", "text": "b", "extra": 1}]}, "extra"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, fault: dict[str, Any], said: str) -> None:
    (tmp_path / "red.png").write_bytes(file_of(photo(), "PNG"))
    with pytest.raises(BadData, match=said):
        load("recall", lines(tmp_path, person(**fault)))


def test_our_own_probes_are_whole() -> None:
    samples: list[Sample] = load("recall", OURS)
    assert len(samples) == 150
    kinds = Counter(sample.kind for sample in samples)
    assert {kind.split()[0] for kind in kinds} == {"dev", "test"}
    assert sum(number for kind, number in kinds.items() if kind.startswith("dev")) == 75
    assert sum(number for kind, number in kinds.items() if kind.endswith("nothing")) == 50
    assert {sample.lang for sample in samples} == {"en", "zh"}
    people = [json.loads(line) for line in OURS.read_text(encoding="utf-8").splitlines()]
    told = [memory["text"] for each in people for memory in each["memories"]]
    asked = [probe["text"] for each in people for probe in each["probes"]]
    assert not set(told) & set(asked)
