"""The real page, in a real browser, answered from a script."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, JSHandle, Locator, Page, expect

from tests.memory.pictures import file_of, photo
from tests.ui.chatting import (
    answer,
    attach,
    attached,
    box,
    conversation_address,
    finished,
    messages,
    opener,
    send,
    stop,
)
from tests.ui.conftest import OpenPage, StartServer
from tests.ui.server import ChatServer

pytestmark = pytest.mark.browser

COUNT = 40
SCRIPT = f"""
[[rule]]
when = "slowly"
reply = "{" ".join(f"word{number}" for number in range(COUNT))}."
tokens_per_second = 8

[[rule]]
when = "which animal"
actions = ["vqa", "answer"]
reply = "A **brown dog**."
confidence = 0.8

[[rule]]
when = "trick"
reply = '''
Look: ![a](https://example.org/?q=secret) ![a][r] <img src="https://example.org/i.png"> ![r]
- ![a](https://example.org/list.png)
> [![a](https://example.org/quote.png)](https://example.org)

`![a](https://example.org/code.png)`

[r]: https://example.org/reference.png
'''

[[rule]]
reply = "Hello there."
"""
FIRST, LAST = "word0", f"word{COUNT - 1}."


def scripted(folder: Path) -> dict[str, str]:
    """The settings that answer from the script."""
    script = folder / "script.toml"
    script.write_text(SCRIPT, encoding="utf-8")
    return {"VISTALK_PRESET": "scripted", "VISTALK_SCRIPT": str(script)}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatServer]:
    folder = tmp_path_factory.mktemp("chat")
    with ChatServer(folder / "home", scripted(folder)) as server:
        yield server


@pytest.fixture
def page(server: ChatServer, open_page: OpenPage) -> Page:
    return open_page(server.url)


def dog(name: str = "dog.png") -> FilePayload:
    return {"name": name, "mimeType": "image/png", "buffer": file_of(photo(640, 480), "PNG")}


def thumbnails(page: Page) -> Locator:
    return messages(page).get_by_role("img", name=re.compile("^img"))


def test_asking_about_a_picture(page: Page) -> None:
    attach(page, dog())
    send(page, "which animal is it?")
    expect(answer(page).get_by_text("A brown dog.")).to_be_visible()
    finished(page)
    expect(opener(page, "img1")).to_be_visible()
    expect(thumbnails(page)).to_have_js_property("naturalWidth", 256)
    tool = answer(page).get_by_test_id("stExpander")
    expect(tool.get_by_text("Chosen among")).to_be_hidden()
    tool.locator("summary").click()
    expect(tool.get_by_text("Chosen among: vqa 80 %")).to_be_visible()
    expect(tool.get_by_text('"question": "which animal is it?"')).to_be_visible()
    expect(answer(page).get_by_text(re.compile("^confidence 80 %.*about img1$"))).to_be_visible()


def test_stop_keeps_what_was_written(page: Page) -> None:
    send(page, "count slowly")
    expect(answer(page)).to_contain_text("word3 ")
    stop(page).click()
    finished(page)
    expect(answer(page)).to_contain_text("word3")
    expect(answer(page)).to_contain_text("Stopped.")
    expect(answer(page)).not_to_contain_text(LAST)


def test_looking_elsewhere_and_coming_back(page: Page) -> None:
    send(page, "count slowly")
    expect(answer(page)).to_contain_text(FIRST)
    address = conversation_address(page)
    page.get_by_role("button", name="New conversation").click()
    expect(page.get_by_text("Ask about your pictures")).to_be_visible()
    page.locator(f".st-key-go-{address[-32:]} button").click()
    assert conversation_address(page) == address
    expect(answer(page)).to_contain_text(FIRST)
    expect(stop(page)).to_be_visible()
    expect(answer(page)).to_contain_text(LAST)
    finished(page)


def test_reloading_during_an_answer(page: Page) -> None:
    send(page, "count slowly")
    expect(answer(page)).to_contain_text(FIRST)
    conversation_address(page)
    page.reload()
    expect(answer(page)).to_contain_text(FIRST)
    expect(stop(page)).to_be_visible()
    expect(answer(page)).to_contain_text(LAST)
    finished(page)


def test_a_picture_in_full_size_stays_open_while_the_answer_ends(page: Page) -> None:
    attach(page, dog())
    send(page, "count slowly")
    expect(answer(page)).to_contain_text(FIRST)
    opener(page, "img1").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("640 × 480")).to_be_visible()
    expect(answer(page)).to_contain_text(LAST)
    expect(stop(page)).to_have_count(0)
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("img", name="img1")).to_have_js_property("naturalWidth", 640)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    send(page, "hello")
    expect(answer(page)).to_contain_text("Hello there.")
    finished(page)
    expect(dialog).to_have_count(0)


def test_a_tool_that_was_opened_stays_open_while_the_answer_is_written(page: Page) -> None:
    attach(page, dog())
    send(page, "which animal is it?")
    finished(page)
    tool = page.get_by_test_id("stExpander").first
    tool.locator("summary").click()
    expect(tool.get_by_text("Chosen among")).to_be_visible()
    send(page, "now count slowly")
    expect(answer(page)).to_contain_text(LAST)
    finished(page)
    expect(tool.get_by_text("Chosen among")).to_be_visible()


def test_deleting_a_conversation_while_it_answers(page: Page) -> None:
    send(page, "delete me slowly")
    expect(answer(page)).to_contain_text(FIRST)
    thread = conversation_address(page)[-32:]
    page.locator(f".st-key-delete-{thread} button:visible").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Ask about your pictures")).to_be_visible()
    expect(page.get_by_text("delete me slowly")).to_have_count(0)
    expect(page.get_by_role("dialog")).to_have_count(0)


def carried(page: Page, name: str) -> JSHandle:
    """A picture as the clipboard or the mouse carries it."""
    return page.evaluate_handle(
        """([name, data]) => {
            const bytes = Uint8Array.from(atob(data), letter => letter.charCodeAt(0));
            const carried = new DataTransfer();
            carried.items.add(new File([bytes], name, {type: "image/png"}));
            return carried;
        }""",
        [name, base64.b64encode(file_of(photo(), "PNG")).decode()],
    )


def test_a_pasted_and_a_dropped_picture(page: Page) -> None:
    box(page).evaluate(
        """(box, carried) => box.dispatchEvent(
            new ClipboardEvent("paste", {clipboardData: carried, bubbles: true, cancelable: true}))""",
        carried(page, "pasted.png"),
    )
    attached(page, 1)
    mouse = {"dataTransfer": carried(page, "dropped.png")}
    box(page).dispatch_event("dragenter", mouse)
    box(page).dispatch_event("dragover", mouse)
    expect(page.get_by_text("Drag and drop files here")).to_be_visible()
    page.locator("[data-testid=stChatInput] [role=presentation]").first.dispatch_event("drop", mouse)
    attached(page, 2)
    send(page, "")
    expect(opener(page, "img2")).to_be_visible()
    finished(page)


def test_a_suggestion_leaves_what_is_attached(page: Page) -> None:
    attach(page, dog())
    page.get_by_role("button", name="Describe this picture.").click()
    expect(box(page)).to_have_value("Describe this picture.")
    attached(page, 1)
    box(page).press("Enter")
    expect(opener(page, "img1")).to_be_visible()
    finished(page)


def test_what_was_refused_comes_back_and_can_be_sent_again(page: Page) -> None:
    attach(page, dog(), {"name": "notes.png", "mimeType": "image/png", "buffer": b"not a picture"})
    box(page).fill("which animal is it?")
    box(page).press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("notes.png")
    expect(box(page)).to_have_value("which animal is it?")
    page.get_by_role("button", name="notes.png").click()
    box(page).press("Enter")
    expect(answer(page).get_by_text("A brown dog.")).to_be_visible()
    expect(opener(page, "img1")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_an_answer_cannot_make_the_page_fetch_anything(page: Page) -> None:
    send(page, "show me a trick")
    expect(answer(page)).to_contain_text("<img src=")
    finished(page)
    expect(answer(page).locator("img")).to_have_count(0)


def test_a_narrow_window(server: ChatServer, open_page: OpenPage) -> None:
    page = open_page(server.url, viewport={"width": 400, "height": 800}, has_touch=True)
    attach(page, dog(), dog("other.png"))
    send(page, "which animal is it?")
    expect(answer(page).get_by_text("A brown dog.")).to_be_visible()
    finished(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 400
    expect(page.get_by_role("button", name="New conversation")).not_to_be_in_viewport()


def test_a_restart_of_the_server(tmp_path: Path, start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server(tmp_path / "home", scripted(tmp_path))
    page = open_page(server.url)
    attach(page, dog())
    send(page, "which animal is it?")
    finished(page)
    address = conversation_address(page)
    page.goto("about:blank")
    server.stop()
    server.start()
    page.goto(address)
    expect(answer(page).get_by_text("A brown dog.")).to_be_visible()
    expect(opener(page, "img1")).to_be_visible()
    expect(page.get_by_role("button", name="which animal is it?")).to_be_visible()


def test_a_server_that_is_stopped_in_an_answer_keeps_what_was_written(
    tmp_path: Path, start_server: StartServer, open_page: OpenPage
) -> None:
    server = start_server(tmp_path / "home", scripted(tmp_path))
    page = open_page(server.url)
    send(page, "count slowly")
    expect(answer(page)).to_contain_text("word3 ")
    address = conversation_address(page)
    page.goto("about:blank")
    server.stop()
    server.start()
    page.goto(address)
    expect(answer(page)).to_contain_text("word3")
    expect(answer(page)).to_contain_text("Stopped.")
    expect(answer(page)).not_to_contain_text(LAST)
