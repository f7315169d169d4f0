"""Thumbs below answers, photos beside the box, and what can be asked of a picture, in Streamlit's own test harness."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from agent.events import Event, Planned, Queued, Token
from agent.planner import ANSWER
from tests.ui.harness import EN, LONGEST, PAGE, answered, ask, desk, picture, replies, thread_of
from ui.camera import PHOTOS
from ui.feedback import UP
from ui.shown import live

SAID, VIEWING = EN.feedback, EN.viewing


def labels(chat: AppTest) -> list[str]:
    return [button.label for button in chat.button]


def test_a_thumb_up_is_kept_and_can_be_explained_later(chat: AppTest) -> None:
    ask(chat, "good morning")
    assert SAID["explain"] not in labels(chat)
    chat.feedback[0].set_value(UP).run()
    [opinion] = desk().assistant.home.feedback.list()
    assert (opinion.thread, opinion.good, opinion.reason) == (thread_of(chat), True, "")
    assert not chat.text_area  # nobody is asked why a good answer is good
    next(button for button in chat.button if button.label == SAID["explain"]).click().run()
    assert "explain-correction" not in [field.key for field in chat.text_input]
    chat.text_area(key="explain-reason").set_value("short")
    chat.button(key="explain-save").click().run()
    assert not chat.exception
    assert [opinion.reason for opinion in desk().assistant.home.feedback.list()] == ["short"]


def test_a_thumb_down_asks_why_and_what_is_right(chat: AppTest) -> None:
    ask(chat, "which animal is it?", picture())
    chat.feedback[0].set_value(0).run()
    chat.text_area(key="explain-reason").set_value("no dog")
    chat.text_input(key="explain-correction").set_value("a fox")
    chat.button(key="explain-save").click().run()
    [opinion] = desk().assistant.home.feedback.list()
    assert (opinion.good, opinion.reason, opinion.correction) == (False, "no dog", "a fox")
    chat.run()
    assert not chat.text_area  # it is asked once


def test_a_thumb_is_there_after_a_reload_and_taken_back(chat: AppTest) -> None:
    ask(chat, "good morning")
    chat.feedback[0].set_value(UP).run()
    again = AppTest.from_file(PAGE, default_timeout=LONGEST)
    again.query_params["thread"] = thread_of(chat)
    again.run()
    assert again.feedback[0].value == UP
    again.feedback[0].set_value(None).run()
    assert desk().assistant.home.feedback.list() == []


def test_another_answer_to_the_same_question_has_a_thumb_of_its_own(chat: AppTest) -> None:
    ask(chat, "good morning")
    chat.feedback[0].set_value(UP).run()
    chat.button(key="again-0").click().run()
    answered(chat)
    assert chat.feedback[0].value is None
    chat.button(key="earlier-0").click().run()
    assert chat.feedback[0].value == UP


def test_a_picture_that_is_looked_at_can_be_described(chat: AppTest) -> None:
    ask(chat, "which animal is it?", picture())
    chat.button(key="open-img1").click().run()
    assert [label for label in labels(chat) if label in VIEWING.values()] == [VIEWING["describe"]]
    chat.button(key="ask-describe").click().run()
    answered(chat)
    assert not chat.exception
    assert [text.value for text in chat.text][-1] == VIEWING["say_describe"].format(handle="img1")
    assert "ask-describe" not in [button.key for button in chat.button]
    assert len(replies(chat)) >= 2


def test_nothing_can_be_asked_of_a_picture_while_an_answer_is_written(chat: AppTest) -> None:
    ask(chat, "which animal is it?", picture())
    chat.chat_input[0].set_value("slowly").run()
    chat.button(key="open-img1").click().run()
    assert chat.button(key="ask-describe").disabled
    chat.button(key="stop").click().run()
    answered(chat)


def test_a_photo_goes_with_the_next_message_and_no_other(chat: AppTest) -> None:
    chat.session_state[PHOTOS] = [picture("photo-1.jpg"), picture("photo-2.jpg")]
    chat.run()
    chat.button(key="remove-photo-0").click().run()
    ask(chat, "which animal is it?")
    assert not chat.exception
    [exchange] = desk().assistant.history(thread_of(chat))
    assert [image.name for image in exchange.images] == ["photo-2.jpg"]
    assert PHOTOS not in chat.session_state
    ask(chat, "good morning")
    assert desk().assistant.history(thread_of(chat))[-1].images == []


@pytest.mark.parametrize(
    ("events", "ahead"),
    [
        ([Queued(2)], 2),
        ([Queued(2), Queued(1)], 1),
        ([Queued(1), Queued(0)], 0),
        ([Queued(1), Planned(1, ANSWER, {}, {ANSWER: 1.0}, 0.1), Token("a")], 0),
    ],
)
def test_how_many_are_served_before_is_shown_while_it_is_so(events: list[Event], ahead: int) -> None:
    assert live("hello", events).ahead == ahead
