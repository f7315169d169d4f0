"""A turn from words and files to a saved reply, with real stores and a scripted model."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from agent.assistant import Upload
from agent.events import Event, ImageAdded, Planned, Token, ToolFinished, ToolProgress, ToolStarted
from runtime.errors import DiskFull, GenerationFailed, UnknownThread
from runtime.vlm.scripted import Rule
from tests.agent.stage import done, failed, png, stage

VQA = Rule(actions=("vqa", "answer"), reply="A red square.", confidence=0.8)


def names(events: list[Event]) -> list[str]:
    """The kinds of events in order, runs of tokens and of progress as one."""
    kinds: list[str] = []
    for event in events:
        if not kinds or kinds[-1] != type(event).__name__:
            kinds.append(type(event).__name__)
    return kinds


def test_a_composed_turn_tells_everything_in_order() -> None:
    with stage([VQA], tool_calls=2) as (assistant, _, thread):
        events = list(assistant.ask(thread, "What is it?", [png()]))
        assert names(events) == [
            *("ImageAdded", "Planned", "ToolStarted", "ToolProgress", "ToolFinished"),
            *("Planned", "Token", "Done"),
        ]
        planned = next(event for event in events if isinstance(event, Planned))
        assert planned.action == "vqa"
        assert planned.arguments == {"images": ["img1"], "question": "What is it?"}
        assert sum(planned.probabilities.values()) == pytest.approx(1)
        end = done(events)
        assert end.text == "A red square."
        assert end.confidence == 0.8
        assert end.citations == ["img1"]
        assert end.usage["image"] == 16


def test_a_direct_turn_streams_the_tools_own_words() -> None:
    with stage([VQA], composes=False, tool_calls=1) as (assistant, _, thread):
        events = list(assistant.ask(thread, "What is it?", [png()]))
        assert names(events)[:3] == ["ImageAdded", "Planned", "ToolStarted"]
        tokens = [event.text for event in events if isinstance(event, Token)]
        progress = [event.text for event in events if isinstance(event, ToolProgress)]
        assert tokens == progress == ["A", " red", " square."]
        end = done(events)
        assert (end.text, end.confidence) == ("A red square.", 0.8)
        assert end.usage["image"] == 16


@pytest.mark.parametrize(("least", "words"), [(0.7, "A red square."), (0.9, "A red square.\n\nI am not sure of this.")])
def test_an_answer_that_is_likely_wrong_says_so(least: float, words: str) -> None:
    with stage([VQA], composes=False, tool_calls=1, unsure_below=least) as (assistant, _, thread):
        assert done(list(assistant.ask(thread, "What is it?", [png()]))).text == words


def test_only_an_answer_is_doubted() -> None:
    with stage(composes=False, tool_calls=1, unsure_below=1.0) as (assistant, _, thread):
        assert done(list(assistant.ask(thread, "", [png()]))).text == "A red square."


def test_text_that_was_read_is_quoted() -> None:
    rule = Rule(actions=("read_text",))
    with stage([rule], composes=False, tool_calls=1, read="OPEN\nfrom 9 to 5") as (assistant, _, thread):
        events = list(assistant.ask(thread, "What does it say?", [png()]))
        assert done(events).text == "The text in img1:\n\n> OPEN  \n> from 9 to 5"
        finished = next(event for event in events if isinstance(event, ToolFinished))
        assert finished.trust == "untrusted"
        assert len(finished.evidence) == 2


def test_a_picture_without_text_says_so() -> None:
    rule = Rule(actions=("read_text",))
    with stage([rule], composes=False, tool_calls=1, read="") as (assistant, _, thread):
        assert done(list(assistant.ask(thread, "Read it", [png()]))).text == "There is no readable text in img1."


def test_a_follow_up_sees_the_earlier_picture() -> None:
    with stage([VQA], tool_calls=1) as (assistant, _, thread):
        list(assistant.ask(thread, "What is it?", [png()]))
        events = list(assistant.ask(thread, "And its colour?"))
        started = next(event for event in events if isinstance(event, ToolStarted))
        assert started.arguments["images"] == ["img1"]


def test_handles_go_on_counting_through_the_conversation() -> None:
    with stage() as (assistant, _, thread):
        list(assistant.ask(thread, "One", [png("red"), png("blue")]))
        events = list(assistant.ask(thread, "Two", [png("green")]))
        assert [e.image["handle"] for e in events if isinstance(e, ImageAdded)] == ["img3"]


def test_a_picture_without_words_is_described() -> None:
    with stage([Rule(reply="A square.")], composes=False, tool_calls=1) as (assistant, _, thread):
        events = list(assistant.ask(thread, "", [png()]))
        assert next(e for e in events if isinstance(e, Planned)).action == "caption"
        assert done(events).text == "A square."
        assert assistant.home.conversations.get(thread).title == "A picture"


def test_a_picture_alone_is_answered_in_the_language_spoken_so_far() -> None:
    with stage([Rule(when="请描述", reply="红色的。"), Rule(reply="好的。")], composes=False, tool_calls=1) as (
        assistant,
        _,
        thread,
    ):
        list(assistant.ask(thread, "你好"))
        assert done(list(assistant.ask(thread, "", [png()]))).text == "红色的。"


def test_a_model_that_says_nothing_is_not_an_empty_reply() -> None:
    with stage([Rule(actions=("vqa",), reply="")], composes=False, tool_calls=1) as (assistant, _, thread):
        text = done(list(assistant.ask(thread, "What is it?", [png()]))).text
        assert text == "The model has nothing to say about img1."


def test_chinese_questions_get_chinese_prompts_and_replies() -> None:
    rule = Rule(actions=("read_text",))
    with stage([rule], composes=False, tool_calls=1, read="营业中") as (assistant, _, thread):
        assert done(list(assistant.ask(thread, "牌子上写着什么？", [png()]))).text == "img1 里的文字：\n\n> 营业中"
        assert "img9" in done(list(assistant.ask(thread, "img9 里有什么动物？"))).text


def test_history_shows_what_was_said_after_reopening() -> None:
    with stage([VQA]) as (assistant, _, thread):
        list(assistant.ask(thread, "What is it?", [png()]))
    with stage([VQA]) as (assistant, _, _):
        (exchange,) = assistant.history(thread)
        assert (exchange.words, exchange.reply, exchange.finished) == ("What is it?", "A red square.", True)
        assert [ref.handle for ref in exchange.images] == ["img1"]
        assert exchange.details["steps"][0]["tool"] == "vqa"
        assert assistant.home.conversations.get(thread).title == "What is it?"
        assert done(list(assistant.ask(thread, "And now?"))).text


def test_planning_alone_runs_and_stores_nothing(home: Path) -> None:
    with stage([VQA]) as (assistant, _, thread):
        plan = assistant.plan("What is it?", [png()])
        assert (plan.action, plan.arguments["images"]) == ("vqa", ["img1"])
        assert sum(plan.probabilities.values()) == pytest.approx(1)
        assert assistant.history(thread) == []
        assert not [path for path in (home / "images").rglob("*") if path.is_file()]


def test_stop_keeps_what_was_said_and_the_next_turn_works() -> None:
    with stage([Rule(reply="one two three four five")]) as (assistant, model, thread):
        cancel = threading.Event()
        model.on_token = lambda count: cancel.set() if count == 2 else None
        end = done(list(assistant.ask(thread, "Count", cancel=cancel)))
        assert (end.text, end.finish) == ("one two", "cancelled")
        model.on_token = None
        assert assistant.history(thread)[0].reply == "one two"
        assert done(list(assistant.ask(thread, "Again"))).text == "one two three four five"


def test_stop_while_planning_ends_the_turn() -> None:
    with stage() as (assistant, _, thread):
        cancel = threading.Event()
        cancel.set()
        end = done(list(assistant.ask(thread, "Hello", [png()], cancel)))
        assert (end.text, end.finish) == ("", "cancelled")
        assert assistant.history(thread)[0].finished


def test_the_clock_ends_a_turn_and_the_next_one_works() -> None:
    with stage([Rule(reply="one two three", tokens_per_second=0.5)], turn_seconds=0.2) as (assistant, model, thread):
        end = failed(list(assistant.ask(thread, "Count")))
        assert end.code == "limit_reached"
        assert "0.2 seconds" in end.message
        assert assistant.history(thread)[0].details["error"]["code"] == "limit_reached"
        model.rules = [Rule(reply="quick")]
        assert done(list(assistant.ask(thread, "Again"))).text == "quick"


def test_a_model_error_is_a_sentence_and_the_thread_stays_usable() -> None:
    with stage([Rule(when=r"bad$", error="The model stopped."), VQA]) as (assistant, _, thread):
        end = failed(list(assistant.ask(thread, "bad")))
        assert (end.code, end.message) == ("generation_failed", "The model stopped.")
        assert done(list(assistant.ask(thread, "good"))).text
        assert [exchange.finished for exchange in assistant.history(thread)] == [True, True]


def test_an_unforeseen_error_is_told_too(caplog: pytest.LogCaptureFixture) -> None:
    with stage() as (assistant, model, thread):
        model.on_token = [].pop
        assert "IndexError" in failed(list(assistant.ask(thread, "Hello"))).message
        assert "not foreseen" in caplog.text


def test_a_failing_tool_is_information_for_a_composing_model() -> None:
    with stage([Rule(actions=("read_text", "answer"), reply="I could not read it.")]) as (assistant, _, thread):
        tool = assistant.planner._tools["read_text"]
        tool.failure = GenerationFailed("The reader broke.")  # type: ignore[attr-defined]
        events = list(assistant.ask(thread, "Read it", [png()]))
        assert next(e for e in events if isinstance(e, ToolFinished)).error == "The reader broke."
        assert done(events).text == "I could not read it."


def test_the_step_limit_ends_in_an_answer_and_the_next_turn_works() -> None:
    rule = Rule(actions=("caption", "vqa", "read_text"), reply="Enough.")
    with stage([rule], tool_calls=2) as (assistant, _, thread):
        events = list(assistant.ask(thread, "Do it all", [png()]))
        assert [e.tool for e in events if isinstance(e, ToolStarted)] == ["caption", "vqa"]
        assert done(events).text == "Enough."
        assert done(list(assistant.ask(thread, "Once more"))).text == "Enough."


def test_one_turn_at_a_time_in_a_conversation() -> None:
    with stage([Rule(reply="one two three")]) as (assistant, model, thread):
        inner: list[Event] = []
        model.on_token = lambda count: inner.extend(assistant.ask(thread, "Me too")) if count == 1 else None
        assert done(list(assistant.ask(thread, "Count"))).text == "one two three"
        assert failed(inner).code == "thread_busy"
        assert not assistant.running(thread)


def test_walking_away_stops_the_turn() -> None:
    with stage([Rule(reply="one two three")]) as (assistant, _, thread):
        cancel = threading.Event()
        turn = assistant.ask(thread, "Count", cancel=cancel)
        next(turn)
        turn.close()  # type: ignore[attr-defined]
        assert cancel.is_set()
        assert not assistant.running(thread)
        assert done(list(assistant.ask(thread, "Again"))).text


@pytest.mark.parametrize(
    ("words", "uploads", "code"),
    [
        ("", [], "empty_question"),
        ("   \n ", [], "empty_question"),
        ("x" * 100_000, [], "question_too_long"),
        ("Look", [Upload(b"", "nothing.png")], "image_rejected"),
        ("Look", [Upload(b"%PDF-1.7", "paper.pdf")], "image_rejected"),
        ("Look", [png()] * 9, "too_many_images"),
    ],
)
def test_bad_input_gets_a_sentence_and_leaves_no_trace(words: str, uploads: list[Upload], code: str) -> None:
    with stage() as (assistant, _, thread):
        end = failed(list(assistant.ask(thread, words, uploads)))
        assert end.code == code
        assert end.message
        assert end.hint
        assert assistant.history(thread) == []
        assert done(list(assistant.ask(thread, "Hello"))).text


def test_an_unknown_conversation() -> None:
    with stage() as (assistant, _, _):
        assert failed(list(assistant.ask("nowhere", "Hello"))).code == "unknown_thread"
        with pytest.raises(UnknownThread):
            assistant.history("0" * 32)


def test_an_unknown_handle_is_asked_about() -> None:
    with stage() as (assistant, _, thread):
        assert "no img4 in this conversation yet" not in done(list(assistant.ask(thread, "img1?", [png()]))).text
        text = done(list(assistant.ask(thread, "What is in img4?"))).text
        assert text == "There is no img4 in this conversation. Which of these do you mean: img1?"


def test_an_image_deleted_under_a_thread_is_no_longer_offered() -> None:
    with stage([VQA]) as (assistant, _, thread):
        added = next(e for e in assistant.ask(thread, "What?", [png()]) if isinstance(e, ImageAdded))
        assistant.home.images.delete(added.image["sha256"])
        events = list(assistant.ask(thread, "And what is in img1?"))
        assert "There is no picture in this conversation yet" in done(events).text
        assert done(list(assistant.ask(thread, "Hello"))).text


def test_a_full_disk_is_told_and_nothing_before_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    with stage() as (assistant, _, thread):
        list(assistant.ask(thread, "First", [png("red")]))

        def full(*_: object, **__: object) -> None:
            raise DiskFull

        with monkeypatch.context() as patch:
            patch.setattr(assistant.home.images, "add", full)
            assert failed(list(assistant.ask(thread, "Second", [png("blue")]))).code == "disk_full"
        with monkeypatch.context() as patch:
            patch.setattr(assistant.home.conversations.saver, "put", full)
            assert failed(list(assistant.ask(thread, "Third"))).code == "disk_full"
        assert [exchange.words for exchange in assistant.history(thread)] == ["First"]
        assert done(list(assistant.ask(thread, "Fourth", [png("green")]))).text
