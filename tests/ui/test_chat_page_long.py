"""Long conversations, and how often the page looks at a turn under way."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from agent.events import Queued, Token
from tests.ui.harness import ask, buttons, desk, picture, thread_of
from ui import chat_page, exchange
from ui.chat_page import BRISK, POLL, look_interval
from ui.turns import Running


def questions(chat: AppTest) -> list[str]:
    return [text.value for message in chat.chat_message if message.name == "user" for text in message.text]


def test_the_newest_turns_are_shown_and_older_ones_are_a_click_away(
    chat: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_page, "NEWEST", 2)
    ask(chat, "which animal is it?", picture())
    for number in range(1, 5):
        list(desk().assistant.ask(thread_of(chat), f"question {number}"))
    chat.run()
    assert questions(chat) == ["question 3", "question 4"]
    chat.button(key="earlier").click().run()
    assert questions(chat) == [f"question {number}" for number in range(1, 5)]
    chat.button(key="earlier").click().run()
    assert questions(chat)[0] == "which animal is it?"
    assert "img1" in buttons(chat)
    assert "earlier" not in [button.key for button in chat.button]


def test_a_click_draws_no_more_late_in_a_conversation(chat: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_page, "NEWEST", 3)
    drawn: list[int] = []
    draw = exchange.draw

    def counted(shown: Any, scene: Any, number: int) -> None:
        drawn.append(number)
        draw(shown, scene, number)

    monkeypatch.setattr(chat_page, "draw", counted)
    ask(chat, "hello")
    for number in range(7):
        list(desk().assistant.ask(thread_of(chat), f"question {number}"))
    drawn.clear()
    chat.run()
    assert drawn == [5, 6, 7]


def test_only_who_has_the_model_or_has_it_next_is_looked_at_often() -> None:
    running = Running("thread", "hello", (), 0)
    paces = [look_interval(running)]
    for event in (Queued(3), Queued(2), Queued(1), Queued(0), Token("Hi")):
        running.add(event)
        paces.append(look_interval(running))
    assert paces == [BRISK, POLL, POLL, BRISK, BRISK, BRISK]
