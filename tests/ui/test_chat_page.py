"""The page in Streamlit's own test harness, answered from a script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from agent.assistant import Upload
from memory.home import Home
from runtime.settings import load_settings
from tests.memory.pictures import file_of, photo
from ui.app_options import APP
from ui.desk import Desk, open_desk
from ui.language import texts

EN = texts("en")
PAGE = APP.with_name("run_page.py")
SCRIPT = """
[[rule]]
when = "(?<!Before: )break"
error = "the engine stopped"

[[rule]]
when = "which animal"
actions = ["vqa", "answer"]
reply = "A **dog** for $4."
confidence = 0.8

[[rule]]
when = "slowly"
reply = "one two three four five"
tokens_per_second = 1

[[rule]]
reply = "Hello there."
"""
LONGEST = 30
"""Seconds that a test waits for anything."""


@pytest.fixture(autouse=True)
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The scripted preset, and a page that nothing has opened before."""
    script = tmp_path / "script.toml"
    script.write_text(SCRIPT, encoding="utf-8")
    monkeypatch.setenv("VISTALK_PRESET", "scripted")
    monkeypatch.setenv("VISTALK_SCRIPT", str(script))
    open_desk.clear()
    yield
    open_desk.clear()


@pytest.fixture
def page() -> AppTest:
    return AppTest.from_file(PAGE, default_timeout=LONGEST).run()


def desk() -> Desk:
    """What the page has opened."""
    opened = open_desk(load_settings())
    assert isinstance(opened, Desk)
    return opened


def thread_of(page: AppTest) -> str:
    return str(page.query_params["thread"])


def ask(page: AppTest, words: str, *files: Upload) -> AppTest:
    """Send words and files, and return when the answer is there."""
    box = page.chat_input[0]
    for file in files:
        box.upload(file.name, file.data, "image/png")
    box.set_value(words).run()
    return answered(page)


def answered(page: AppTest) -> AppTest:
    if running := desk().turns.get(thread_of(page)):
        assert running.wait(LONGEST)
    return page.run()


