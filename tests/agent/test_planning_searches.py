"""Planning searches, and questions about what a search found."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.runnables import RunnableLambda
from llguidance import LLMatcher
from PIL import Image

from agent.planner import Facts, Planner
from agent.replying import canned_question
from memory.library.library import Library
from runtime.errors import GenerationFailed
from runtime.vlm.scripted import Rule, ScriptedModel
from tests.tools.stand_ins import ColourEncoder, WordsEncoder
from tools.base import Tool
from tools.caption import Caption
from tools.search_documents import SearchDocuments
from tools.search_images import SearchImages
from tools.vqa import Vqa


def searching(rule: Rule, **options: Any) -> Planner:
    model = ScriptedModel(rules=[rule])
    tools: list[Tool[Any]] = [
        Caption(model),
        Vqa(model, "{question}"),
        SearchImages(_no_library, ColourEncoder(), _no_picture),
        SearchDocuments(_no_library, WordsEncoder()),
    ]
    return Planner(model, {tool.name: tool for tool in tools}, **options)


def _no_library() -> Library:
    raise AssertionError("planning opens no library")


def _no_picture(sha256: str) -> Image.Image:
    raise AssertionError(f"planning looks at no picture: {sha256}")


@pytest.mark.parametrize(
    ("facts", "offered"),
    [
        (Facts("Find a dog", "en"), ["search_images", "search_documents"]),
        (Facts("Find a dog", "en", ["img1"]), ["caption", "vqa", "search_images", "search_documents"]),
        (Facts("", "en", ["img1"], ["img1"], done=[("caption", {"image": "img1"})]), ["search_images"]),
        (Facts("Dog", "en", done=[("search_images", {"query": "Dog"})]), ["search_documents"]),
        (
            Facts("Dog", "en", ["img1"], done=[("search_images", {"query": "Dog"})]),
            ["caption", "vqa", "search_images", "search_documents"],
        ),
    ],
)
def test_searches_need_no_picture(facts: Facts, offered: list[str]) -> None:
    assert [action for action in searching(Rule()).offered(facts) if action not in ("answer", "ask_user")] == offered


def test_words_or_a_picture_is_what_is_searched_with() -> None:
    facts = Facts("Find more like this", "en", ["img1", "img2"])
    by_picture = searching(Rule(actions=("search_images",), arguments={"image": "img1"}))
    assert by_picture.plan(facts, threading.Event()).arguments == {"image": "img1"}
    by_words = searching(Rule(actions=("search_images",), arguments={"query": ""}))
    assert by_words.plan(facts, threading.Event()).arguments == {"query": "Find more like this"}
    done = Facts(facts.words, "en", ["img1"], done=[("search_images", {"image": "img1"})])
    assert by_picture.plan(done, threading.Event()).arguments == {"query": "Find more like this"}


def test_long_words_are_not_decoded() -> None:
    """The user's words are known: a model writes none of them, so that they may be longer than what it may write."""
    seen: list[Any] = []

    class Watching(ScriptedModel):
        def _stream(self, messages: Any, *rest: Any, **named: Any) -> Any:
            seen.append(json.dumps(named["json_schema"]))
            return super()._stream(messages, *rest, **named)

    words = "very " * 4000 + "long"
    model = Watching(rules=[Rule(actions=("vqa",))])
    chosen = Planner(model, {"vqa": Vqa(model, "{question}")}).plan(
        Facts(words, "en", ["img1", "img2"]), threading.Event()
    )
    assert chosen.arguments == {"images": ["img2"], "question": words}
    assert len(seen[0]) < 1000


FOUND = Facts("", "en", ["img1", "img2", "img3", "img4"], found=["img2", "img3", "img4"])


@pytest.mark.parametrize(
    ("words", "handles"),
    [
        ("The second one, what colour is the sofa?", ["img3"]),
        ("第二张是什么颜色？", ["img3"]),
        ("and the last one?", ["img4"]),
        ("最后一张呢？", ["img4"]),
        ("Which of these is brown?", ["img2", "img3", "img4"]),
        ("它们是什么颜色？", ["img2", "img3", "img4"]),
        ("the first and the last one", ["img2", "img4"]),
        ("What colour is it?", ["img2"]),
        ("What colour is img1?", ["img1"]),
        ("the second one, I mean img1", ["img1"]),
    ],
)
def test_found_pictures_are_meant_by_place_and_together(words: str, handles: list[str]) -> None:
    facts = replace(FOUND, words=words)
    assert searching(Rule(actions=("vqa",))).plan(facts, threading.Event()).arguments == {
        "images": handles,
        "question": words,
    }
    assert ("ask_user" in searching(Rule()).offered(facts)) == (not facts.pointed or bool(facts.named))


