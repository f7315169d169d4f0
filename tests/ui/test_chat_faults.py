"""What the page says when something fails, and that nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from memory.home import Home
from runtime.settings import load_settings
from tests.ui.harness import (
    EN,
    NO_PICTURE,
    answered,
    ask,
    captions,
    desk,
    picture,
    replies,
    thread_of,
)
from ui.desk import open_desk


def test_a_failed_turn_says_why(chat: AppTest) -> None:
    ask(chat, "break, please")
    assert "the engine stopped" in chat.error[0].value
    assert chat.text[0].value == "break, please"
    ask(chat, "good morning")
    assert replies(chat)[-1] == "Hello there."


def test_what_was_refused_comes_back_and_its_good_files_can_be_sent_again(chat: AppTest) -> None:
    ask(chat, "which animal is it?", picture("dog_1.png"), NO_PICTURE)
    assert "notes.png" in chat.error[0].value
    kept_files = chat.button_group[0]
    assert list(kept_files.value) == [0, 1]
    kept_files.set_value([0]).run()
    ask(chat, "which animal is it?")
    assert not chat.error
    assert "dog_1.png" in [ref.name for ref in desk().assistant.history(thread_of(chat))[0].images]


def test_a_refused_beginning_can_be_thrown_away(chat: AppTest) -> None:
    ask(chat, "look", NO_PICTURE)
    chat.button(key="discard").click().run()
    assert not chat.error
    assert "thread" not in chat.query_params
    assert desk().assistant.home.conversations.list() == []


def test_a_turn_that_another_tab_began_refuses_and_keeps_the_words(chat: AppTest) -> None:
    ask(chat, "good morning")
    thread = thread_of(chat)
    running = desk().turns.start(thread, "count slowly", [picture()])
    chat.chat_input[0].set_value("and me?").run()
    assert "still answering" in chat.error[0].value
    assert chat.chat_input[0].proto.value == "and me?"
    running.stop()
    answered(chat)


def test_a_turn_that_a_killed_process_left(chat: AppTest) -> None:
    ask(chat, "good morning")
    assistant = desk().assistant
    events = assistant.ask(thread_of(chat), "look", [picture()])
    next(events)
    next(events)
    del assistant, events
    open_desk.clear()
    chat.run()
    assert EN.interrupted in captions(chat)


def test_a_data_directory_in_use_is_one_sentence(chat: AppTest) -> None:
    open_desk.clear()
    with Home.open(load_settings()):
        chat.run()
        assert not chat.exception
        assert "is in use by another vistalk" in chat.error[0].value
        assert not chat.chat_input
    chat.button[0].click().run()
    assert chat.chat_input
    assert not chat.error


def test_a_model_that_is_not_there_says_what_to_do(chat: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    open_desk.clear()
    monkeypatch.setenv("VISTALK_PRESET", "pocket")
    chat.run()
    assert "vistalk models pull" in chat.error[0].value
    assert not chat.exception


def test_a_setting_that_makes_no_sense(chat: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISTALK_PORT", "many")
    chat.run()
    assert "port" in chat.error[0].value


def test_a_picture_whose_file_is_gone(chat: AppTest, home: Path) -> None:
    ask(chat, "which animal is it?", picture())
    for file in (home / "images").rglob("*.*"):
        file.unlink()
    chat.run()
    assert not chat.exception
    assert EN.picture_gone.format(handle="img1") in captions(chat)
