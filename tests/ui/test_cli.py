from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ui.terminal import ROOT, Terminal

HEAVY = {"torch", "transformers", "streamlit", "langgraph", "langchain_core", "PIL", "numpy", "pydantic", "chromadb"}


@pytest.fixture
def vistalk(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


def test_help_answers_at_once_and_imports_nothing_heavy() -> None:
    before = os.times()
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "ui.cli", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    after = os.times()
    imported = {line.rsplit("|", 1)[1].strip().split(".")[0] for line in done.stderr.splitlines() if "|" in line}
    assert "typer" in imported
    assert not imported & HEAVY
    worked = after.children_user + after.children_system - before.children_user - before.children_system
    assert worked < 1.5
    assert "doctor" in done.stdout


@pytest.mark.parametrize("command", ["ask", "plan", "chat", "ui", "doctor", "models", "models list", "models pull"])
def test_every_command_has_help(vistalk: Terminal, command: str) -> None:
    done = vistalk.plain(*command.split(), "--help")
    assert done.code == 0
    assert f"Usage: root {command}" in done.out


def test_version(vistalk: Terminal) -> None:
    done = vistalk.plain("--version")
    assert done.code == 0
    assert done.out.startswith("vistalk ")


def test_the_answer_is_on_stdout_and_the_rest_on_stderr(vistalk: Terminal) -> None:
    done = vistalk("ask", "Hi.")
    assert (done.code, done.out) == (0, "Hello there.\n")
    assert re.fullmatch(r"answer 90%, chosen in \d\.\d s\nconfidence 90%, \d\.\d s\nthread [0-9a-f]{32}\n", done.err)


def test_pictures_are_named_and_looked_at(vistalk: Terminal) -> None:
    first, second = vistalk.picture("one.png"), vistalk.picture("two.png", seed=1)
    done = vistalk("ask", "--image", first, "-i", second, "Please look at img1.")
    assert (done.code, done.out) == (0, "A dog on grass.\n")
    lines = done.err.splitlines()
    assert lines[:2] == ["img1 is one.png, 48 × 32", "img2 is two.png, 48 × 32"]
    assert lines[2].startswith("vqa(img1, Please look at img1.) 90%")
    assert lines[3].startswith("vqa took ")
    assert lines[-2].startswith("confidence 90%, from img1")


def test_a_picture_needs_no_question(vistalk: Terminal) -> None:
    done = vistalk("ask", "--image", vistalk.picture())
    assert (done.code, done.out) == (0, "Hello there.\n")
    assert "caption(img1) 100%" in done.err


def test_events_come_as_json_lines_in_order(vistalk: Terminal) -> None:
    pictures = [vistalk.picture("one.png"), vistalk.picture("two.png", seed=1)]
    done = vistalk("ask", "--json", "-i", pictures[0], "-i", pictures[1], "Look at img2.")
    assert (done.code, done.err) == (0, "")
    names = [event["event"] for event in done.events]
    assert [name for i, name in enumerate(names) if i == 0 or name != names[i - 1]] == [
        "Thread",
        "ImageAdded",
        "Planned",
        "ToolStarted",
        "ToolProgress",
        "ToolFinished",
        "Planned",
        "Token",
        "Done",
    ]
    thread, *_, last = done.events
    assert re.fullmatch("[0-9a-f]{32}", thread["id"])
    assert [event["image"]["handle"] for event in done.events if event["event"] == "ImageAdded"] == ["img1", "img2"]
    assert last["text"] == "A dog on grass."


def test_a_conversation_goes_on(vistalk: Terminal) -> None:
    first = vistalk("ask", "--json", "-i", vistalk.picture(), "Look.")
    thread = first.events[0]["id"]
    second = vistalk("ask", "--json", "--thread", thread, "Look at img1 again.")
    assert second.events[0] == {"event": "Thread", "id": thread}
    planned = next(event for event in second.events if event["event"] == "Planned")
    assert planned["arguments"]["images"] == ["img1"]
    assert second.code == 0


def test_the_question_may_come_from_stdin(vistalk: Terminal) -> None:
    done = vistalk("ask", "-", "-i", vistalk.picture(), typed="Please look.\n")
    assert done.out == "A dog on grass.\n"


FAILURES = {
    "unknown_thread": (["--thread", "f" * 32, "Hi."], "There is no conversation"),
    "empty_question": ([""], "There is no question and no picture."),
    "user": (["--image", "nowhere.png", "Hi."], 'The file "nowhere.png" cannot be read: No such file'),
    "image_rejected": (["--image", "{text}", "Hi."], '"notes.txt"'),
    "generation_failed": (["break"], "the engine stopped"),
}


@pytest.mark.parametrize("code", FAILURES)
def test_a_failure_is_a_sentence_and_what_to_do(vistalk: Terminal, tmp_path: Path, code: str) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    given, sentence = FAILURES[code]
    arguments = [argument.replace("{text}", str(tmp_path / "notes.txt")) for argument in given]
    spoken, lines = vistalk("ask", *arguments), vistalk("ask", "--json", *arguments)
    assert (spoken.code, spoken.out) == (1, "")
    assert sentence in spoken.err
    assert "Traceback" not in spoken.err
    assert (lines.code, lines.err) == (1, "")
    failed = lines.events[-1]
    assert (failed["event"], failed["code"]) == ("Failed", code)
    assert sentence in failed["message"]


def test_a_conversation_that_never_began_is_not_kept(vistalk: Terminal, tmp_path: Path) -> None:
    vistalk("ask", "")
    (tmp_path / "notes.txt").write_text("no picture")
    done = vistalk("ask", "-i", str(tmp_path / "notes.txt"))
    assert "thread" not in done.err
    assert "no conversations" in vistalk("chat", "--list").err


def test_a_conversation_that_failed_midway_is_kept(vistalk: Terminal) -> None:
    done = vistalk("ask", "break")
    thread = re.search("thread ([0-9a-f]{32})", done.err)
    assert thread
    assert vistalk("ask", "--thread", thread[1], "Hi.").out == "Hello there.\n"


def test_debug_tells_where_an_error_came_from(vistalk: Terminal) -> None:
    done = vistalk.plain("--debug", "--device", "abacus", "ask", "Hi.")
    assert done.code == 1
    assert "Traceback" in done.err
    assert "'device' is not right" in done.err


def test_flags_win_over_the_environment(vistalk: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISTALK_PRESET", "laptop")
    assert vistalk("ask", "Hi.").code == 0


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_plan_runs_and_stores_nothing(vistalk: Terminal, home: Path, language: str) -> None:
    done = vistalk("--language", language, "plan", "--json", "-i", vistalk.picture(), "Please look.")
    assert done.code == 0
    assert done.json["action"] == "vqa"
    assert done.json["arguments"] == {"images": ["img1"], "question": "Please look."}
    assert sum(done.json["probabilities"].values()) == pytest.approx(1)
    assert set(done.json["probabilities"]) == {
        *("answer", "ask_user", "caption", "vqa", "read_text", "remember", "recall", "forget")
    }
    assert not [path for path in (home / "images").rglob("*") if path.is_file()]
    assert "no conversations" in vistalk("chat", "--list").err


def test_a_plan_is_shown_with_its_odds(vistalk: Terminal) -> None:
    done = vistalk("plan", "-i", vistalk.picture(), "Please look.")
    assert done.out.splitlines()[0] == "vqa(img1, Please look.)"
    rows = [(row.split()[0], row.split()[-1]) for row in done.out.splitlines()[2:]]
    assert rows[0] == ("vqa", "90.0%")
    assert len(rows) == 8


def test_a_plan_in_a_conversation_knows_its_pictures(vistalk: Terminal) -> None:
    thread = vistalk("ask", "--json", "-i", vistalk.picture(), "Look.").events[0]["id"]
    done = vistalk("plan", "--json", "--thread", thread, "Look at img1.")
    assert done.json["arguments"]["images"] == ["img1"]
    assert vistalk("plan", "--json", "--thread", "0" * 32, "Look.").events[-1]["code"] == "unknown_thread"
