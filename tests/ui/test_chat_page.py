"""What the page shows, in Streamlit's own test harness."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.harness import (
    EN,
    LONGEST,
    PAGE,
    answered,
    ask,
    buttons,
    captions,
    desk,
    picture,
    replies,
    thread_of,
)
from ui.desk import open_desk
from ui.language import texts


def test_an_empty_page_says_how_to_begin_and_what_answers(chat: AppTest) -> None:
    assert not chat.exception
    assert chat.header[0].value == EN.greeting
    assert EN.presets["scripted"] in captions(chat)
    assert EN.no_conversations in captions(chat)


def test_a_suggestion_fills_the_box_and_sends_nothing(chat: AppTest) -> None:
    chat.button(key="suggestion-0").click().run()
    assert chat.chat_input[0].proto.value == EN.suggestions[0]
    assert "thread" not in chat.query_params


def test_an_answer_appears_with_its_tool_call(chat: AppTest) -> None:
    ask(chat, "which animal is it?", picture())
    assert not chat.exception
    assert replies(chat) == ["A **dog** for &#36;4."]
    assert chat.text[0].value == "which animal is it?"
    [call] = chat.expander
    assert call.label.startswith("Look · img1 · confidence 80 %")
    assert call.code[0].value == 'vqa {"images": ["img1"], "question": "which animal is it?"}'
    assert call.code[1].value == "A **dog** for $4."
    assert "vqa 80 %" in call.caption[-1].value
    assert any(line.startswith("confidence 80 %") for line in captions(chat))
    assert any("about img1" in line for line in captions(chat))


def test_the_picture_opens_in_full_size(chat: AppTest) -> None:
    ask(chat, "which animal is it?", picture())
    assert chat.button(key="open-img1").label == "img1"
    chat.button(key="open-img1").click().run()
    [dialog] = [text.value for text in chat.markdown if "48 × 32" in text.value]
    assert "PNG" in dialog


def test_a_model_that_cannot_say_where_it_looked_says_so(chat: AppTest) -> None:
    ask(chat, "which animal is it?", picture())
    chat.button(key="where-0-0").click().run()
    assert not chat.exception
    assert EN.where_unknown in captions(chat)


def test_conversations_are_listed_and_opened(chat: AppTest) -> None:
    ask(chat, "good *morning*")
    first = thread_of(chat)
    chat.button(key="new").click().run()
    assert "thread" not in chat.query_params
    ask(chat, "good evening")
    assert [label for label in buttons(chat) if "good" in label] == ["**good evening**", "good \\*morning\\*"]
    chat.button(key=f"go-{first}").click().run()
    assert thread_of(chat) == first
    assert [text.value for text in chat.text] == ["good *morning*"]


def test_older_conversations_are_a_click_away(chat: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.sidebar.LISTED", 2)
    conversations = desk().assistant.home.conversations
    for number in range(5):
        conversations.record_turn(conversations.create().id, title=f"talk {number}", thumbnail="")
    chat.session_state["listed"] = 2

    def listed() -> list[str]:
        return [label for label in buttons(chat) if "talk" in label]

    chat.run()
    assert listed() == ["talk 4", "talk 3"]
    chat.button(key="older").click().run()
    chat.button(key="older").click().run()
    assert listed() == ["talk 4", "talk 3", "talk 2", "talk 1", "talk 0"]
    assert EN.older not in buttons(chat)


def test_the_address_names_the_conversation(chat: AppTest) -> None:
    ask(chat, "good morning")
    other = AppTest.from_file(PAGE, default_timeout=LONGEST)
    other.query_params["thread"] = thread_of(chat)
    other.run()
    assert [text.value for text in other.text] == ["good morning"]


@pytest.mark.parametrize("name", ["0" * 32, "../../etc", "%00"])
def test_an_address_of_nothing(chat: AppTest, name: str) -> None:
    chat.query_params["thread"] = name
    chat.run()
    assert chat.info[0].value == EN.not_there
    assert "thread" not in chat.query_params
    assert chat.header[0].value == EN.greeting


def test_deleting_asks_first(chat: AppTest) -> None:
    ask(chat, "good morning")
    thread = thread_of(chat)
    chat.button(key=f"delete-{thread}").click().run()
    assert EN.delete_explained in [text.value for text in chat.text]
    chat.button(key="delete-keep").click().run()
    assert [t.id for t in desk().assistant.home.conversations.list()] == [thread]
    chat.button(key=f"delete-{thread}").click().run()
    chat.button(key="delete-confirm").click().run()
    assert desk().assistant.home.conversations.list() == []
    assert "thread" not in chat.query_params


def test_a_conversation_is_deleted_while_it_answers(chat: AppTest) -> None:
    chat.chat_input[0].set_value("count slowly").run()
    thread = thread_of(chat)
    running = desk().turns.get(thread)
    assert running is not None
    chat.button(key=f"delete-{thread}").click().run()
    chat.button(key="delete-confirm").click().run()
    assert running.done
    assert desk().assistant.home.conversations.list() == []


def test_stop_keeps_what_was_written(chat: AppTest) -> None:
    chat.chat_input[0].set_value("count slowly").run()
    assert chat.chat_input[0].disabled
    chat.button(key="stop").click().run()
    answered(chat)
    assert EN.stopped in captions(chat)
    assert not chat.chat_input[0].disabled
    assert "stop" not in [button.key for button in chat.button]


def test_places_that_were_found_are_shown(chat: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(chat, "which animal is it?", picture())
    assistant = desk().assistant
    [exchange] = assistant.history(thread_of(chat))
    exchange.details["steps"][0]["evidence"] = [
        {"image": "img1", "box": (0.1, 0.1, 0.5, 0.5), "text": "OPEN", "score": 0.9}
    ]
    monkeypatch.setattr(assistant, "history", lambda _: [exchange])
    chat.run()
    assert not chat.exception
    [shown] = chat.expander[0].image
    assert shown.captions == [EN.found_in.format(handle="img1")]


def test_chinese(chat: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISTALK_LANGUAGE", "zh")
    chat.run()
    assert chat.header[0].value == texts("zh").greeting


def test_a_model_elsewhere_is_said_to_be_elsewhere(chat: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    open_desk.clear()
    monkeypatch.setenv("VISTALK_PRESET", "served")
    monkeypatch.setenv("VISTALK_VLM_URL", "http://127.0.0.1:9/v1")
    chat.run()
    assert not chat.error
    assert EN.presets["served"] in captions(chat)
