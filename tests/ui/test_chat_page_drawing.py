"""Pictures drawn in the chat, in Streamlit's own test harness."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.harness import EN, GALLERY_PAGE, LONGEST, PAGE, answered, ask, buttons, captions, desk, replies, thread_of
from tests.ui.painter import install
from ui.desk import open_desk
from ui.language import texts
from ui.safe import literal

SAID = EN.gallery
SCRIPT = """
[[rule]]
when = "Another"
actions = ["vary_image", "answer"]
reply = "Here is another."

[[rule]]
when = "slowly"
reply = "one two three four five"
tokens_per_second = 1

[[rule]]
when = "[Dd]raw|画"
actions = ["generate_image", "answer"]
reply = "Here it is."

[[rule]]
reply = "Hello there."
"""


@pytest.fixture
def chat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The page of a scripted model that a painter draws for."""
    install(monkeypatch)
    yield from page(tmp_path, monkeypatch)


def page(tmp_path: Path, patch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    script = tmp_path / "script.toml"
    script.write_text(SCRIPT, encoding="utf-8")
    patch.setenv("VISTALK_PRESET", "scripted")
    patch.setenv("VISTALK_SCRIPT", str(script))
    patch.setenv("VISTALK_GENERATOR", "painter")
    open_desk.clear()
    yield AppTest.from_file(PAGE, default_timeout=LONGEST).run()
    open_desk.clear()


def keys(chat: AppTest, kind: str) -> list[str]:
    return [button.key for button in chat.button if (button.key or "").startswith(kind)]


def pictures(chat: AppTest) -> dict[str, str]:
    """Addresses of the pictures shown, by what they show."""
    return {image.alt: image.url for shown in chat.image for image in shown.proto.imgs}


def test_a_drawing_is_suggested_where_something_draws(chat: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    chat.button(key=f"suggestion-{len(EN.suggestions)}").click().run()
    assert chat.chat_input[0].proto.value == EN.suggested_drawing
    monkeypatch.setenv("VISTALK_GENERATOR", "none")
    open_desk.clear()
    chat.run()
    assert EN.suggested_drawing not in buttons(chat)


def test_a_drawing_stands_in_the_answer_with_what_can_be_done(chat: AppTest) -> None:
    ask(chat, "Draw a red house.")
    assert not chat.exception
    assert replies(chat) == ["Here it is."]
    assert chat.expander[0].label.startswith("Draw")
    assert pictures(chat)["img1 a red house"].endswith(".png")
    assert [button.label for button in chat.button if "img1" in (button.key or "")] == [
        "img1",
        SAID["another"],
        SAID["again"],
    ]
    [download] = chat.download_button
    assert download.label == SAID["download"]
    assert "where" not in "".join(button.key or "" for button in chat.button)
    chat.button(key="drawn-0-0-img1").click().run()
    assert any("128 × 128" in text.value for text in chat.markdown)


def test_several_drawings_have_handles_of_their_own(chat: AppTest) -> None:
    ask(chat, "Draw three pictures of a blue house")
    assert keys(chat, "drawn-") == ["drawn-0-0-img1", "drawn-0-0-img2", "drawn-0-0-img3"]
    assert len(chat.download_button) == 3


def test_another_one_is_asked_for_in_words(chat: AppTest) -> None:
    ask(chat, "Draw a red house.")
    chat.button(key="another-0-0-img1").click().run()
    answered(chat)
    assert not chat.exception
    assert [text.value for text in chat.text] == ["Draw a red house.", "Another version of img1."]
    assert keys(chat, "drawn-") == ["drawn-0-0-img1", "drawn-1-0-img2"]
    drawings = desk().assistant.home.drawings.list()
    assert [drawing.made["prompt"] for drawing in drawings] == ["a red house", "a red house"]
    assert len({drawing.made["seed"] for drawing in drawings}) == 2


def test_its_settings_fill_the_box_and_draw_it_again(chat: AppTest) -> None:
    ask(chat, "Draw a red house.")
    chat.button(key="use-again-0-0-img1").click().run()
    words = chat.chat_input[0].proto.value
    seed = desk().assistant.home.drawings.list()[0].made["seed"]
    assert words == f"Draw a red house, seed {seed}"
    ask(chat, words)
    assert [drawing.made["seed"] for drawing in desk().assistant.home.drawings.list()] == [seed]
    assert keys(chat, "drawn-") == ["drawn-0-0-img1", "drawn-1-0-img1"]


def test_chinese_settings_draw_it_again_too(chat: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISTALK_LANGUAGE", "zh")
    ask(chat, "画一座红色的房子，种子 7")
    chat.button(key="use-again-0-0-img1").click().run()
    words = chat.chat_input[0].proto.value
    assert words == texts("zh").gallery["draw_again"].format(prompt="一座红色的房子", seed=7)
    ask(chat, words)
    [drawing] = desk().assistant.home.drawings.list()
    assert (drawing.made["prompt"], drawing.made["seed"]) == ("一座红色的房子", 7)


def test_progress_is_shown_while_it_is_drawn_and_stop_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    second, go_on = threading.Event(), threading.Event()
    steps: list[None] = []

    def wait() -> None:
        steps.append(None)
        if len(steps) == 2:
            second.set()
            assert go_on.wait(LONGEST)

    install(monkeypatch, wait)
    for chat in page(tmp_path, monkeypatch):
        chat.chat_input[0].set_value("Draw a red house.").run()
        assert second.wait(LONGEST)
        chat.run()
        [bar] = chat.get("progress")
        assert (bar.proto.value, bar.proto.text) == (25, SAID["under_way"].format(percent="25"))
        assert pictures(chat)[SAID["preview"]].startswith("data:image/jpeg;base64,/9j/")
        chat.button(key="stop").click().run()
        go_on.set()
        answered(chat)
        assert not chat.exception
        assert EN.stopped in captions(chat)
        assert not chat.get("progress")
        assert desk().assistant.home.drawings.count() == 0
        go_on.set()
        ask(chat, "Draw a red house.")
        assert keys(chat, "drawn-") == ["drawn-1-0-img1"]


def test_nothing_can_be_asked_while_an_answer_is_written(chat: AppTest) -> None:
    ask(chat, "Draw a red house.")
    chat.chat_input[0].set_value("count slowly").run()
    assert chat.button(key="another-0-0-img1").disabled
    chat.button(key="stop").click().run()
    assert not answered(chat).button(key="another-0-0-img1").disabled


def test_memory_that_runs_out_is_said_and_the_next_turn_works(chat: AppTest) -> None:
    ask(chat, "Draw a huge house.")
    assert not chat.exception
    assert "Memory ran out" in chat.expander[0].error[0].value
    ask(chat, "Draw a red house.")
    assert keys(chat, "drawn-") == ["drawn-1-0-img1"]


def test_a_drawing_is_still_there_after_a_restart_and_in_the_gallery(chat: AppTest) -> None:
    ask(chat, "Draw a red house.")
    thread = thread_of(chat)
    open_desk.clear()
    other = AppTest.from_file(PAGE, default_timeout=LONGEST)
    other.query_params["thread"] = thread
    other.run()
    assert keys(other, "drawn-") == ["drawn-0-0-img1"]
    gallery = AppTest.from_string(GALLERY_PAGE, default_timeout=LONGEST).run()
    assert literal("a red house") in buttons(gallery)
    [look] = keys(gallery, "look-")
    gallery.button(key=look).click().run()
    gallery.button(key="delete-drawing").click().run()
    gallery.button(key="delete-everywhere").click().run()
    other.run()
    assert not other.exception
    assert EN.picture_gone.format(handle="img1") in captions(other)
    assert not keys(other, "use-again-")
