"""The tools that remember, recall and forget: the user's words and pictures, and nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from memory.home import Home
from runtime.settings import load_settings
from runtime.vlm.scripted import Rule, ScriptedModel
from tests.tools.keepsakes import Keepsakes, keepsakes, pixels
from tools.recall import MOST_LISTED
from tools.vqa import Vqa

RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Keepsakes]:
    with keepsakes(tmp_path / "home") as desk:
        yield desk


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Please remember that my horse is called Juniper.", "my horse is called Juniper"),
        ("My shed key hangs by the door. Don't forget that!", "My shed key hangs by the door"),
        ("For future reference: I wear a size 41", "I wear a size 41"),
        ("keep in mind I'm no good with heights, please", "I'm no good with heights"),
        ("I like to be called Bea", "I like to be called Bea"),
        ("请记住我的狗叫豆豆。", "我的狗叫豆豆"),
        ("我周三要看牙医，记一下", "我周三要看牙医"),
        ("帮我记一下，门禁密码是 2231", "门禁密码是 2231"),
    ],
)
def test_what_is_kept_is_what_the_user_said_without_the_asking(desk: Keepsakes, said: str, kept: str) -> None:
    result = desk.remember(said)
    assert desk.texts() == [kept]
    assert kept in result.text
    assert "".join(desk.said) == result.text
    memory = desk.memories.list()[0]
    assert (memory.kind, memory.origin, memory.thread, memory.turn) == ("fact", "asked", desk.thread, 0)


def test_what_is_known_is_not_kept_twice(desk: Keepsakes) -> None:
    desk.remember("Remember that I like tea")
    assert "already" in desk.remember("Don't forget that I like tea.").text
    assert desk.texts() == ["I like tea"]


def test_nothing_said_is_nothing_kept(desk: Keepsakes) -> None:
    assert desk.remember("Remember this.").text.startswith("What shall I remember?")
    assert desk.remember("记住").text.startswith("要记住什么")
    assert desk.texts() == []


def test_a_picture_is_kept_with_its_words_and_our_caption(desk: Keepsakes) -> None:
    red, blue = desk.show("red", "blue")
    result = desk.remember("Remember that this is my friend Rex", blue)
    memory = desk.memories.list()[0]
    assert (memory.kind, memory.text) == ("picture", "this is my friend Rex")
    assert (memory.sha256, memory.caption) == (desk.refs[blue].sha256, "It shows a colour.")
    assert (result.images, desk.described) == ((blue,), [memory.sha256])
    desk.remember("Remember these", red, blue)
    assert {memory.sha256 for memory in desk.memories.list()} == {desk.refs[red].sha256, desk.refs[blue].sha256}


@pytest.mark.parametrize(
    "said", ["Remember this picture.", "This is my friend Rex, remember him", "记住这张照片", "记住这是我的狗"]
)
def test_words_that_point_at_what_was_shown_before_keep_it(desk: Keepsakes, said: str) -> None:
    desk.show("red", "blue")
    desk.remember(said)
    assert [memory.sha256 for memory in desk.memories.list()] == [desk.refs["img2"].sha256]


def test_other_words_in_a_conversation_with_pictures_keep_none(desk: Keepsakes) -> None:
    desk.show("red")
    desk.remember("Remember this: my dog is called Rex")
    assert [(memory.kind, memory.text) for memory in desk.memories.list()] == [("fact", "my dog is called Rex")]


def test_memories_are_told_word_for_word_with_when_they_were_told(desk: Keepsakes) -> None:
    desk.tell("my zebra finch is called Pip", datetime(2026, 3, 4, 12, tzinfo=UTC))
    desk.remember("Remember that the bins go out on Fridays")
    desk.elsewhere()
    result = desk.ask("What did I tell you about my zebra finch?")
    assert "“my zebra finch is called Pip” · told on 2026-03-04" in result.text
    assert "bins" not in result.text
    assert desk.ask("你还记得我的护照号码吗？").text == "关于这个，我什么都不记得。"


def test_nothing_is_recalled_where_nothing_fits(desk: Keepsakes) -> None:
    assert desk.ask("What is my ring size?").text == "I remember nothing yet."
    desk.remember("Remember that my horse is called Juniper")
    assert desk.ask("What is the capital of Peru?").text == "I remember nothing about this."


def test_a_remembered_picture_comes_into_the_conversation_as_it_was(desk: Keepsakes) -> None:
    desk.remember("Remember this picture", *desk.show("red"))
    desk.remember("Remember this picture too", *desk.show("blue"))
    desk.elsewhere()
    result = desk.ask("Show me the blue photo that I gave you last week")
    assert result.images[0] == "img1"
    assert pixels(desk.home.images.open(desk.refs["img1"].sha256)) == BLUE
    assert "img1: " in result.text
    assert len(result.scores) == len(result.images)


def test_a_question_about_a_remembered_picture_is_answered_by_looking(tmp_path: Path) -> None:
    with Home.open(load_settings(home=tmp_path / "home", preset="scripted")) as home:
        model = ScriptedModel(rules=[Rule(reply="It is round.")], load_image=home.images.open)
        desk = Keepsakes(home, Vqa(model, "{question}"))
        desk.remember("Remember that this is my red teapot", *desk.show("red"))
        desk.elsewhere()
        result = desk.ask("The photo of my teapot that I showed you last month: what shape is it?")
        assert result.text.endswith("It is round.")
        assert "my red teapot" in result.text
        assert result.images == ("img1",)
        plain = desk.ask("Show me the photo of my teapot")
        assert "round" not in plain.text


def test_a_picture_whose_file_is_gone_is_told_without_it(desk: Keepsakes) -> None:
    desk.remember("Remember that this is my teapot", *desk.show("red"))
    desk.home.images.delete(desk.refs["img1"].sha256)
    result = desk.ask("What did I tell you about my teapot?")
    assert (result.images, "my teapot" in result.text) == ((), True)


@pytest.mark.parametrize(
    "query", ["What do you remember about me?", "list your memories", "你都记住了什么？", "列出记忆"]
)
def test_all_is_told_where_all_is_asked_for(desk: Keepsakes, query: str) -> None:
    for number in range(MOST_LISTED + 2):
        desk.remember(f"Remember that fact {number} holds")
    text = desk.ask(query).text
    assert f"fact {MOST_LISTED + 1} holds" in text
    assert "fact 1 holds" not in text
    assert "2" in text.splitlines()[-1]


def test_what_is_clearly_meant_is_forgotten_and_named(desk: Keepsakes) -> None:
    desk.remember("Remember that my zebra finch is called Pip")
    desk.remember("Remember that the bins go out on Fridays")
    text = desk.forget("Please forget what I told you about my zebra finch.").text
    assert text.startswith("I have forgotten this:")
    assert "my zebra finch is called Pip" in text
    assert desk.texts() == ["the bins go out on Fridays"]
    assert desk.forget("Forget my zebra finch").text == "I remember nothing about this."


def test_where_several_fit_none_is_forgotten(desk: Keepsakes) -> None:
    desk.remember("Remember that my zebra finch is called Pip")
    desk.remember("Remember that my zebra finch eats millet")
    text = desk.forget("Forget about my zebra finch").text
    assert "none" in text
    assert "Pip" in text
    assert "millet" in text
    assert len(desk.texts()) == 2
    assert "millet" in desk.forget("Forget everything about my zebra finch.").text
    assert desk.texts() == []


@pytest.mark.parametrize(
    "said", ["Forget everything.", "Delete all memories", "清空你的记忆", "Forget everything you know about me!"]
)
def test_all_is_forgotten_on_a_clear_word_only(desk: Keepsakes, said: str) -> None:
    desk.remember("Remember that my horse is called Juniper")
    desk.remember("Remember that I like tea")
    desk.forget(said)
    assert desk.texts() == []


@pytest.mark.parametrize("said", ["Forget that.", "Actually, forget it.", "忘掉吧。", "Delete that memory."])
def test_the_last_of_this_conversation_is_forgotten(desk: Keepsakes, said: str) -> None:
    desk.remember("Remember that my horse is called Juniper")
    desk.elsewhere()
    assert "nothing" in desk.forget("Forget that.").text
    desk.remember("Remember that I like tea")
    desk.forget(said)
    assert desk.texts() == ["my horse is called Juniper"]
