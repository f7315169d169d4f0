"""Times and numbers in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ui.language import texts
from ui.shown import Call, Shown
from ui.wording import ago, call_facts, chances, file_size, percent, place, reply_facts, similarity

EN = texts("en")
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("past", "words"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 min ago"),
        (timedelta(minutes=59), "59 min ago"),
        (timedelta(minutes=60), "1 h ago"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(hours=24), "yesterday"),
        (timedelta(hours=48), "2 days ago"),
        (timedelta(days=28), "28 days ago"),
        (timedelta(days=32), f"{(NOW - timedelta(days=32)).astimezone():%Y-%m-%d}"),
    ],
)
def test_how_long_ago(past: timedelta, words: str) -> None:
    assert ago(NOW - past, NOW, EN) == words


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(0, "0"), (0.004, "<1"), (0.005, "<1"), (0.006, "1"), (0.126, "13"), (0.994, "99"), (0.996, ">99"), (1, "100")],
)
def test_percents_never_promise_too_much(fraction: float, text: str) -> None:
    assert percent(fraction) == text


def test_what_is_known_about_a_reply() -> None:
    shown = Shown("", confidence=0.83, seconds=2.44, usage={"input": 90, "output": 12}, citations=["img1", "img2"])
    assert reply_facts(shown, EN) == "confidence 83 % · 2.4 s · 12 tokens · about img1, img2"
    assert reply_facts(Shown(""), EN) == ""


def test_what_is_known_about_a_tool_call() -> None:
    assert call_facts(Call("vqa", {}, {}, seconds=0.55, confidence=0.5), EN) == "confidence 50 % · 0.6 s"
    assert call_facts(Call("vqa", {}, {}), EN) == ""


def test_the_likeliest_choice_comes_first() -> None:
    assert chances({"answer": 0.1, "vqa": 0.899, "caption": 0.001}) == "vqa 90 % · answer 10 % · caption <1 %"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"path": "/d/rules.md", "heading": "Returns › Gifts", "page": None}, "rules.md › Returns › Gifts"),
        ({"path": "/d/manual.pdf", "heading": "", "page": 3}, "manual.pdf, page 3"),
        ({"path": "/d/manual.pdf", "heading": "Care", "page": 3}, "manual.pdf › Care, page 3"),
        ({"path": "notes.txt", "heading": "", "page": None}, "notes.txt"),
    ],
)
def test_where_a_passage_stands(source: dict[str, Any], words: str) -> None:
    assert place(source, EN) == words


def test_how_near_a_picture_is() -> None:
    assert similarity(0.3149, EN) == "similarity 0.31"


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 KB"), (31_400, "31 KB"), (2_440_000, "2.4 MB"), (12 * 10**9, "12 GB")],
)
def test_sizes_of_files(size: int, words: str) -> None:
    assert file_size(size) == words
