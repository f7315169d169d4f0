"""The gallery page in Streamlit's own test harness."""

from __future__ import annotations

import io
import json

import pytest
from langchain_core.messages import HumanMessage
from PIL import Image
from streamlit.testing.v1 import AppTest

from memory.refs import ERASED
from runtime.errors import SetupError
from tests.memory.chats import graph
from tests.memory.pictures import photo
from tests.ui.harness import EN, GALLERY_PAGE, LONGEST, PAGE, buttons, captions, desk
from ui import box, drawings
from ui.desk import open_desk
from ui.language import texts

SAID = EN.gallery
MADE: dict[str, str | int | float] = {
    "model": "pocket", "revision": "abc", "prompt": "a *red* apple", "negative": "", "seed": 7, "steps": 8,
    "guidance": 2.5, "width": 48, "height": 32, "scheduler": "DDIM",
}  # fmt: skip


@pytest.fixture
def gallery(chat: AppTest) -> AppTest:
    """The page of nothing drawn yet."""
    return AppTest.from_string(GALLERY_PAGE, default_timeout=LONGEST).run()


def drawn(seed: int, **made: str | float) -> str:
    """A drawing in the gallery; its digest."""
    return desk().assistant.home.drawings.add(photo(seed=seed), {**MADE, "seed": seed, **made}, handle="img1").sha256


def opened(gallery: AppTest, sha256: str) -> AppTest:
    return gallery.run().button(key=f"look-{sha256}").click().run()


def test_an_empty_gallery_says_how_to_begin(gallery: AppTest) -> None:
    assert not gallery.exception
    assert gallery.header[0].value == SAID["title"]
    assert EN.suggested_drawing in gallery.markdown[0].value
    assert SAID["none"] in captions(gallery)


@pytest.mark.parametrize(("set_to", "said"), [("true", "filter_on"), ("false", "filter_off")])
def test_whether_the_filter_is_on_is_told(
    gallery: AppTest, monkeypatch: pytest.MonkeyPatch, set_to: str, said: str
) -> None:
    monkeypatch.setenv("VISTALK_GENERATOR", "somebody/something")
    monkeypatch.setenv("VISTALK_DRAWING_FILTER", set_to)
    open_desk.clear()
    gallery.run()
    assert not gallery.exception
    assert captions(gallery)[0] == f"Drawn by: somebody\\/something · {SAID[said]}"


def test_drawings_are_shown_newest_first_with_their_prompts(gallery: AppTest) -> None:
    first, second = drawn(1), drawn(2, prompt="ein Haus")
    gallery.run()
    assert not gallery.exception
    looks = [button for button in gallery.button if (button.key or "").startswith("look-")]
    assert [button.key for button in looks] == [f"look-{second}", f"look-{first}"]
    assert [button.label for button in looks] == ["ein Haus", "a \\*red\\* apple"]
    assert SAID["count"].format(n="2") in captions(gallery)
    assert not gallery.pagination


