"""A turn looks the same while it runs and after it was kept."""

from __future__ import annotations

from typing import Any

import pytest

from agent.assistant import Exchange
from agent.events import Done, Event, Failed, ImageAdded, Planned, Token, ToolFinished, ToolProgress, ToolStarted
from memory.refs import ImageRef
from ui.shown import Call, Shown, State, kept, live

PICTURE = ImageRef("img1", "a" * 64, "image/jpeg", 640, 480, "dog.jpg")
ARGUMENTS: dict[str, Any] = {"images": ["img1"], "question": "What is it?"}
CHANCES = {"vqa": 0.9, "answer": 0.1}
BOX: dict[str, Any] = {"image": "img1", "box": (0.1, 0.2, 0.3, 0.4), "text": "A", "score": 0.5}
USAGE = {"input": 7, "output": 2}
EVENTS: list[Event] = [
    ImageAdded(PICTURE.to_dict()),
    Planned(1, "vqa", ARGUMENTS, CHANCES, 0.1),
    ToolStarted(1, "vqa", ARGUMENTS),
    ToolProgress(1, "vqa", "A "),
    ToolFinished(1, "vqa", 0.5, "A dog.", "untrusted", [BOX], ["img1"], 0.8),
    Planned(2, "answer", {}, {"answer": 1.0}, 0.1),
    Token("It is "),
    Token("a dog."),
    Done("It is a dog.", 0.7, ["img1"], USAGE, 1.5),
]
CALL = Call("vqa", ARGUMENTS, CHANCES, "A dog.", 0.5, 0.8, [BOX])
WHOLE = Shown(
    "What is it?", [PICTURE], [CALL], "It is a dog.", "over", 0.7, ["img1"], USAGE, seconds=1.5, finish="stop"
)


@pytest.mark.parametrize(
    ("count", "state", "reply"),
    [
        (0, "waiting", ""),
        (1, "waiting", ""),
        (2, "planned", ""),
        (3, "acting", ""),
        (5, "planned", ""),
        (7, "writing", "It is "),
        (9, "over", "It is a dog."),
    ],
)
def test_a_turn_under_way(count: int, state: State, reply: str) -> None:
    shown = live("What is it?", EVENTS[:count])
    assert (shown.words, shown.state, shown.reply) == ("What is it?", state, reply)


def test_a_tool_while_it_runs() -> None:
    assert live("What is it?", EVENTS[:4]).calls == [Call("vqa", ARGUMENTS, CHANCES, "A ", seconds=None)]


def test_the_whole_turn() -> None:
    assert live("What is it?", EVENTS) == WHOLE


def test_a_turn_that_was_kept_shows_the_same() -> None:
    step = {
        "tool": "vqa", "arguments": ARGUMENTS, "probabilities": CHANCES, "seconds": 0.5, "text": "A dog.",
        "trust": "untrusted", "evidence": [BOX], "images": ["img1"], "confidence": 0.8, "usage": {}, "finish": "stop",
        "error": "",
    }  # fmt: skip
    details = {
        "steps": [step], "confidence": 0.7, "citations": ["img1"], "usage": USAGE, "finish": "stop", "seconds": 1.5,
    }  # fmt: skip
    assert kept(Exchange("What is it?", [PICTURE], "It is a dog.", details, finished=True)) == WHOLE


def test_a_failure_keeps_what_was_written() -> None:
    shown = live("Go on", [Token("So "), Failed("out_of_memory", "Memory ran out.", "Send less.", "So")])
    problem = {"code": "out_of_memory", "message": "Memory ran out.", "hint": "Send less."}
    assert (shown.reply, shown.state, shown.error) == ("So", "over", problem)
    details = {"finish": "failed", "error": problem}
    assert kept(Exchange("Go on", [], "So", details, finished=True)).error == problem


def test_a_tool_that_failed() -> None:
    failed = ToolFinished(1, "vqa", 0.5, "", "untrusted", error="The picture is gone.")
    assert live("", [*EVENTS[:3], failed]).calls[0].error == "The picture is gone."


def test_a_turn_that_a_killed_process_left() -> None:
    assert kept(Exchange("What is it?", [PICTURE])).state == "interrupted"


@pytest.mark.parametrize(
    ("arguments", "images"),
    [({"image": "img2"}, ["img2"]), ({"images": ["img1", "img3"]}, ["img1", "img3"]), ({"what": "a dog"}, [])],
)
def test_which_pictures_a_call_names(arguments: dict[str, Any], images: list[str]) -> None:
    assert Call("some_tool", arguments, {}).images == images
