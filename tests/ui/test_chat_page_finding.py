"""What searches found, on the chat page in Streamlit's own test harness."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui import shelves
from tests.ui.harness import EN, LONGEST, PAGE, ask, captions, desk, replies
from ui.desk import open_desk
from ui.librarian import Indexing
from ui.safe import literal

ATTACK = '![a](https://example.org/i.png) <img src="https://example.org/j.png"> :red[x]'
SCRIPT = r"""
[[rule]]
when = '(?s)\A(?!.*Done:).*User: find'
actions = ["search_images"]

[[rule]]
when = 'User: .*second'
actions = ["vqa"]

[[rule]]
when = 'User: .*return'
actions = ["search_documents"]

[[rule]]
when = "What the tools found"
reply = "So it is. [1]"

[[rule]]
reply = "Green."
"""


@pytest.fixture
def finder(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The chat over a library of four pictures and a document, with encoders that know colours and letters."""
    script = tmp_path / "script.toml"
    script.write_text(SCRIPT, encoding="utf-8")
    monkeypatch.setenv("VISTALK_PRESET", "scripted")
    monkeypatch.setenv("VISTALK_SCRIPT", str(script))
    monkeypatch.setenv("VISTALK_ENCODER", "colours")
    monkeypatch.setenv("VISTALK_PASSAGE_ENCODER", "letters")
    shelves.install(monkeypatch)
    monkeypatch.setattr("agent.assembly.encoder", lambda *_: shelves.Colours())
    monkeypatch.setattr("agent.assembly.passage_encoder", lambda *_: shelves.Letters())
    (folder / "rules.md").unlink()
    (folder / "returns.txt").write_text(f"You can return it within thirty days. {ATTACK}\n", encoding="utf-8")
    open_desk.clear()
    chat = AppTest.from_file(PAGE, default_timeout=LONGEST).run()
    desk().indexer.start(Indexing(paths=(folder,)))
    run = desk().indexer.run
    assert run is not None
    assert run.wait(LONGEST)
    assert run.failure is None
    yield chat
    open_desk.clear()


def reloaded(chat: AppTest) -> AppTest:
    """The same address in another tab."""
    other = AppTest.from_file(PAGE, default_timeout=LONGEST)
    other.query_params["thread"] = chat.query_params["thread"]
    return other.run()


def openers(chat: AppTest) -> list[str]:
    return [button.label for button in chat.button if button.key and button.key.startswith("found-")]


def test_found_pictures_stand_below_the_reply_with_names_and_scores(finder: AppTest) -> None:
    ask(finder, "find red things")
    for page in (finder, reloaded(finder)):
        assert not page.exception
        assert openers(page) == ["img1", "img2", "img3", "img4"]
        assert "red\\.png  \nsimilarity 1.00" in captions(page)
        page.button(key="found-0-0-img1").click().run()
        assert any("40 × 40" in text.value for text in page.markdown)


def test_the_second_one_is_asked_about_and_found_again_later(finder: AppTest) -> None:
    ask(finder, "find red things")
    ask(finder, "the second one, is it green?")
    assert finder.expander[1].label.startswith("Look · img2")
    ask(finder, "find red things again")
    assert not finder.exception
    assert openers(finder) == ["img1", "img2", "img3", "img4"] * 2


def test_a_picture_whose_file_is_lost_is_said_to_be(finder: AppTest) -> None:
    ask(finder, "find red things")
    images = desk().assistant.home.images
    [exchange] = desk().assistant.history(finder.query_params["thread"])
    images.delete(exchange.found["img1"].sha256)
    page = reloaded(finder)
    assert not page.exception
    assert EN.picture_gone.format(handle="img1") in captions(page)
    assert openers(page) == ["img2", "img3", "img4"]


def test_an_answer_from_documents_opens_its_passage_as_plain_text(finder: AppTest, folder: Path) -> None:
    ask(finder, "can I return it?")
    for page in (finder, reloaded(finder)):
        assert not page.exception
        assert replies(page) == ["So it is. [1]", f"**{literal('returns.txt')}**"]
        assert page.get("popover")[0].proto.popover.label == literal("[1] returns.txt")
        assert any(ATTACK in text.value for text in page.text)
        assert not any("example.org" in text.value for text in page.markdown)
        assert literal(str(folder / "returns.txt")) in captions(page)
