"""Runs from a data file to numbers: kept, resumed, compared."""

from __future__ import annotations

import json
import math
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from evals.comparison import compare
from evals.formats import load
from evals.records import Run
from evals.runner import Plan, drawn, resume, run
from evals.subjects import Answer, BareModel
from evals.tasks import TASKS, majority, question_only
from runtime.errors import BadData, ModelError
from runtime.settings import Settings, load_settings
from tests.agent.stage import png

SCRIPT = """
[[rule]]
when = "red"
reply = "Yes."
actions = ["vqa"]
confidence = 0.9

[[rule]]
when = "colour"
reply = "Red."
confidence = 0.6

[[rule]]
reply = "No."
actions = ["answer"]
confidence = 0.7
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    script = tmp_path / "script.toml"
    script.write_text(SCRIPT)
    return load_settings(preset="scripted", script=script)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Twenty statements about ten pictures; the scripted model says yes to what names red."""
    rows = []
    for number in range(10):
        (tmp_path / f"{number}.png").write_bytes(png(f"#{number:02x}0000").data)
        rows.append({"image": f"{number}.png", "statement": f"Picture {number} is red.", "label": number % 3 != 0})
        rows.append({"image": f"{number}.png", "statement": f"Picture {number} is blue.", "label": False})
    return write(tmp_path / "statements.jsonl", rows)


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def quiet(*_: object) -> None:
    """No progress."""


def test_a_run_scores_what_was_said(settings: Settings, data: Path) -> None:
    summary = run(settings, Plan("statement", data), quiet)
    assert summary.n == 20
    assert summary.metrics["accuracy"].value == pytest.approx(16 / 20)
    assert summary.metrics["accuracy"].low < 0.8 < summary.metrics["accuracy"].high
    assert 0 <= summary.metrics["ece"].value <= 1
    assert summary.baselines["majority"]["accuracy"] == pytest.approx(14 / 20)
    assert (summary.unparsed, summary.errors) == (0, 0)


def test_the_run_is_kept_with_all_that_changes_an_answer(settings: Settings, data: Path) -> None:
    summary = run(settings, Plan("statement", data), quiet)
    kept = Run(settings.home / "evals" / summary.run)
    header = kept.header()
    assert len(header.ids) == 20
    assert header.settings["seed"] == 0
    assert header.place["versions"]["transformers"]
    record = kept.records()[0]
    assert record.prompt == "Is this true? Picture 0 is red."
    assert (record.output, record.parsed, record.references, record.score) == ("Yes.", "yes", ["no"], 0.0)
    assert record.usage["image"] == 16
    assert kept.summary() == json.loads(json.dumps(summary.to_json()))


class Killed(BaseException):
    """Stands for a kill between two samples."""