def test_a_question_goes_on_about_the_picture_looked_at_last() -> None:
    assert replace(FOUND, words="Is it big?", focus=["img3"]).meant == ["img3"]
    assert replace(FOUND, words="Is it big?", focus=["img9"]).meant == ["img2"]
    assert replace(FOUND, words="And the first one?", focus=["img3"]).meant == ["img2"]
    assert replace(FOUND, words="What is in my photo?", focus=["img3"]).meant == []
    assert replace(FOUND, words="Is it big?", new=["img4"]).meant == []


@pytest.mark.parametrize("words", ["What about the fourth one?", "第四张呢？", "the 10th picture", "img9?"])
def test_a_place_beyond_the_found_is_asked_about(words: str) -> None:
    facts = replace(FOUND, words=words)
    assert searching(Rule(actions=("vqa",))).offered(facts) == ["ask_user"]
    assert "img2" in canned_question(facts)


def test_a_found_picture_that_was_deleted_is_asked_about_or_left_out() -> None:
    facts = replace(FOUND, handles=["img1", "img2", "img4"], words="the second one")
    assert facts.missing == ["img3"]
    assert replace(facts, words="which of these?").meant == ["img2", "img4"]


@settings(deadline=None)
@given(
    words=st.text(min_size=1, max_size=80) | st.sampled_from(["the 2nd one and img3", "these", "第9张", "find img7"]),
    handles=st.lists(st.sampled_from([f"img{n}" for n in range(1, 9)]), unique=True),
    found=st.lists(st.sampled_from([f"img{n}" for n in range(1, 9)]), unique=True),
    done=st.lists(st.tuples(st.just("search_images"), st.just({"image": "img2"})), max_size=1),
    action=st.sampled_from(["vqa", "caption", "search_images", "search_documents"]),
    by_image=st.booleans(),
)
def test_only_live_handles_and_the_users_own_words_come_out(
    words: str, handles: list[str], found: list[str], done: Any, action: str, by_image: bool
) -> None:
    """Invariants 2 and 4, whatever the model prefers and whatever it tries to write."""
    facts = Facts(words, "en", handles, done=done, found=[h for h in found if h in handles], calls_left=2)
    wanted = {"image": facts.meant[-1] if facts.meant else handles[-1]} if by_image and handles else {"query": ""}
    if action == "caption":
        wanted = {}
    chosen = searching(Rule(actions=(action,), arguments=wanted)).plan(facts, threading.Event())
    given = dict(chosen.arguments)
    named = [given.pop("image")] if "image" in given else given.pop("images", [])
    assert set(named) <= set(handles)
    assert set(given.values()) <= {words}


def test_words_that_a_model_makes_up_are_never_taken() -> None:
    class Lawless(ScriptedModel):
        """As a server that does not keep to the grammar."""

        def with_structured_output(self, schema: Any, **_: Any) -> Any:
            return RunnableLambda(lambda _: self.rules[0].arguments)

    def plan(**written: Any) -> Any:
        model = Lawless(rules=[Rule(actions=("search_images",), arguments=written)])
        tools = {"search_images": SearchImages(_no_library, ColourEncoder(), _no_picture)}
        return Planner(model, tools).plan(Facts("Find a dog", "en", ["img1"]), threading.Event())

    assert plan(action="search_images", query="send everything").arguments == {"query": "Find a dog"}
    with pytest.raises(GenerationFailed):
        plan(action="search_images", path="/etc/passwd")


def test_what_is_decoded_is_a_grammar() -> None:
    """Every schema that the planner decodes under can be made into a constraint on tokens."""
    seen: list[Any] = []

    class Watching(ScriptedModel):
        def _stream(self, messages: Any, *rest: Any, **named: Any) -> Any:
            seen.append(named["json_schema"])
            return super()._stream(messages, *rest, **named)

    for action in ("caption", "vqa", "search_images"):
        model = Watching(rules=[Rule(actions=(action,))])
        tools: list[Tool[Any]] = [
            Caption(model),
            Vqa(model, "{question}"),
            SearchImages(_no_library, ColourEncoder(), _no_picture),
        ]
        facts = Facts('A "quoted"\nline', "en", ["img1", "img2"])
        Planner(model, {tool.name: tool for tool in tools}).plan(facts, threading.Event())
    assert len(seen) == 3
    for schema in seen:
        assert not LLMatcher.validate_grammar(LLMatcher.grammar_from_json_schema(json.dumps(schema)))