def test_many_drawings_are_paged(gallery: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.gallery.page.PAGE", 2)
    sha256s = [drawn(seed) for seed in range(5)]

    def shown() -> list[str]:
        return [button.key.removeprefix("look-") for button in gallery.button if (button.key or "").startswith("look-")]

    gallery.run()
    assert shown() == [sha256s[4], sha256s[3]]
    gallery.pagination[0].set_value(3).run()
    assert shown() == [sha256s[0]]
    opened(gallery, sha256s[0]).button(key="delete-drawing").click().run()
    gallery.button(key="delete-confirm").click().run()
    assert not gallery.exception
    assert shown() == [sha256s[2], sha256s[1]]
    assert gallery.pagination[0].value == 2


def test_a_drawing_opens_with_how_it_was_made(gallery: AppTest) -> None:
    opened(gallery, drawn(7))
    assert not gallery.exception
    [facts] = [text.value for text in gallery.markdown if SAID["seed"] in text.value]
    assert facts.startswith(f":gray[{SAID['prompt']}] a \\*red\\* apple  \n:gray[{SAID['model']}] pocket")
    assert f":gray[{SAID['seed']}] 7  \n:gray[{SAID['steps']}] 8  \n:gray[{SAID['guidance']}] 2\\.5" in facts
    assert f":gray[{SAID['size']}] 48 × 32" in facts
    assert SAID["negative"] not in facts
    assert SAID["strength"] not in facts


def test_its_file_is_downloaded_as_it_is_kept(gallery: AppTest) -> None:
    sha256 = drawn(7)
    [button] = opened(gallery, sha256).download_button
    assert button.label == SAID["download"]
    data = drawings._bytes(sha256, desk().assistant.home.images)
    with Image.open(io.BytesIO(data)) as image:
        assert json.loads(image.info["vistalk"])["seed"] == 7


def test_its_settings_are_used_again_in_the_chat(gallery: AppTest) -> None:
    sha256 = drawn(7)
    opened(gallery, sha256).button(key=f"use-again-{sha256}").click().run()
    assert gallery.session_state[box.WAITING] == "Draw a *red* apple, seed 7"


def test_what_waits_for_the_box_is_put_there(chat: AppTest) -> None:
    other = AppTest.from_file(PAGE, default_timeout=LONGEST)
    other.session_state[box.WAITING] = "Draw a red apple, seed 7"
    other.run()
    assert other.chat_input[0].proto.value == "Draw a red apple, seed 7"
    assert not other.run().exception


def test_deleting_asks_first(gallery: AppTest) -> None:
    sha256 = drawn(7)
    opened(gallery, sha256).button(key="delete-drawing").click().run()
    assert SAID["delete_explained"] in [text.value for text in gallery.warning]
    gallery.button(key="delete-keep").click().run()
    assert not gallery.warning
    assert desk().assistant.home.drawings.count() == 1
    gallery.button(key="delete-drawing").click().run()
    gallery.button(key="delete-confirm").click().run()
    assert not gallery.exception
    assert desk().assistant.home.drawings.count() == 0
    assert f"**{SAID['empty']}**" in gallery.markdown[0].value


def test_what_cannot_be_deleted_is_said_and_goes_at_the_next_start(
    gallery: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(_: str) -> None:
        raise SetupError("The folder cannot be written.")

    opened(gallery, drawn(7)).button(key="delete-drawing").click().run()
    monkeypatch.setattr(desk().assistant.home.images, "delete", locked)
    gallery.button(key="delete-confirm").click().run()
    assert not gallery.exception
    assert "The folder cannot be written." in gallery.error[0].value
    monkeypatch.undo()
    home = desk().assistant.home
    assert (home.drawings.count(), len(home.images.stored())) == (0, 1)
    home.conversations.references.sweep()
    assert home.images.stored() == set()


@pytest.mark.parametrize(("button", "left"), [("delete-confirm", 1), ("delete-everywhere", 0)])
def test_a_drawing_that_a_conversation_shows_stays_there_unless_it_is_erased_everywhere(
    gallery: AppTest, button: str, left: int
) -> None:
    home = desk().assistant.home
    thread, sha256 = home.conversations.create().id, drawn(7)
    ref = home.images.ref(sha256, handle="img1")
    state = {"messages": [HumanMessage("Draw an apple", id="a")], "images": [ref.to_dict()]}
    graph(home.conversations).update_state(home.conversations.config(thread), state, as_node="reply")
    opened(gallery, sha256).button(key="delete-drawing").click().run()
    assert SAID["delete_shown"] in [text.value for text in gallery.warning]
    gallery.button(key=button).click().run()
    assert not gallery.exception
    assert home.drawings.count() == 0
    assert len(home.images.stored()) == left
    kept = {
        image["sha256"]
        for image in graph(home.conversations).get_state(home.conversations.config(thread)).values["images"]
    }
    assert kept == ({sha256} if left else {ERASED})


def test_a_drawing_whose_file_is_gone(gallery: AppTest) -> None:
    sha256 = drawn(7)
    desk().assistant.home.images.delete(sha256)
    opened(gallery, sha256)
    assert not gallery.exception
    assert SAID["gone"] in gallery.error[0].value
    assert "delete-drawing" in [button.key for button in gallery.button]
    assert not gallery.download_button


def test_chinese(gallery: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    sha256 = drawn(7)
    monkeypatch.setenv("VISTALK_LANGUAGE", "zh")
    opened(gallery, sha256)
    said = texts("zh").gallery
    assert gallery.header[0].value == said["title"]
    assert {said["again"], said["delete"]} < set(buttons(gallery))