@pytest.mark.parametrize("seed", range(13))
def test_a_run_cut_anywhere_and_resumed_gives_the_same_bytes(
    settings: Settings, data: Path, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut between samples and in the middle of writing one, several times over."""
    draw = random.Random(seed)
    run(settings, Plan("statement", data), quiet, out=tmp_path / "whole" / "run")
    folder = tmp_path / "cut" / "run"
    asked: list[str] = []
    answer = BareModel.answer

    def counted(self: BareModel, pictures: Any, prompt: str) -> Answer:
        asked.append(prompt)
        return answer(self, pictures, prompt)

    monkeypatch.setattr(BareModel, "answer", counted)
    for _ in range(4):
        stop = draw.randrange(1, 6)

        def until(done: int, of: int, score: float, stop: int = stop + len(asked)) -> None:
            if done >= stop and of and not math.isnan(score):
                raise Killed

        with pytest.raises(Killed):
            run(settings, Plan("statement", data), until, out=folder)
        with (folder / "samples.jsonl").open("ab") as stream:
            stream.write(b'{"id": "half a li'[: draw.randrange(1, 16)])
    resume(settings, folder, quiet)
    assert sorted(set(asked)) == sorted(asked)
    for name in ("summary.json",):
        assert (folder / name).read_bytes() == (tmp_path / "whole" / "run" / name).read_bytes()


def test_a_process_that_is_killed_loses_no_sample(settings: Settings, data: Path, tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from evals.runner import Plan, run\n"
        "from runtime.settings import load_settings\n"
        "def die(done, of, score):\n"
        "    if done == 7: os.kill(os.getpid(), signal.SIGKILL)\n"
        "settings = load_settings(preset='scripted', script=sys.argv[1])\n"
        "run(settings, Plan('statement', Path(sys.argv[2])), die, out=Path(sys.argv[3]))"
    )
    folder = tmp_path / "run"
    done = subprocess.run([sys.executable, "-c", code, str(settings.script), str(data), str(folder)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(Run(folder).records()) == 7
    with pytest.raises(BadData, match="not finished"):
        Run(folder).summary()
    assert resume(settings, folder, quiet).n == 20


def test_another_model_or_other_data_is_not_mixed_in(settings: Settings, data: Path, tmp_path: Path) -> None:
    run(settings, Plan("statement", data), quiet, out=tmp_path / "run")
    for other in (settings.model_copy(update={"max_new_tokens": 5}), settings.model_copy(update={"temperature": 1.0})):
        with pytest.raises(BadData, match="another run"):
            run(other, Plan("statement", data), quiet, out=tmp_path / "run")
    before = (tmp_path / "1.png").read_bytes()
    (tmp_path / "1.png").write_bytes(png("green").data)
    with pytest.raises(BadData, match="another run"):
        resume(settings, tmp_path / "run", quiet)
    (tmp_path / "1.png").write_bytes(before)
    assert resume(settings, tmp_path / "run", quiet).n == 20
    write(data, [{"image": "1.png", "statement": "It is red.", "label": True}])
    with pytest.raises(BadData, match="another run"):
        resume(settings, tmp_path / "run", quiet)


def test_a_limit_draws_every_kind_and_never_the_first(settings: Settings, data: Path) -> None:
    samples = load("statement", data)
    few = drawn(samples, Plan("statement", data, limit=6, seed=1))
    assert len(few) == 6
    assert few != samples[:6]
    assert few == drawn(samples, Plan("statement", data, limit=6, seed=1))
    assert few != drawn(samples, Plan("statement", data, limit=6, seed=2))
    assert run(settings, Plan("statement", data, limit=6, seed=1), quiet).n == 6


def test_the_whole_agent_can_be_asked(settings: Settings, data: Path) -> None:
    summary = run(settings, Plan("statement", data, subject="agent", limit=4), quiet)
    assert (summary.n, summary.errors) == (4, 0)


def test_captions_are_scored_over_the_whole_run(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png("red").data)
    rows = [{"image": "a.png", "captions": ["No.", "A red square."]}]
    summary = run(settings, Plan("caption", write(tmp_path / "captions.jsonl", rows)), quiet)
    assert summary.metrics["bleu1"].value == pytest.approx(1)
    assert "cider" not in summary.metrics
    assert summary.notes


def test_reading_is_scored_by_edit_distance(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png("red").data)
    path = write(tmp_path / "ocr.jsonl", [{"image": "a.png", "text": "No"}, {"image": "a.png", "text": "Exit"}])
    assert run(settings, Plan("ocr", path), quiet).metrics["anls"].value == pytest.approx((2 / 3 + 0) / 2)


def test_errors_of_the_subject_are_kept_and_score_nothing(
    settings: Settings, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Answer:
        raise ModelError("The model stopped.")

    monkeypatch.setattr(BareModel, "answer", broken)
    summary = run(settings, Plan("statement", data), quiet)
    assert (summary.errors, summary.unparsed, summary.metrics["accuracy"].value) == (20, 20, 0)


def test_baselines_never_look_at_the_sample_itself(data: Path, tmp_path: Path) -> None:
    samples = load("statement", data)
    assert set(majority(samples).values()) == {"no"}
    rows = [
        {"image": f"{i}.png", "question": q, "answers": [a]}
        for i, (q, a) in enumerate(
            [("What colour is it?", "red"), ("What colour is it?", "red"), ("How many?", "2"), ("How many?", "2")]
        )
    ]
    asked = load("vqa", write(tmp_path / "vqa.jsonl", rows))
    assert list(question_only(asked).values()) == ["red", "red", "2", "2"]
    alone = load("vqa", write(tmp_path / "one.jsonl", rows[:1]))
    assert list(question_only(alone).values()) == [""]


def test_two_runs_are_compared_in_pairs(settings: Settings, data: Path, tmp_path: Path) -> None:
    run(settings, Plan("statement", data), quiet, out=tmp_path / "one")
    script = tmp_path / "other.toml"
    script.write_text('[[rule]]\nreply = "No."\n')
    run(settings.model_copy(update={"script": script, "seed": 1}), Plan("statement", data), quiet, out=tmp_path / "two")
    found = compare(Run(tmp_path / "one"), Run(tmp_path / "two"))
    assert (found.n, found.first, found.second, found.test) == (20, 0.8, 0.7, "exact McNemar")
    assert found.difference == pytest.approx(-0.1)
    assert len(found.changed) == 10
    assert found.p > 0.05


def test_every_task_says_what_it_is() -> None:
    assert all(task.about and task.version for task in TASKS.values())
