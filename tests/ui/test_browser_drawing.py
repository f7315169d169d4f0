"""Pictures drawn in a real browser by a real pipeline of random weights: watched, varied, used again, deleted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.runtime.tiny_generators import SIDE, build
from tests.ui.chatting import answer, box, conversation_address, finished, messages, opener, send, stop
from tests.ui.conftest import OpenPage, StartServer
from tests.ui.server import ChatServer
from tests.ui.test_chat_page_drawing import SCRIPT
from ui.language import texts

pytestmark = pytest.mark.browser

LOADING = 200
"""Seconds that importing diffusers and loading a pipeline may take, where other programs want the processor too."""

EN = texts("en")
SAID = EN.gallery


def settings(folder: Path) -> dict[str, str]:
    """A scripted model, and a generator of random weights that takes its fifty steps."""
    (folder / "script.toml").write_text(SCRIPT, encoding="utf-8")
    return {
        "VISTALK_PRESET": "scripted",
        "VISTALK_SCRIPT": str(folder / "script.toml"),
        "VISTALK_GENERATOR": str(build("sd", folder / "pipeline")),
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatServer]:
    folder = tmp_path_factory.mktemp("drawing")
    with ChatServer(folder / "home", settings(folder)) as server:
        yield server


def drawing(page: Page, handle: str) -> Locator:
    return page.get_by_role("img", name=re.compile(f"^{handle} "))


def progress(page: Page) -> Locator:
    return page.locator(".st-key-under-way").get_by_role("progressbar")


def cells(page: Page) -> Locator:
    return page.locator("[class*='st-key-cell-']")


def to_gallery(page: Page) -> Page:
    page.get_by_role("link", name=SAID["title"]).click()
    expect(page.get_by_role("heading", name=SAID["title"])).to_be_visible()
    return page


def test_a_picture_is_drawn_varied_used_again_and_deleted(
    server: ChatServer, open_page: OpenPage, tmp_path: Path
) -> None:
    page = open_page(server.url)
    page.get_by_role("button", name=EN.suggested_drawing).click()
    expect(box(page)).to_have_value(EN.suggested_drawing)
    send(page, EN.suggested_drawing)
    expect(progress(page)).to_be_visible(timeout=1000 * LOADING)
    expect(page.get_by_role("img", name=SAID["preview"])).to_be_visible()
    finished(page)
    expect(progress(page)).to_have_count(0)
    expect(drawing(page, "img1")).to_have_js_property("naturalWidth", SIDE)
    with page.expect_download() as started:
        answer(page).get_by_role("button", name=SAID["download"]).click()
    started.value.save_as(tmp_path / "drawing.png")
    assert started.value.suggested_filename == "a-red-apple-0.png"
    with Image.open(tmp_path / "drawing.png") as image:
        assert json.loads(image.info["vistalk"])["prompt"] == "a red apple"
    page.get_by_role("button", name=SAID["another"]).click()
    expect(messages(page)).to_have_count(4)
    finished(page)
    expect(drawing(page, "img2")).to_be_visible()
    opener(page, "img2").click()
    expect(page.get_by_role("dialog").get_by_text(f"{SIDE} × {SIDE}")).to_be_visible()
    page.keyboard.press("Escape")
    address = conversation_address(page)

    to_gallery(page)
    expect(cells(page)).to_have_count(2)
    expect(page.get_by_text(SAID["filter_on"])).to_be_visible()
    cells(page).last.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("a red apple").first).to_be_visible()
    dialog.get_by_role("button", name=SAID["again"]).click()
    expect(box(page)).to_have_value("Draw a red apple, seed 0")
    assert conversation_address(page) == address
    expect(drawing(page, "img2")).to_be_visible()

    to_gallery(page)
    cells(page).last.click()
    page.locator(".st-key-delete-drawing").get_by_role("button").click()
    expect(page.get_by_text(SAID["delete_shown"])).to_be_visible()
    page.locator(".st-key-delete-everywhere").get_by_role("button").click()
    expect(cells(page)).to_have_count(1)
    page.goto(address)
    expect(page.get_by_text(EN.picture_gone.format(handle="img1"))).to_be_visible()
    expect(drawing(page, "img2")).to_be_visible()


def test_stop_ends_a_drawing_and_the_next_one_is_drawn(server: ChatServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    send(page, "Draw eight pictures of a red apple")
    expect(progress(page)).to_be_visible(timeout=1000 * LOADING)
    stop(page).click()
    finished(page)
    expect(answer(page)).to_contain_text(EN.stopped)
    send(page, "Draw a house")
    finished(page)
    expect(answer(page).get_by_role("button", name=SAID["another"])).to_be_visible()


def test_a_narrow_window_in_chinese(tmp_path: Path, start_server: StartServer, open_page: OpenPage) -> None:
    words = texts("zh")
    server = start_server(tmp_path / "home", settings(tmp_path))
    page = open_page(server.url, viewport={"width": 360, "height": 740}, locale="zh-CN", has_touch=True)
    send(page, "画两张红苹果的图")
    expect(progress(page)).to_be_visible(timeout=1000 * LOADING)
    expect(answer(page).get_by_role("button", name=words.gallery["again"])).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("link", name=words.gallery["title"]).click()
    page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    expect(cells(page)).to_have_count(2)
    cells(page).first.click()
    expect(page.get_by_role("dialog").get_by_text(words.gallery["seed"])).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
