"""A model that reads English only in a Chinese conversation: asked in English, answering in Chinese, seen to look."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.messages import BaseMessage, HumanMessage

from agent.events import Event, Planned, Token, ToolFinished, ToolProgress, ToolStarted
from runtime.presets import preset_of, presets
from runtime.settings import load_settings
from runtime.translating import translator_of
from runtime.vlm.base import Heat
from runtime.vlm.scripted import Rule, ScriptedModel
from tests.agent.stage import done, png, stage

POCKET: dict[str, Any] = {"composes": False, "tool_calls": 1, "at_once": 1}
ENGLISH = "What animal is this? Answer briefly."
ANSWERS = [Rule(when="^What animal is this", reply="Elephant."), Rule(actions=("vqa",))]
DESCRIBES = [Rule(when="^Describe the image", reply="A dog is running on the beach."), Rule(actions=("caption",))]


def shown(events: Sequence[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Token)]


def test_a_chinese_question_is_asked_in_english_and_answered_in_chinese() -> None:
    with stage(ANSWERS, reads="en", **POCKET) as (assistant, _, thread):
        events = list(assistant.ask(thread, "这是什么动物？", [png()]))
        assert done(events).text == "大象。"
        assert shown(events) == ["大象。"], "no English goes by first"
        [planned] = [event for event in events if isinstance(event, Planned)]
        [started] = [event for event in events if isinstance(event, ToolStarted)]
        assert planned.arguments["question"] == started.arguments["question"] == "这是什么动物？"
        [finished] = [event for event in events if isinstance(event, ToolFinished)]
        assert finished.text == "大象。"
        assert assistant.history(thread)[0].details["steps"][0]["untranslated"] == "Elephant."


def test_a_caption_is_translated_whole_or_stays_english() -> None:
    with stage(DESCRIBES, reads="en", **POCKET) as (assistant, _, thread):
        events = list(assistant.ask(thread, "描述一下这张图片", [png()]))
        assert done(events).text == "一只狗在海滩上奔跑。"
        assert len([event for event in events if isinstance(event, ToolProgress)]) == 1
    odd = "A gobbledygook is running on the beach."
    rules = [Rule(when="^Describe the image", reply=odd), Rule(actions=("caption",))]
    with stage(rules, reads="en", **POCKET) as (assistant, _, thread):
        assert done(list(assistant.ask(thread, "描述一下这张图片", [png()]))).text == f"（英文）{odd}"


def test_english_conversations_and_models_that_read_chinese_are_left_alone() -> None:
    with stage(ANSWERS, reads="en", **POCKET) as (assistant, _, thread):
        assert done(list(assistant.ask(thread, "What animal is this?", [png()]))).text == "Elephant."
        assert assistant.history(thread)[0].details["steps"][0]["untranslated"] == ""
    with stage([Rule(when="^这是", reply="大象"), Rule(actions=("vqa",))], **POCKET) as (assistant, _, thread):
        assert done(list(assistant.ask(thread, "这是什么动物？", [png()]))).text == "大象"


def test_several_pictures_are_answered_about_in_chinese() -> None:
    both = Rule(actions=("vqa",), arguments={"images": ["img1", "img2"]})
    rules = [Rule(when="^What kind of animals are these", reply="Dogs."), both]
    with stage(rules, reads="en", **POCKET) as (assistant, _, thread):
        said = done(list(assistant.ask(thread, "这些是什么动物？", [png(), png("blue")]))).text
    assert [line.strip() for line in said.splitlines()] == ["img1: 狗。", "img2: 狗。"]


@pytest.mark.parametrize(("rules", "words"), [(ANSWERS, "这是什么动物？"), (DESCRIBES, "描述一下这张图片")])
def test_where_it_looked_is_asked_of_the_english_words(
    rules: list[Rule], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []

    def attribution(
        self: ScriptedModel, messages: Sequence[BaseMessage], reply: str, *, cancel: threading.Event | None = None
    ) -> Heat | None:
        message = messages[0]
        assert isinstance(message, HumanMessage)
        asked.append((str(message.text), reply))
        return [[1.0]]

    monkeypatch.setattr(ScriptedModel, "attribution", attribution)
    with stage(rules, reads="en", **POCKET) as (assistant, _, thread):
        list(assistant.ask(thread, words, [png()]))
        assert assistant.where(thread, 0, 0) == [[1.0]]
    wanted = (ENGLISH, "Elephant.") if rules is ANSWERS else ("Describe the image.", DESCRIBES[0].reply)
    assert asked == [wanted]


def test_only_the_pocket_model_reads_english_alone() -> None:
    assert {name for name, preset in presets().items() if translator_of(preset)} == {"pocket"}
    for other in ({"vlm": "some/model"}, {"vlm_url": "http://127.0.0.1:1/v1"}):
        assert translator_of(preset_of(load_settings(preset="pocket", **other))) is None
