"""Conversations and their branches on the page, in Streamlit's own test harness."""

from __future__ import annotations

import io

from streamlit.testing.v1 import AppTest

from agent.archives import import_thread
from tests.ui.harness import EN, answered, ask, buttons, captions, desk, picture, replies, thread_of

WORDS = EN.threads


def listed(chat: AppTest) -> list[str]:
    """The titles at the side."""
    return [button.label.strip("*") for button in chat.button if (button.key or "").startswith("go-")]


def redone(chat: AppTest, key: str) -> AppTest:
    chat.button(key=key).click().run()
    return answered(chat)


def test_a_turn_is_answered_again_and_the_answers_are_turned_between(chat: AppTest) -> None:
    ask(chat, "good morning")
    ask(chat, "which animal is it?", picture())
    ask(chat, "good night")
    redone(chat, "again-1")
    assert not chat.exception
    assert [text.value for text in chat.text] == ["good morning", "which animal is it?"]
    assert WORDS["branch"].format(position=2, count=2) in captions(chat)
    assert chat.button(key="later-1").disabled
    chat.button(key="earlier-1").click().run()
    assert [text.value for text in chat.text] == ["good morning", "which animal is it?", "good night"]
    assert chat.button(key="earlier-1").disabled
    chat.button(key="later-1").click().run()
    assert len(replies(chat)) == 2


def test_a_question_is_changed_and_its_pictures_stay(chat: AppTest) -> None:
    ask(chat, "good morning", picture())
    chat.button(key="edit-0").click().run()
    chat.text_area(key="edited-0").set_value("which animal is it?")
    redone(chat, "edit-send")
    assert not chat.exception
    assert [text.value for text in chat.text] == ["which animal is it?"]
    assert replies(chat) == ["A **dog** for &#36;4."]
    assert chat.button(key="open-img1")
    assert WORDS["branch"].format(position=2, count=2) in captions(chat)


def test_a_question_that_is_refused_changes_nothing(chat: AppTest) -> None:
    ask(chat, "good morning")
    chat.button(key="edit-0").click().run()
    chat.text_area(key="edited-0").set_value("  ")
    redone(chat, "edit-send")
    assert [text.value for text in chat.text] == ["good morning"]
    assert "There is no question" in chat.error[0].value
    chat.button(key="discard").click().run()
    assert not chat.error


def test_a_turn_under_way_cannot_be_done_again(chat: AppTest) -> None:
    ask(chat, "good morning")
    chat.chat_input[0].set_value("slowly").run()
    assert not [button for button in chat.button if (button.key or "").startswith("again-")]
    chat.button(key="stop").click().run()
    answered(chat)
    assert chat.button(key="again-1")


def erase(chat: AppTest, number: int) -> AppTest:
    chat.button(key=f"erase-{number}").click().run()
    return chat.button(key="erase-turn").click().run()


def test_a_turn_is_erased_on_a_second_word(chat: AppTest) -> None:
    ask(chat, "good morning")
    ask(chat, "which animal is it?", picture())
    redone(chat, "again-1")
    ask(chat, "good night")
    chat.button(key="erase-1").click().run()
    chat.button(key="erase-keep").click().run()
    assert len(replies(chat)) == 3
    erase(chat, 1)
    assert not chat.exception
    assert [text.value for text in chat.text] == ["good morning", "good night"]
    home = desk().assistant.home
    assert (home.images.stored(), home.conversations.get(thread_of(chat)).turns) == (set(), 2)
    ask(chat, "good evening")
    assert len(replies(chat)) == 3


def test_with_its_last_turn_a_conversation_goes(chat: AppTest) -> None:
    ask(chat, "good morning")
    erase(chat, 0)
    assert (chat.header[0].value, listed(chat), "thread" in chat.query_params) == (EN.greeting, [], False)


def test_a_turn_is_not_erased_while_another_tab_asks_on(chat: AppTest) -> None:
    ask(chat, "good morning")
    chat.button(key="erase-0").click().run()
    running = desk().turns.start(thread_of(chat), "slowly")
    chat.button(key="erase-turn").click().run()
    desk().turns.end(thread_of(chat))
    assert running.done
    assert [turn.words for turn in desk().assistant.history(thread_of(chat))] == ["good morning", "slowly"]


def test_conversations_are_found_by_what_was_said(chat: AppTest) -> None:
    ask(chat, "the sofa is red")
    chat.button(key="new").click().run()
    ask(chat, "the cat is black")
    chat.text_input(key="search").set_value("sofas").run()
    assert listed(chat) == ["the sofa is red"]
    chat.text_input(key="search").set_value("zebra").run()
    assert (listed(chat), WORDS["none_found"] in captions(chat)) == ([], True)
    chat.text_input(key="search").set_value("").run()
    assert listed(chat) == ["the cat is black", "the sofa is red"]


def test_a_conversation_is_renamed_pinned_and_exported(chat: AppTest) -> None:
    ask(chat, "first", picture())
    first = thread_of(chat)
    chat.button(key="new").click().run()
    ask(chat, "second")
    chat.button(key=f"manage-{first}").click().run()
    chat.text_input(key="manage-title").set_value("My [cat]")
    chat.button(key="manage-save").click().run()
    assert listed(chat) == ["second", "My \\[cat\\]"]
    chat.button(key=f"manage-{first}").click().run()
    chat.button(key="manage-pin").click().run()
    assert listed(chat) == ["My \\[cat\\]", "second"]
    chat.button(key=f"manage-{first}").click().run()
    assert WORDS["unpin"] in buttons(chat)
    assert not chat.exception
    assert chat.get("download_button")[0].proto.label == WORDS["export"]
    home = desk().assistant.home
    data = io.BytesIO()
    home.conversations.export(first, data)
    assert import_thread(home, data).title == "My [cat]"


def test_a_conversation_that_another_tab_deleted_is_not_managed(chat: AppTest) -> None:
    ask(chat, "first")
    thread = thread_of(chat)
    chat.button(key=f"manage-{thread}").click().run()
    desk().assistant.home.conversations.delete(thread)
    chat.button(key="manage-pin").click().run()
    assert not chat.exception
    assert listed(chat) == []
