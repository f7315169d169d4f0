"""Answers that were rated become a data file that the task `conversation` reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.assistant import Assistant
from evals.feedback import Written, write_feedback
from evals.formats import load
from runtime.errors import UserError
from runtime.vlm.scripted import Rule
from tests.agent.stage import png, stage

RULES = (
    Rule(when="colour", actions=["vqa", "answer"], reply="A red square."),
    Rule(when="story", reply="Once upon a time there was " + "a very " * 12 + "long story."),
    Rule(reply="Hello."),
)


@pytest.fixture
def staged() -> Iterator[tuple[Assistant, str]]:
    with stage(RULES) as (assistant, _, thread):
        yield assistant, thread


def rate(assistant: Assistant, thread: str, turn: int, good: bool, reason: str = "", correction: str = "") -> None:
    reply = assistant.history(thread)[turn].id
    assistant.home.feedback.rate(thread, reply, good)
    assistant.home.feedback.explain(thread, reply, reason, correction)


def say(assistant: Assistant, thread: str, words: str, *files: Any) -> None:
    assert [*assistant.ask(thread, words, files)]


def rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line.removeprefix("# ")) for line in file.read_text(encoding="utf-8").splitlines()]


def test_a_good_answer_is_held_against_others(staged: tuple[Assistant, str], tmp_path: Path) -> None:
    assistant, thread = staged
    say(assistant, thread, "hello")
    say(assistant, thread, "what colour is it?", png())
    say(assistant, thread, "bye")
    rate(assistant, thread, 1, True, reason="right")
    file = tmp_path / "mine" / "rated.jsonl"
    assert write_feedback(assistant.home, file) == Written(1, 0, 0)
    [row] = rows(file)
    assert (row["comment"], row["reply"], row["group"]) == ("right", "A red square.", thread)
    [sample] = load("conversation", file)
    first, last = sample.turns
    assert (first.text, first.judged) == ("hello", ())
    assert (last.text, last.actions, last.handles) == ("what colour is it?", ("vqa",), ("img1",))
    assert last.contains == ("A red square",)
    [picture] = last.images
    assert picture.read() == assistant.home.images.path(assistant.history(thread)[1].images[0].sha256).read_bytes()


def test_a_long_good_answer_is_judged_by_what_was_done_alone(staged: tuple[Assistant, str], tmp_path: Path) -> None:
    assistant, thread = staged
    say(assistant, thread, "tell me a story")
    rate(assistant, thread, 0, True)
    write_feedback(assistant.home, tmp_path / "rated.jsonl")
    [sample] = load("conversation", tmp_path / "rated.jsonl")
    assert sample.turns[0].judged == ("answer", "ask_user")


def test_a_bad_answer_is_judged_by_the_right_one_or_waits_for_it(staged: tuple[Assistant, str], tmp_path: Path) -> None:
    assistant, thread = staged
    say(assistant, thread, "what colour is it?", png("blue"))
    say(assistant, thread, "hello")
    rate(assistant, thread, 0, False, reason="it is blue", correction="blue")
    rate(assistant, thread, 1, False, reason="rude")
    file = tmp_path / "rated.jsonl"
    assert write_feedback(assistant.home, file) == Written(1, 1, 0)
    assert [row["comment"] for row in rows(file)] == ["it is blue", "rude"]
    [sample] = load("conversation", file)
    assert [turn.judged for turn in sample.turns] == [("blue",)]
    answered = file.read_text(encoding="utf-8").replace("# ", "").replace('"hello"', '"hello", "contains": "Hi"')
    file.write_text(answered, encoding="utf-8")
    assert [sample.turns[-1].contains for sample in load("conversation", file)] == [("blue",), ("Hi",)]


def test_a_reply_on_another_branch_keeps_its_own_turns(staged: tuple[Assistant, str], tmp_path: Path) -> None:
    assistant, thread = staged
    say(assistant, thread, "hello")
    rate(assistant, thread, 0, True)
    assert [*assistant.edit(thread, 0, "tell me a story")]
    write_feedback(assistant.home, tmp_path / "rated.jsonl")
    [row] = rows(tmp_path / "rated.jsonl")
    assert row["turns"][0]["text"] == "hello"


def test_what_is_gone_is_left_out(staged: tuple[Assistant, str], tmp_path: Path) -> None:
    assistant, thread = staged
    say(assistant, thread, "what colour is it?", png())
    rate(assistant, thread, 0, True)
    assistant.home.feedback.rate(thread, "nowhere", True)
    assistant.home.images.path(assistant.history(thread)[0].images[0].sha256).unlink()
    assert write_feedback(assistant.home, tmp_path / "rated.jsonl") == Written(0, 0, 2)


def test_nothing_rated_yet_is_said(staged: tuple[Assistant, str], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="rated"):
        write_feedback(staged[0].home, tmp_path / "rated.jsonl")