def buttons(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


def replies(page: AppTest) -> list[str]:
    return [text.value for message in page.chat_message if message.name == "assistant" for text in message.markdown]


def captions(page: AppTest) -> list[str]:
    return [caption.value for caption in page.caption]


def picture(name: str = "dog.png") -> Upload:
    return Upload(file_of(photo(), "PNG"), name)


NO_PICTURE = Upload(b"not a picture", "notes.png")


def test_an_empty_page_says_how_to_begin_and_what_answers(page: AppTest) -> None:
    assert not page.exception
    assert page.header[0].value == EN.greeting
    assert EN.presets["scripted"] in captions(page)
    assert EN.no_conversations in captions(page)


def test_a_suggestion_fills_the_box_and_sends_nothing(page: AppTest) -> None:
    page.button(key="suggestion-0").click().run()
    assert page.chat_input[0].proto.value == EN.suggestions[0]
    assert "thread" not in page.query_params


def test_an_answer_appears_with_its_tool_call(page: AppTest) -> None:
    ask(page, "which animal is it?", picture())
    assert not page.exception
    assert replies(page) == ["A **dog** for &#36;4."]
    assert page.text[0].value == "which animal is it?"
    [call] = page.expander
    assert call.label.startswith("Look · img1 · confidence 80 %")
    assert call.code[0].value == 'vqa {"images": ["img1"], "question": "which animal is it?"}'
    assert call.code[1].value == "A **dog** for $4."
    assert "vqa 80 %" in call.caption[-1].value
    assert any(line.startswith("confidence 80 %") for line in captions(page))
    assert any("about img1" in line for line in captions(page))


def test_the_picture_opens_in_full_size(page: AppTest) -> None:
    ask(page, "which animal is it?", picture())
    assert page.button(key="open-img1").label == "img1"
    page.button(key="open-img1").click().run()
    assert "48 × 32" in captions(page)


def test_conversations_are_listed_and_opened(page: AppTest) -> None:
    ask(page, "good *morning*")
    first = thread_of(page)
    page.button(key="new").click().run()
    assert "thread" not in page.query_params
    ask(page, "good evening")
    assert [label for label in buttons(page) if "good" in label] == ["**good evening**", "good \\*morning\\*"]
    page.button(key=f"go-{first}").click().run()
    assert thread_of(page) == first
    assert [text.value for text in page.text] == ["good *morning*"]


def test_the_address_names_the_conversation(page: AppTest) -> None:
    ask(page, "good morning")
    other = AppTest.from_file(PAGE, default_timeout=LONGEST)
    other.query_params["thread"] = thread_of(page)
    other.run()
    assert [text.value for text in other.text] == ["good morning"]


@pytest.mark.parametrize("name", ["0" * 32, "../../etc", "%00"])
def test_an_address_of_nothing(page: AppTest, name: str) -> None:
    page.query_params["thread"] = name
    page.run()
    assert page.info[0].value == EN.not_there
    assert "thread" not in page.query_params
    assert page.header[0].value == EN.greeting


def test_deleting_asks_first(page: AppTest) -> None:
    ask(page, "good morning")
    thread = thread_of(page)
    page.button(key=f"delete-{thread}").click().run()
    assert EN.delete_explained in [text.value for text in page.text]
    page.button(key="delete-keep").click().run()
    assert [t.id for t in desk().assistant.home.conversations.list()] == [thread]
    page.button(key=f"delete-{thread}").click().run()
    page.button(key="delete-confirm").click().run()
    assert desk().assistant.home.conversations.list() == []
    assert "thread" not in page.query_params


def test_a_conversation_is_deleted_while_it_answers(page: AppTest) -> None:
    page.chat_input[0].set_value("count slowly").run()
    thread = thread_of(page)
    running = desk().turns.get(thread)
    assert running is not None
    page.button(key=f"delete-{thread}").click().run()
    page.button(key="delete-confirm").click().run()
    assert running.done
    assert desk().assistant.home.conversations.list() == []


def test_stop_keeps_what_was_written(page: AppTest) -> None:
    page.chat_input[0].set_value("count slowly").run()
    assert page.chat_input[0].disabled
    page.button(key="stop").click().run()
    answered(page)
    assert EN.stopped in captions(page)
    assert not page.chat_input[0].disabled
    assert "stop" not in [button.key for button in page.button]


def test_a_failed_turn_says_why(page: AppTest) -> None:
    ask(page, "break, please")
    assert "the engine stopped" in page.error[0].value
    assert page.text[0].value == "break, please"
    ask(page, "good morning")
    assert replies(page)[-1] == "Hello there."


def test_what_was_refused_comes_back_and_its_good_files_can_be_sent_again(page: AppTest) -> None:
    ask(page, "which animal is it?", picture("dog_1.png"), NO_PICTURE)
    assert "notes.png" in page.error[0].value
    kept_files = page.button_group[0]
    assert list(kept_files.value) == [0, 1]
    kept_files.set_value([0]).run()
    ask(page, "which animal is it?")
    assert not page.error
    assert "dog_1.png" in [ref.name for ref in desk().assistant.history(thread_of(page))[0].images]


def test_a_refused_beginning_can_be_thrown_away(page: AppTest) -> None:
    ask(page, "look", NO_PICTURE)
    page.button(key="discard").click().run()
    assert not page.error
    assert "thread" not in page.query_params
    assert desk().assistant.home.conversations.list() == []


def test_a_turn_that_another_tab_began_refuses_and_keeps_the_words(page: AppTest) -> None:
    ask(page, "good morning")
    thread = thread_of(page)
    running = desk().turns.start(thread, "count slowly", [picture()])
    page.chat_input[0].set_value("and me?").run()
    assert "still answering" in page.error[0].value
    assert page.chat_input[0].proto.value == "and me?"
    running.stop()
    answered(page)


def test_a_turn_that_a_killed_process_left(page: AppTest) -> None:
    ask(page, "good morning")
    assistant = desk().assistant
    events = assistant.ask(thread_of(page), "look", [picture()])
    next(events)
    next(events)
    del assistant, events
    open_desk.clear()
    page.run()
    assert EN.interrupted in captions(page)


def test_a_data_directory_in_use_is_one_sentence(page: AppTest) -> None:
    open_desk.clear()
    with Home.open(load_settings()):
        page.run()
        assert not page.exception
        assert "is in use by another vistalk" in page.error[0].value
        assert not page.chat_input
    page.button[0].click().run()
    assert page.chat_input
    assert not page.error


def test_a_model_that_is_not_there_says_what_to_do(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    open_desk.clear()
    monkeypatch.setenv("VISTALK_PRESET", "pocket")
    page.run()
    assert "vistalk models pull" in page.error[0].value
    assert not page.exception


def test_a_setting_that_makes_no_sense(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISTALK_PORT", "many")
    page.run()
    assert "port" in page.error[0].value


def test_a_picture_whose_file_is_gone(page: AppTest, home: Path) -> None:
    ask(page, "which animal is it?", picture())
    for file in (home / "images").rglob("*.*"):
        file.unlink()
    page.run()
    assert not page.exception
    assert EN.picture_gone.format(handle="img1") in captions(page)


def test_places_that_were_found_are_shown(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(page, "which animal is it?", picture())
    assistant = desk().assistant
    [exchange] = assistant.history(thread_of(page))
    exchange.details["steps"][0]["evidence"] = [
        {"image": "img1", "box": (0.1, 0.1, 0.5, 0.5), "text": "OPEN", "score": 0.9}
    ]
    monkeypatch.setattr(assistant, "history", lambda _: [exchange])
    page.run()
    assert not page.exception
    [shown] = page.expander[0].image
    assert shown.captions == [EN.found_in.format(handle="img1")]


def test_chinese(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISTALK_LANGUAGE", "zh")
    page.run()
    assert page.header[0].value == texts("zh").greeting
