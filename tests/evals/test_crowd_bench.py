from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.assembly import open_assistant
from agent.assistant import Assistant
from evals.bench.crowd import Session, crowd, together
from evals.bench.endurance import WARM, endurance, growth
from runtime.settings import Settings, load_settings

SCRIPT = """
[[rule]]
when = "Session 3 .*number 0"
error = "the engine stopped"

[[rule]]
actions = ["vqa", "answer"]
reply = "A red house under a yellow sun."
"""


@pytest.fixture
def settings(tmp_path: Path, home: Path) -> Settings:
    script = tmp_path / "script.toml"
    script.write_text(SCRIPT, encoding="utf-8")
    (home / "models").mkdir(parents=True)
    return load_settings(preset="scripted", script=script)


@pytest.fixture
def assistant(settings: Settings) -> Iterator[Assistant]:
    assistant = open_assistant(settings)
    yield assistant
    assistant.close()


def test_twenty_conversations_at_once_are_not_mixed(assistant: Assistant) -> None:
    talking = together(assistant, 20, seconds=0)
    faults = {session.number: session.faults for session in talking if session.faults}
    assert list(faults) == [3]  # whom the script fails
    assert "the engine stopped" in faults[3][0]
    assert all(session.waits for session in talking)


def test_words_and_pictures_of_another_are_found(assistant: Assistant) -> None:
    thread = assistant.home.conversations.create().id
    Session(1, thread).talk(assistant, 0)
    intruder = Session(2, thread)
    intruder.talk(assistant, 0)
    assert [fault.split(":")[0] for fault in intruder.faults] == [
        "the conversation does not hold what was said in it, in its order",
        "pictures of others",
    ]


def test_the_numbers_of_a_crowd(settings: Settings) -> None:
    measures = {measure.name: measure for measure in crowd(settings, sessions=3, seconds=0)}
    assert set(measures) == {"faults", "median_wait", "longest_wait", "wait_ratio", "turns_ratio"}
    assert measures["faults"].passed
    assert measures["turns_ratio"].value == 1
    assert measures["longest_wait"].value >= measures["median_wait"].value > 0


def test_memory_that_grows_is_told() -> None:
    steady = [1000] * (WARM + 20)
    assert growth(steady, "")[-1].value == 0
    grown = growth([*steady, *[1100] * 20], "")[-1]
    assert not grown.passed
    assert grown.value == pytest.approx(10)


def test_a_short_session_is_measured(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evals.bench.endurance.WARM", 1)
    assert [m.name for m in endurance(settings, turns=4, pictures=2)] == ["memory_warm", "memory_end", "memory_growth"]
