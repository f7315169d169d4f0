"""Conversations: what counts as a fault, and what the numbers of a run say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evals.formats import Turn, load
from evals.records import Run
from evals.runner import Plan, resume, run
from evals.scripts import Played, play
from evals.subjects import WholeAgent, open_subject
from evals.tasks import TASKS
from evals.tasks.conversation import faults, names
from runtime.errors import BadSetting
from runtime.settings import Settings, load_settings
from tests.agent.stage import png
from tests.evals.puppet import broke, planned, puppet, ran, said

SCRIPT = """
[[rule]]
when = "colour|颜色"
actions = ["vqa", "answer"]
reply = "It is red."
arguments = {images = ["img1"]}

[[rule]]
when = "describe"
actions = ["caption", "answer"]
reply = "A plain picture."

[[rule]]
when = "(?<!Before: )Break"
error = "it broke"

[[rule]]
reply = "Hello."
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    script = tmp_path / "script.toml"
    script.write_text(SCRIPT)
    return load_settings(preset="scripted", script=script)


def scripts(folder: Path, *rows: Any) -> Path:
    for colour in ("red", "blue"):
        (folder / f"{colour}.png").write_bytes(png(colour).data)
    path = folder / "scripts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


RED = {"text": "What colour is it?", "images": ["red.png"], "contains": ["red"], "action": "vqa", "handle": "img1"}
BLUE = {"text": "What colour is this?", "images": ["blue.png"], "contains": ["blue"], "action": "vqa", "handle": "img2"}
HELLO = {"text": "Hello!", "answers": ["hello", "hi"], "action": "answer"}


def quiet(*_: object) -> None:
    """No progress."""


@pytest.mark.parametrize(
    ("turn", "played", "found"),
    [
        (Turn("", answers=("red",)), Played("Red."), []),
        (Turn("", answers=("red",)), Played("It is red."), ["wrong_answer"]),
        (Turn("", answers=("红色",)), Played("红色。"), []),
        (Turn("", contains=("red", "crimson")), Played("A deep crimson."), []),
        (Turn("", contains=("red",)), Played("I am bored."), ["wrong_answer"]),
        (Turn("", answers=("red",), contains=("blue",)), Played("Red"), ["wrong_answer"]),
        (Turn("", actions=("vqa", "caption")), Played("", [{"action": "caption"}]), []),
        (Turn("", actions=("vqa",)), Played("", [{"action": "caption"}, {"action": "vqa"}]), ["wrong_action"]),
        (Turn("", actions=("vqa",)), Played(""), ["wrong_action"]),
        (Turn("", handles=("img1", "img2")), Played("", handles=["img2", "img1"]), []),
        (Turn("", handles=("img1",)), Played("", handles=["img1", "img2"]), ["wrong_handle"]),
        (Turn("", contains=("red",)), Played("Red", error="It stopped."), ["failed", "wrong_answer"]),
        (Turn("hello"), Played("anything"), []),
    ],
)
def test_faults(turn: Turn, played: Played, found: list[str]) -> None:
    assert [name for name, wrong in faults(turn, played).items() if wrong] == found


@pytest.mark.parametrize(
    ("reply", "wanted", "found"),
    [
        ("The sign says EXIT.", "exit", True),
        ("There are two dogs.", "2", True),
        ("There are 22 dogs.", "2", False),
        ("> CAFE ROMA  \n> COFFEE", "cafe roma", True),
        ("an excited child", "exit", False),
        ("是红色的球", "红", True),
        ("是蓝色的球", "红", False),
    ],
)
def test_naming(reply: str, wanted: str, found: bool) -> None:
    assert names(reply, wanted) == found


