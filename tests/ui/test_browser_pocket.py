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
SCREENSHOT = ROOT / "docs" / "chat.png"


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
