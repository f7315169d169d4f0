"""The first start and the settings in a real browser: languages, looks, erasing, and fit for everybody.

It also takes the pictures of both that the documents show.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.chatting import answer, attach, finished, messages, opener, send
from tests.ui.conftest import OpenPage, StartServer
from tests.ui.server import ROOT, ChatServer
from tests.ui.test_browser import dog, scripted
from tests.ui.test_browser_chat import grave_faults, settled
from ui.language import texts
from ui.welcome.samples import SAMPLES

pytestmark = pytest.mark.browser

EN, ZH = texts("en"), texts("zh")
FIRST, SETTINGS = ROOT / "docs" / "first.png", ROOT / "docs" / "settings.png"
ZOOMED = {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2}
"""A window of 1,280 × 800 at 200 % zoom."""
SECONDS = 120
"""How long a turn of the pocket model may take."""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    """A server whose settings file may be written."""
    env = scripted(tmp_path) | {"VISTALK_SETTINGS": str(tmp_path / "settings.toml")}
    with ChatServer(tmp_path / "home", env) as server:
        yield server


def to_settings(page: Page, title: str = EN.pages["settings"]) -> Page:
    page.get_by_role("link", name=title, exact=True).click()
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    settled(page)
    return page


def choice(page: Page, name: str) -> Locator:
    """One of the options of a setting."""
    return page.get_by_role("radio", name=name, exact=True)


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def test_the_language_and_the_looks_change_with_a_click_and_stay(server: ChatServer, open_page: OpenPage) -> None:
    page = to_settings(open_page(server.url))
    expect(page.locator("html")).to_have_attribute("lang", "en")
    choice(page, "中文").click()
    expect(page.get_by_role("heading", name=ZH.settings["title"], exact=True)).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    choice(page, ZH.settings["dark"]).click()
    expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", "dark")
    settled(page)
    assert grave_faults(page) == []
    again = open_page(server.url)
    expect(again.get_by_text(ZH.greeting)).to_be_visible()
    choice(page, "English").click()
    expect(page.get_by_role("heading", name=EN.settings["title"], exact=True)).to_be_visible()


def test_everything_is_erased_once_it_is_confirmed(server: ChatServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    attach(page, dog())
    send(page, "which animal is it?")
    finished(page)
    to_settings(page)
    page.get_by_role("button", name=EN.settings["erase"]).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name=EN.keep, exact=True).click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("button", name="which animal is it?")).to_have_count(0)
    page.get_by_role("link", name=EN.pages["chat"], exact=True).click()
    expect(opener(page, "img1")).to_be_visible()
    to_settings(page)
    page.get_by_role("button", name=EN.settings["erase"]).click()
    dialog.get_by_role("button", name=EN.settings["erase_confirm"], exact=True).click()
    expect(page.get_by_text(EN.settings["erased"])).to_be_visible()
    page.get_by_role("link", name=EN.pages["chat"], exact=True).click()
    expect(page.get_by_text(EN.greeting)).to_be_visible()
    expect(page.get_by_role("button", name="which animal is it?")).to_have_count(0)


@pytest.mark.parametrize("zoom", ["200 %", "360 px"])
def test_every_page_fits_a_zoomed_and_a_narrow_window(server: ChatServer, open_page: OpenPage, zoom: str) -> None:
    narrow = {"viewport": {"width": 360, "height": 740}, "has_touch": True}
    page = open_page(server.url, **(ZOOMED if zoom == "200 %" else narrow))
    expect(page.get_by_text(EN.greeting)).to_be_visible()
    attach(page, dog())
    send(page, "which animal is it?")
    expect(answer(page).get_by_text("A brown dog.")).to_be_visible()
    wide = {"chat": overflow(page)}
    for name in ("library", "gallery", "memory", "evaluations", "settings"):
        page.get_by_test_id("stExpandSidebarButton").click()
        page.get_by_role("link", name=EN.pages[name], exact=True).click()
        page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
        expect(page.get_by_role("heading", name=EN.pages[name], exact=True)).to_be_visible()
        settled(page)
        wide[name] = overflow(page)
        assert grave_faults(page) == []
    assert wide == dict.fromkeys(wide, 0)


@pytest.mark.pocket
@pytest.mark.timeout(600)
def test_the_first_start_says_what_pocket_can_and_offers_pictures(
    pocket: Path, tmp_path: Path, start_server: StartServer, open_page: OpenPage
) -> None:
    env = {"VISTALK_PRESET": "pocket", "VISTALK_SETTINGS": str(tmp_path / "settings.toml")}
    page = open_page(start_server(pocket, env).url)
    expect(page.get_by_text(EN.welcome["good"])).to_be_visible()
    expect(page.get_by_text(EN.welcome["bad"])).to_be_visible()
    for name in SAMPLES:
        expect(page.get_by_role("img", name=EN.welcome[name])).to_have_js_property("complete", value=True)
    assert grave_faults(page) == []
    page.mouse.move(640, 640)  # away from what lights up under it
    page.screenshot(path=FIRST, animations="disabled")
    to_settings(page)
    expect(page.get_by_text(EN.settings["in_use"]).first).to_be_visible()
    assert grave_faults(page) == []
    page.screenshot(path=SETTINGS, animations="disabled")
    page.get_by_role("link", name=EN.pages["chat"], exact=True).click()
    page.locator(".st-key-sample-sign button").click()
    expect(messages(page)).to_have_count(2)
    expect(page.get_by_placeholder(EN.placeholder)).to_be_enabled(timeout=1000 * SECONDS)
    finished(page)
    expect(answer(page)).to_contain_text("9 am to 6 pm")
    expect(page.get_by_text(EN.welcome["good"])).to_have_count(0)