def test_a_run_over_the_whole_agent(settings: Settings, tmp_path: Path) -> None:
    """Two scripts: the first looks at the wrong picture in its second turn and says the wrong colour."""
    data = scripts(tmp_path, {"id": "two", "turns": [RED, BLUE]}, {"id": "hello", "lang": "zh", "turns": [HELLO, RED]})
    summary = run(settings, Plan("conversation", data, "agent"), quiet, out=tmp_path / "run")
    values = {name: round(value.value, 4) for name, value in summary.metrics.items()}
    assert (summary.n, summary.errors, summary.faults) == (2, 0, {"wrong_answer": 1, "wrong_handle": 1})
    assert {name: values[name] for name in values if not name.endswith(("_en", "_zh"))} == {
        "turns_right": 0.75,  # one of two, and two of two
        "accuracy": 0.75,
        "action_accuracy": 1,
        "handle_accuracy": 0.6667,
        "steps": 0.75,  # one for each question about colours
    }
    assert (values["turns_right_en"], values["turns_right_zh"]) == (0.5, 1)
    assert summary.baselines == {
        "majority": {"accuracy": 0.5, "action_accuracy": 0.75},  # red and vqa
        "newest_picture": {"handle_accuracy": 1},
    }
    record = Run(tmp_path / "run").records()[0]
    assert record.prompt == "1. What colour is it?\n2. What colour is this?"
    assert record.output == "1. vqa img1: It is red.\n2. vqa img1: It is red. (wrong_answer, wrong_handle)"
    assert [turn["said"] for turn in record.details["turns"]] == ["What colour is it?", "What colour is this?"]
    assert record.score == 0.5
    assert resume(settings, tmp_path / "run", quiet).to_json() == summary.to_json()


def test_a_turn_that_fails_is_a_fault_and_the_script_goes_on(settings: Settings, tmp_path: Path) -> None:
    data = scripts(tmp_path, [{**HELLO, "text": "Break."}, HELLO])
    summary = run(settings, Plan("conversation", data, "agent"), quiet)
    assert (summary.errors, summary.metrics["turns_right"].value) == (1, 0.5)
    assert summary.faults == {"failed": 1, "wrong_action": 1, "wrong_answer": 1}


def test_steps_and_pictures_are_counted_over_a_whole_turn(tmp_path: Path) -> None:
    (sample,) = load("conversation", scripts(tmp_path, [RED, BLUE, HELLO]))
    turns = iter(
        [
            [planned("vqa", images=["img1"], question="?"), ran("vqa"), said("Red.", "img1")],
            [
                *(planned("caption", image="img1"), ran("caption"), planned("vqa", images=["img2", "img1"])),
                *(ran("vqa"), planned("answer"), said("Blue.")),
            ],
            [planned("answer"), broke("Hel")],
        ]
    )
    script = TASKS["conversation"].script
    assert script is not None
    record = script.play(puppet(lambda *_: next(turns)), sample)
    first, second, third = record.details["turns"]
    assert [turn["steps"] for turn in (first, second, third)] == [1, 2, 0]
    assert [turn["handles"] for turn in (first, second, third)] == [["img1"], ["img1", "img2"], []]
    assert [plan["action"] for plan in second["plans"]] == ["caption", "vqa", "answer"]
    assert second["faults"] == {"failed": False, "wrong_answer": False, "wrong_action": True, "wrong_handle": True}
    assert (record.error, third["reply"]) == ("The model stopped.", "Hel")
    assert record.usage == {"input": 6, "output": 4}
    assert record.seconds == 0.5
    assert record.score == pytest.approx(1 / 3)


def test_the_bare_model_cannot_hold_a_conversation(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="whole agent"):
        run(settings, Plan("conversation", scripts(tmp_path, [RED])), quiet)


def test_our_own_scripts_can_be_read_in_both_languages() -> None:
    samples = load("conversation", Path("evals/data/conversation.jsonl"))
    assert {sample.lang for sample in samples} == {"en", "zh"}
    for sample in samples:
        known = 0
        for turn in sample.turns:
            known += len(turn.images)
            assert {f"img{number}" for number in range(1, known + 1)} >= set(turn.handles)
            assert set(turn.actions) <= {"answer", "ask_user", "caption", "vqa", "read_text"}


def test_one_script_is_not_remembered_in_the_next(settings: Settings) -> None:
    with open_subject("agent", settings) as subject:
        assert isinstance(subject, WholeAgent)
        memories = subject.assistant.home.memories
        play(subject.assistant, [Turn("My dog is called Rex.")])
        assert memories.count() == 1
        play(subject.assistant, [Turn("Hello!")])
        assert memories.count() == 0
        subject.answer([], "My cat is called Tom.")
        subject.answer([], "Hello!")
        assert memories.count() == 0
