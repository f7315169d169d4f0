"""The real page with the real pocket model; it also takes the picture of the page that the README shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.memory.pictures import file_of
from tests.ui.chatting import answer, attach, finished, opener, send
from tests.ui.conftest import OpenPage, StartServer
from tests.ui.drawing import dog_on_grass
from tests.ui.server import ROOT
from ui.language import texts

EN = texts("en")
ZH = texts("zh")
SCREENSHOT, CHINESE = ROOT / "docs" / "chat.png", ROOT / "docs" / "chinese.png"


@pytest.mark.pocket
@pytest.mark.browser
def test_asking_the_pocket_model_about_a_picture(pocket: Path, start_server: StartServer, open_page: OpenPage) -> None:
    page = open_page(start_server(pocket, {"VISTALK_PRESET": "pocket"}).url)
    attach(page, {"name": "dog.png", "mimeType": "image/png", "buffer": file_of(dog_on_grass(), "PNG")})
    send(page, "What is in the picture?")
    expect(opener(page, "img1")).to_be_visible()
    finished(page)
    expect(answer(page).locator("p", has_text=re.compile(r"^[A-Z]\w*( \w+)+.*\.$"))).to_be_visible()
    expect(answer(page).get_by_text(re.compile(r"tokens · about img1$"))).to_be_visible()
    expect(page.get_by_test_id("stAlert")).to_have_count(0)
    page.get_by_text(re.compile(r"Describe · img1")).first.click()
    page.get_by_role("button", name=EN.where).click()
    expect(page.get_by_text(EN.where_shown.format(handle="img1"))).to_be_visible(timeout=60_000)
    page.get_by_text(re.compile(r"Describe · img1")).first.click()
    SCREENSHOT.parent.mkdir(exist_ok=True)
    page.mouse.move(640, 600)  # away from what lights up under it
    page.screenshot(path=SCREENSHOT, animations="disabled")


@pytest.mark.pocket
@pytest.mark.browser
def test_asking_in_chinese_on_a_telephone(pocket: Path, start_server: StartServer, open_page: OpenPage) -> None:
    url = start_server(pocket, {"VISTALK_PRESET": "pocket"}).url
    page = open_page(url, viewport={"width": 412, "height": 800}, locale="zh-CN", has_touch=True)
    expect(page.get_by_text(ZH.welcome["good"])).to_be_visible()
    attach(page, {"name": "dog.png", "mimeType": "image/png", "buffer": file_of(dog_on_grass(), "PNG")})
    send(page, "图片中有什么动物？")
    expect(page.get_by_placeholder(ZH.placeholder)).to_be_enabled()
    expect(answer(page)).to_contain_text("狗")
    assert page.evaluate("document.documentElement.scrollWidth") == 412
    page.screenshot(path=CHINESE, animations="disabled")
