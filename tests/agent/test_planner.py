"""What the planner offers, asks and refuses."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from agent.language import language_of, prompts
from agent.lessons import lesson
from agent.planner import Facts, Planner, describe
from runtime.pocket.training.planning import PlanningExample
from runtime.vlm.scripted import Rule, ScriptedModel
from tests.agent.stage import Reads
from tools.base import Tool
from tools.caption import Caption
from tools.vqa import Vqa


def planner(rule: Rule, **options: Any) -> Planner:
    model = ScriptedModel(rules=[rule])
    tools: list[Tool[Any]] = [Caption(model), Vqa(model, "{question}"), Reads("")]
    return Planner(model, {tool.name: tool for tool in tools}, **options)


def plan(rule: Rule, facts: Facts) -> Any:
    return planner(rule).plan(facts, threading.Event())


@pytest.mark.parametrize(
    ("facts", "offered"),
    [
        (Facts("Hello", "en"), ["answer", "ask_user"]),
        (Facts("Hello", "en", ["img1"]), ["answer", "ask_user", "caption", "vqa", "read_text"]),
        (Facts("img3?", "en", ["img1"]), ["ask_user"]),
        (Facts("", "en", ["img1"], ["img1"]), ["caption"]),
        (Facts("Hello", "en", ["img1"], calls_left=0), ["answer"]),
        (
            Facts("Hello", "en", ["img1"], done=[("caption", {"image": "img1"})]),
            ["answer", "vqa", "read_text"],
        ),
    ],
)
def test_what_is_certain_narrows_what_is_offered(facts: Facts, offered: list[str]) -> None:
    assert planner(Rule()).offered(facts) == offered


def test_a_named_picture_is_not_left_to_the_model() -> None:
    facts = Facts("What is in img2?", "en", ["img1", "img2", "img3"])
    assert plan(Rule(actions=("vqa",)), facts).arguments == {"images": ["img2"], "question": "What is in img2?"}


def test_arguments_are_decoded_where_there_is_a_choice() -> None:
    facts = Facts("Which is bigger?", "en", ["img1", "img2"])
    rule = Rule(actions=("vqa",), arguments={"images": ["img1", "img1"]})
    assert plan(rule, facts).arguments == {"images": ["img1"], "question": "Which is bigger?"}


def test_a_repeated_call_is_refused() -> None:
    call = ("caption", {"image": "img2"})
    facts = Facts("Again", "en", ["img1", "img2"], done=[call], calls_left=2)
    assert plan(Rule(actions=("caption",)), facts).action == "answer"


def test_a_model_that_was_trained_to_plan_is_shown_what_it_was_taught_and_no_more() -> None:
    taught = PlanningExample("What is in img1?", "en", ("img1",), ("img1",), ("Hello",), "vqa", ("img1",))
    facts = Facts(taught.text, taught.lang, taught.handles, taught.new, taught.earlier)
    [message] = planner(Rule(), briefly=True).messages(facts, ["answer", "vqa"])
    assert message.text == lesson(taught)[0]


def test_examples_of_what_is_not_offered_are_left_out() -> None:
    messages = planner(Rule()).messages(Facts("Hi", "en"), ["answer", "ask_user"])
    assert "caption" not in json.dumps([message.content for message in messages])


def test_the_users_words_come_last() -> None:
    facts = Facts("那第二张呢？", "zh", ["img1", "img2"], ["img2"], ["你好"], [("caption", {"image": "img1"})])
    assert describe(facts).splitlines() == [
        "图片: img1, img2 (新)",
        "之前: 你好",
        '已做: caption {"image": "img1"}',
        "用户: 那第二张呢？",
    ]


@pytest.mark.parametrize(
    ("text", "wanted", "language"),
    [
        ("What is it?", "auto", "en"),
        ("图片中有什么动物？", "auto", "zh"),
        ("img2 里有 dog 吗？", "auto", "zh"),
        ("The sign says 营业 in red letters", "auto", "en"),
        ("", "auto", "en"),
        ("What is it?", "zh", "zh"),
        ("这是什么", "en", "en"),
    ],
)
def test_the_language_follows_the_words_unless_set(text: str, wanted: str, language: str) -> None:
    assert language_of(text, wanted) == language


def test_both_languages_have_the_same_prompts_and_valid_examples() -> None:
    english, chinese = prompts("en"), prompts("zh")
    for field in ("actions", "facts"):
        assert getattr(english, field).keys() == getattr(chinese, field).keys()
    for texts in (english, chinese):
        for example in texts.examples:
            action = json.loads(example.plan)["action"]
            assert action in texts.actions
            handles = json.loads(example.plan).get("images", [])
            assert set(handles) <= set(example.pictures)
