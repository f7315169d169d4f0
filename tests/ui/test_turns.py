"""Turns go on without a watcher, show all of themselves to a late one, and lose nothing that was sent."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from agent.assistant import Assistant, Upload
from agent.events import Done, Event, Failed, Token
from memory.home import Home
from runtime.errors import DiskFull, ThreadBusy, UnknownThread
from runtime.models import model_pool
from runtime.presets import preset_of
from runtime.settings import load_settings
from runtime.vlm.scripted import Rule, ScriptedModel
from ui.turns import Running, Turns

WORDS = "one two three four five six"
LONGEST = 30
"""Seconds that a test waits for anything."""


class Gate:
    """Holds the model before one of its words, until it is opened."""

    def __init__(self) -> None:
        self.word = 3
        self.reached = threading.Event()
        self.opened = threading.Event()

    def __call__(self, said: int) -> None:
        if said == self.word:
            self.reached.set()
            assert self.opened.wait(LONGEST)


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def assistant(gate: Gate) -> Iterator[Assistant]:
    settings = load_settings(preset="scripted", script=Path("not read"))
    rules = [Rule(when="fail", error="it broke"), Rule(reply=WORDS)]
    home = Home.open(settings)
    model = ScriptedModel(rules=rules, load_image=home.images.open, on_token=gate)
    assistant = Assistant(settings, preset_of(settings), home, model, model_pool(settings), {})
    yield assistant
    gate.opened.set()
    assistant.close()


@pytest.fixture
def turns(assistant: Assistant) -> Turns:
    return Turns(assistant)


@pytest.fixture
def thread(assistant: Assistant) -> str:
    return assistant.home.conversations.create().id


def until(condition: Callable[[], bool]) -> None:
    """Return once it holds."""
    for _ in range(1000):
        if condition():
            return
        threading.Event().wait(LONGEST / 1000)
    pytest.fail("it never came to hold")


def said(events: Sequence[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Token))


def test_a_turn_runs_without_a_watcher_and_is_saved(
    turns: Turns, assistant: Assistant, thread: str, gate: Gate
) -> None:
    gate.opened.set()
    running = turns.start(thread, "hello")
    assert running.wait(LONGEST)
    assert turns.get(thread) is None
    assert [(e.words, e.reply, e.finished) for e in assistant.history(thread)] == [("hello", WORDS, True)]
    assert turns.draft(thread) is None


def test_whoever_comes_late_sees_all_of_it(turns: Turns, thread: str, gate: Gate) -> None:
    turns.start(thread, "hello")
    assert gate.reached.wait(LONGEST)
    late = turns.get(thread)
    assert late is not None
    until(lambda: said(late.events) == "one two three")
    assert not late.done
    gate.opened.set()
    assert late.wait(LONGEST)
    assert said(late.events) == WORDS
    assert isinstance(late.events[-1], Done)


def test_stopping_keeps_what_was_written(turns: Turns, assistant: Assistant, thread: str, gate: Gate) -> None:
    running = turns.start(thread, "hello")
    assert gate.reached.wait(LONGEST)
    running.stop()
    gate.opened.set()
    assert running.wait(LONGEST)
    [exchange] = assistant.history(thread)
    assert exchange.reply == "one two three"
    assert exchange.details["finish"] == "cancelled"


def test_a_conversation_has_one_turn_at_a_time(turns: Turns, thread: str, gate: Gate) -> None:
    running = turns.start(thread, "hello")
    with pytest.raises(ThreadBusy):
        turns.start(thread, "and another thing")
    assert turns.get(thread) is running
    gate.opened.set()
    assert running.wait(LONGEST)
    assert said(running.events) == WORDS


def test_conversations_run_side_by_side(turns: Turns, assistant: Assistant, thread: str, gate: Gate) -> None:
    other = assistant.home.conversations.create().id
    both = [turns.start(thread, "hello"), turns.start(other, "hello")]
    assert gate.reached.wait(LONGEST)
    assert [turns.get(thread), turns.get(other)] == both
    gate.opened.set()
    assert [running.wait(LONGEST) for running in both] == [True, True]


def test_before_counts_the_turns_that_were_there(turns: Turns, thread: str, gate: Gate) -> None:
    gate.opened.set()
    first = turns.start(thread, "hello")
    assert first.wait(LONGEST)
    second = turns.start(thread, "hello again")
    assert (first.before, second.before) == (0, 1)
    assert second.wait(LONGEST)


def test_what_was_refused_becomes_a_draft_and_goes_when_it_is_sent(
    turns: Turns, assistant: Assistant, thread: str, gate: Gate
) -> None:
    gate.opened.set()
    uploads = [Upload(b"not a picture", "notes.txt")]
    assert turns.start(thread, "look at this", uploads).wait(LONGEST)
    assert assistant.history(thread) == []
    draft = turns.draft(thread)
    assert draft is not None
    assert (draft.words, draft.uploads, draft.failure.code) == ("look at this", uploads, "image_rejected")
    assert turns.latest(thread) is draft
    running = turns.start(thread, "look at this")
    assert turns.draft(thread) is None
    assert running.wait(LONGEST)


def test_what_was_saved_and_failed_is_no_draft(turns: Turns, assistant: Assistant, thread: str) -> None:
    assert turns.start(thread, "fail").wait(LONGEST)
    assert turns.draft(thread) is None
    assert assistant.history(thread)[0].details["error"]["message"] == "it broke"


def test_refuse_and_discard(turns: Turns, thread: str) -> None:
    error = DiskFull()
    turns.refuse(thread, "hello", [], error)
    draft = turns.draft(thread)
    assert draft is not None
    assert draft.failure == Failed(error.code, error.message, error.hint)
    turns.discard(thread)
    assert turns.latest(thread) is None


def test_end_stops_and_waits(turns: Turns, assistant: Assistant, thread: str, gate: Gate) -> None:
    running = turns.start(thread, "hello")
    assert gate.reached.wait(LONGEST)
    ended = threading.Event()

    def end() -> None:
        turns.end(thread)
        ended.set()

    threading.Thread(target=end, daemon=True).start()
    until(running.cancel.is_set)
    assert not ended.is_set()
    gate.opened.set()
    assert ended.wait(LONGEST)
    assert running.done
    assert assistant.history(thread)[0].reply == "one two three"


def test_an_error_that_nobody_foresaw_ends_the_turn_too(
    turns: Turns, assistant: Assistant, thread: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> Iterator[Event]:
        yield Token("one ")
        raise ZeroDivisionError

    monkeypatch.setattr(assistant, "ask", broken)
    running: Running = turns.start(thread, "hello")
    assert running.wait(LONGEST)
    assert isinstance(running.events[-1], Failed)
    draft = turns.draft(thread)
    assert draft is not None
    assert "ZeroDivisionError" in draft.failure.message
    assert "ZeroDivisionError" in caplog.text


def test_a_conversation_that_is_not_there(turns: Turns) -> None:
    with pytest.raises(UnknownThread):
        turns.start("0" * 32, "hello")
    assert turns.get("0" * 32) is None
