"""A turn looks the same while it runs and after it was kept."""

from __future__ import annotations

from typing import Any

import pytest

from agent.events import (
    Done,
    Event,
    Failed,
    ImageAdded,
    Planned,
    Preview,
    Token,
    ToolFinished,
    ToolProgress,
    ToolStarted,
)
from agent.exchange import Exchange
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


FOUND = ImageRef("img2", "b" * 64, "image/png", 32, 32, "cat.png")
SOURCE: dict[str, Any] = {"path": "/d/rules.md", "heading": "Returns", "page": 2, "text": "30 days.", "score": 0.03}
SEARCHES: list[Event] = [
    ToolStarted(1, "search_images", {"query": "cats"}),
    ImageAdded(FOUND.to_dict(), origin="search_images"),
    ToolFinished(1, "search_images", 0.5, "img2, img1", "untrusted", images=["img2", "img1"], scores=[0.3, 0.2]),
    ToolStarted(2, "search_documents", {"query": "cats"}),
    ToolFinished(2, "search_documents", 0.5, "[1] 30 days.", "untrusted", sources=[SOURCE]),
    Done("Two cats. [1]", None, ["img2", "img1"], {}, 1.5, sources=[SOURCE]),
]


def test_what_searches_found() -> None:
    shown = live("Find cats", SEARCHES)
    assert shown.images == []
    assert shown.found == {"img2": FOUND}
    assert [call.found for call in shown.calls] == [{"img2": 0.3, "img1": 0.2}, {}]
    assert shown.sources == [SOURCE]


def test_what_searches_found_is_kept() -> None:
    blank: dict[str, Any] = {
        "arguments": {}, "probabilities": {}, "seconds": 0.5, "text": "", "confidence": None, "evidence": [],
        "error": "",
    }  # fmt: skip
    steps = [
        {**blank, "tool": "search_images", "images": ["img2", "img1"], "scores": [0.3, 0.2], "sources": []},
        {**blank, "tool": "search_documents", "images": [], "scores": [], "sources": [SOURCE]},
    ]
    exchange = Exchange("Find cats", [], "Two cats.", {"steps": steps}, finished=True, found={"img2": FOUND})
    shown, before = kept(exchange), live("Find cats", SEARCHES)
    assert shown.found == before.found
    assert shown.sources == before.sources
    assert [call.found for call in shown.calls] == [call.found for call in before.calls]


APPLE = ImageRef("img1", "c" * 64, "image/png", 128, 128, "a red apple")
DRAWING: list[Event] = [
    ToolStarted(1, "generate_image", {"prompt": "draw a red apple"}),
    Preview(1, "generate_image", 0.25, "bm9pc2U="),
    Preview(1, "generate_image", 0.5),
    ImageAdded(APPLE.to_dict(), origin="generate_image"),
    ToolFinished(1, "generate_image", 0.5, "This is img1.", "trusted", images=["img1"], drawn=True),
    Done("This is img1.", None, ["img1"], {}, 1.5),
]


def test_a_drawing_comes_on() -> None:
    [begun], [half], [there] = (live("Draw", DRAWING[:count]).calls for count in (1, 3, 4))
    assert (begun.fraction, begun.preview, begun.drawn) == (0, "", [])
    assert (half.fraction, half.preview, half.drawn) == (0.5, "bm9pc2U=", [])
    assert there.drawn == ["img1"]


def test_what_was_drawn_is_kept() -> None:
    before = live("Draw", DRAWING)
    step: dict[str, Any] = {
        "tool": "generate_image", "arguments": {}, "probabilities": {}, "seconds": 0.5, "text": "", "confidence": None,
        "evidence": [], "error": "", "images": ["img1"], "scores": [], "sources": [], "drawn": True,
    }  # fmt: skip
    shown = kept(Exchange("Draw", [], "This is img1.", {"steps": [step]}, finished=True, found={"img1": APPLE}))
    assert shown.found == before.found == {"img1": APPLE}
    assert shown.images == before.images == []
    assert [call.drawn for call in shown.calls] == [call.drawn for call in before.calls] == [["img1"]]
    assert not shown.calls[0].found
    step["drawn"] = False
    assert not kept(Exchange("Look", [], "", {"steps": [step]}, finished=True)).calls[0].drawn


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
