"""What is thought of replies: kept once a reply, changed, taken back, gone with its conversation, nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from memory.feedback import LONGEST, Feedback
from memory.home import Home
from runtime.settings import load_settings


@pytest.fixture
def opened(home: Path) -> Iterator[Home]:
    with Home.open(load_settings(preset="scripted")) as opened:
        yield opened


def test_an_opinion_is_given_explained_changed_and_taken_back(opened: Home) -> None:
    thread = opened.conversations.create("dogs").id
    opened.feedback.rate(thread, "a", True)
    opened.feedback.rate(thread, "b", True)
    opened.feedback.explain(thread, "a", " short and true ", "x" * (LONGEST + 9))
    [first, second] = opened.feedback.list()
    assert (first.reply, first.good, first.reason, len(first.correction)) == ("a", True, "short and true", LONGEST)
    assert (second.reply, second.good, second.reason, second.correction) == ("b", True, "", "")
    opened.feedback.rate(thread, "a", False)
    changed = opened.feedback.of(thread)["a"]
    assert (changed.good, changed.reason, changed.told) == (False, "short and true", first.told)
    opened.feedback.withdraw(thread, "a")
    assert [*opened.feedback.of(thread)] == ["b"]


def test_what_was_not_rated_cannot_be_explained(opened: Home) -> None:
    thread = opened.conversations.create("dogs").id
    opened.feedback.explain(thread, "a", "why")
    assert opened.feedback.list() == []


def test_opinions_go_with_their_conversation_down_to_the_bytes(opened: Home) -> None:
    kept, gone = (opened.conversations.create(title).id for title in ("kept", "gone"))
    for thread in (kept, gone):
        opened.feedback.rate(thread, "a", False)
    opened.feedback.explain(gone, "a", "a marmalade reason", "a quince correction")
    opened.conversations.delete(gone)
    opened.feedback.rate(gone, "b", True)
    assert [opinion.thread for opinion in opened.feedback.list()] == [kept]
    files = [file.read_bytes() for file in opened.root.glob("threads.sqlite*")]
    assert not any(words in data for data in files for words in (b"marmalade", b"quince"))


def test_a_reason_that_is_taken_back_is_overwritten(opened: Home) -> None:
    thread = opened.conversations.create("dogs").id
    opened.feedback.rate(thread, "a", False)
    opened.feedback.explain(thread, "a", "a marmalade reason")
    opened.feedback.withdraw(thread, "a")
    assert not any(b"marmalade" in file.read_bytes() for file in opened.root.glob("threads.sqlite*"))


def test_nobody_else_sees_or_changes_them(opened: Home) -> None:
    thread = opened.conversations.create("dogs").id
    opened.feedback.rate(thread, "a", True)
    other = Feedback(opened.conversations.saver, "bob")
    other.rate(thread, "a", False)
    other.explain(thread, "a", "mine")
    other.withdraw(thread, "a")
    assert other.list() == []
    assert [opinion.good for opinion in opened.feedback.list()] == [True]
