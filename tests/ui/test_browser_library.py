"""Pictures and documents in a real browser: indexed on their page, found there, and found from the chat.

It also takes the picture of the page that the README shows.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.runtime.tiny_encoders import build
from tests.ui.chatting import answer, conversation_address, finished, messages, send
from tests.ui.conftest import OpenPage, StartServer
from tests.ui.server import ROOT, ChatServer
from tests.ui.test_chat_page_finding import SCRIPT
from ui.demo.writing import write_shop
from ui.language import texts

pytestmark = pytest.mark.browser

SAID = texts("en").library
SCREENSHOT = ROOT / "docs" / "library.png"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration's pictures and documents, and a file that is none."""
    folder = write_shop(tmp_path_factory.mktemp("files"), lambda *_: None).catalogue
    (folder / "broken.png").write_bytes(b"not a picture")
    return folder


def settings(folder: Path) -> dict[str, str]:
    """A scripted model, and real encoders with random weights."""
    (folder / "script.toml").write_text(SCRIPT, encoding="utf-8")
    return {
        "VISTALK_PRESET": "scripted",
        "VISTALK_SCRIPT": str(folder / "script.toml"),
        "VISTALK_ENCODER": str(build("convolutional", folder / "pictures")),
        "VISTALK_PASSAGE_ENCODER": str(build("sentences", folder / "passages")),
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatServer]:
    folder = tmp_path_factory.mktemp("library")
    with ChatServer(folder / "home", settings(folder)) as server:
        yield server


def to_library(page: Page) -> Page:
    page.get_by_role("link", name=SAID["title"]).click()
    expect(page.get_by_role("heading", name=SAID["title"])).to_be_visible()
    return page


def view(page: Page, name: str) -> None:
    page.locator(".st-key-view").get_by_text(SAID[name], exact=True).click()


def cells(page: Page) -> Locator:
    return page.locator("[class*='st-key-cell-']")


def dropped(page: Page, path: Path) -> None:
    """Let go of a picture over the place for it."""
    carried = page.evaluate_handle(
        """([name, data]) => {
            const carried = new DataTransfer();
            const bytes = Uint8Array.from(atob(data), letter => letter.charCodeAt(0));
            carried.items.add(new File([bytes], name, {type: "image/png"}));
            return carried;
        }""",
        [path.name, base64.b64encode(path.read_bytes()).decode()],
    )
    page.get_by_test_id("stFileUploaderDropzone").dispatch_event("drop", {"dataTransfer": carried})


def test_a_folder_is_indexed_and_searched_on_the_page_and_from_the_chat(
    server: ChatServer, shop: Path, open_page: OpenPage
) -> None:
    page = to_library(open_page(server.url))
    expect(page.get_by_text(SAID["empty"])).to_be_visible()
    page.get_by_label(SAID["add_label"]).fill(str(shop))
    page.get_by_role("button", name=SAID["add"], exact=True).click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.get_by_role("link", name="Chat").click()
    expect(page.get_by_placeholder("Ask something, or add a picture")).to_be_enabled()
    to_library(page)
    expect(page.get_by_text(SAID["finished"], exact=True)).to_be_visible()
    page.get_by_text(SAID["failures"].format(n="1")).click()
    expect(page.get_by_text("broken.png").first).to_be_visible()
    page.get_by_role("button", name=SAID["dismiss"]).click()

    pictures = len(list(shop.rglob("*.png"))) - 1
    expect(cells(page)).to_have_count(pictures)
    expect(cells(page).get_by_role("img").first).to_have_js_property("complete", value=True)
    page.mouse.move(640, 120)
    page.screenshot(path=SCREENSHOT, animations="disabled")
    page.get_by_placeholder(SAID["search_pictures_placeholder"]).fill("a lamp")
    page.keyboard.press("Enter")
    expect(cells(page)).to_have_count(24)
    expect(cells(page).first).to_contain_text("lamp")
    wanted = next(shop.rglob("mug-*.png"))
    dropped(page, wanted)
    expect(cells(page).first).to_contain_text(f"{wanted.name}")
    expect(cells(page).first).to_contain_text("similarity 1.00")
    cells(page).first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(str(wanted))).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    view(page, "documents")
    page.get_by_placeholder(SAID["search_documents_placeholder"]).fill("how long can I return something?")
    page.keyboard.press("Enter")
    passages = page.locator("[class*='st-key-passage-']")
    expect(passages.filter(has_text="returns.md › Returns and refunds › How long you can return")).to_be_visible()

    page.get_by_role("link", name="Chat").click()
    send(page, "find a lamp")
    finished(page)
    gallery = answer(page).locator("[class*='st-key-cell-']")
    expect(gallery.first).to_contain_text("img1")
    expect(gallery.first).to_contain_text("similarity")
    found = gallery.count()
    gallery.nth(1).click()
    expect(dialog.get_by_role("img", name=re.compile("^img2 "))).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    send(page, "the second one, is it green?")
    finished(page)
    expect(answer(page).get_by_test_id("stExpander")).to_contain_text("Look · img2")
    send(page, "how long can I return it?")
    finished(page)
    citation = answer(page).get_by_role("button", name=re.compile(r"^\W*\[1\] "))
    address = conversation_address(page)
    page.goto(address)
    expect(messages(page)).to_have_count(6)
    expect(messages(page).nth(1).locator("[class*='st-key-cell-']")).to_have_count(found)
    citation.click()
    expect(page.get_by_test_id("stPopoverBody").get_by_text(str(shop))).to_be_visible()


def test_a_narrow_window_in_chinese(tmp_path: Path, shop: Path, start_server: StartServer, open_page: OpenPage) -> None:
    said = texts("zh").library
    server = start_server(tmp_path / "home", settings(tmp_path))
    page = open_page(server.url, viewport={"width": 360, "height": 740}, locale="zh-CN", has_touch=True)
    page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("link", name=said["title"]).click()
    page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    expect(page.get_by_text(said["empty"])).to_be_visible()
    page.get_by_label(said["add_label"]).fill(str(shop))
    page.get_by_role("button", name=said["add"], exact=True).click()
    expect(page.get_by_text(said["finished"], exact=True)).to_be_visible()
    expect(cells(page).nth(1)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    columns = page.locator("[class*='st-key-gallery-']").evaluate("grid => getComputedStyle(grid).gridTemplateColumns")
    assert len(columns.split()) == 2
