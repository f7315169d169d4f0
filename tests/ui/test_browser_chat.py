"""The chat in a real browser: looked at closely, rated, copied, photographed, by keyboard, and fit for everybody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.ui.chatting import answer, attach, box, finished, messages, opener, send
from tests.ui.conftest import OpenPage
from tests.ui.server import ChatServer
from tests.ui.test_browser import dog, scripted
from ui.language import texts

pytestmark = pytest.mark.browser

EN = texts("en")
PAGES = ("library", "gallery", "memory", "evaluations", "settings")
GRAVE = ("serious", "critical")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatServer]:
    folder = tmp_path_factory.mktemp("chat")
    with ChatServer(folder / "home", scripted(folder)) as server:
        yield server


@pytest.fixture
def page(server: ChatServer, open_page: OpenPage) -> Page:
    return open_page(server.url)


def asked(page: Page) -> Page:
    """A picture was asked about and the answer is there."""
    attach(page, dog())
    send(page, "which animal is it?")
    expect(answer(page).get_by_text("A brown dog.")).to_be_visible()
    expect(page.get_by_test_id("stChatInputTextArea")).to_be_enabled()
    return page


def settled(page: Page) -> None:
    """Nothing is being drawn any more, and nothing moves: what fades in is fainter than it will be."""
    expect(page.locator("[data-test-script-state=notRunning]")).to_have_count(1)
    page.wait_for_function("document.getAnimations().every(each => each.playState !== 'running')")


def grave_faults(page: Page) -> list[Any]:
    """What axe finds serious or critical: the rule, and the places."""
    settled(page)
    found = Axe().run(page).response["violations"]
    return [
        (fault["id"], [node["html"][:120] for node in fault["nodes"]]) for fault in found if fault["impact"] in GRAVE
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_can_be_used_by_everybody(server: ChatServer, open_page: OpenPage, scheme: str) -> None:
    page = open_page(server.url, color_scheme=scheme, reduced_motion="reduce")
    expect(page.get_by_text(EN.greeting)).to_be_visible()
    found = {"beginning": grave_faults(page)}
    asked(page).get_by_test_id("stExpander").first.locator("summary").click()
    found["turn"] = grave_faults(page)
    opener(page, "img1").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    found["picture"] = grave_faults(page)
    page.keyboard.press("Escape")
    page.get_by_role("radio", name="Thumbs down").click()
    expect(page.get_by_role("button", name=EN.feedback["save"])).to_be_visible()
    found["opinion"] = grave_faults(page)
    page.keyboard.press("Escape")
    for name in PAGES:
        page.get_by_role("link", name=EN.pages[name]).click()
        expect(page.get_by_role("heading", name=EN.pages[name])).to_be_visible()
        found[name] = grave_faults(page)
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_a_narrow_chat_can_be_used_by_everybody(server: ChatServer, open_page: OpenPage) -> None:
    page = asked(open_page(server.url, viewport={"width": 360, "height": 740}, has_touch=True))
    assert grave_faults(page) == []
    opener(page, "img1").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("400 %").click()
    expect(dialog.get_by_role("img", name="img1")).to_have_css("zoom", "4")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    expect(dialog.get_by_role("button", name=EN.viewing["describe"])).to_be_visible()


def test_a_picture_is_looked_at_closely_and_asked_about(page: Page) -> None:
    asked(page)
    opener(page, "img1").click()
    dialog = page.get_by_role("dialog")
    shown = dialog.get_by_role("img", name="img1")
    expect(shown).to_have_js_property("clientWidth", 640)
    expect(dialog.get_by_text("640 × 480")).to_be_visible()
    dialog.get_by_text("200 %").click()
    expect(shown).to_have_css("zoom", "2")
    view = page.locator("[class*='st-key-view-']")
    assert view.evaluate("view => view.scrollWidth > view.clientWidth && view.scrollHeight > view.clientHeight")
    dialog.get_by_role("button", name=EN.viewing["describe"]).click()
    expect(dialog).to_have_count(0)
    expect(messages(page)).to_have_count(4)
    finished(page)
    expect(page.get_by_text("Describe img1.", exact=True)).to_be_visible()


def test_an_answer_is_rated_and_says_why(page: Page) -> None:
    asked(page)
    page.get_by_role("radio", name="Thumbs down").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(EN.feedback["why"]).fill("It is no dog.")
    dialog.get_by_label(EN.feedback["right"]).fill("a fox")
    dialog.get_by_role("button", name=EN.feedback["save"]).click()
    expect(dialog).to_have_count(0)
    page.reload()
    expect(page.get_by_role("radio", name="Thumbs down")).to_be_checked()
    page.get_by_role("button", name=EN.feedback["explain"]).click()
    expect(dialog.get_by_label(EN.feedback["right"])).to_have_value("a fox")


def test_a_question_is_answered_again_and_changed_and_every_version_stays(page: Page) -> None:
    asked(page)
    page.get_by_role("button", name=EN.threads["again"]).click()
    expect(page.get_by_text(EN.threads["branch"].format(position=2, count=2))).to_be_visible()
    finished(page)
    page.get_by_role("button", name=EN.threads["edit"]).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill("hello")
    dialog.get_by_role("button", name=EN.threads["send"], exact=True).click()
    expect(dialog).to_have_count(0)
    expect(answer(page)).to_contain_text("Hello there.")
    finished(page)
    expect(messages(page)).to_have_count(2)
    page.get_by_role("button", name=EN.threads["earlier"]).click()
    expect(page.get_by_text(EN.threads["branch"].format(position=2, count=3))).to_be_visible()
    expect(answer(page)).to_contain_text("A brown dog.")
    page.get_by_role("button", name=EN.threads["later"]).click()
    expect(answer(page)).to_contain_text("Hello there.")
    expect(page.get_by_role("button", name=EN.threads["later"])).to_be_disabled()


def test_an_answer_is_copied_as_it_was_written(server: ChatServer, open_page: OpenPage) -> None:
    page = asked(open_page(server.url, permissions=["clipboard-read", "clipboard-write"]))
    page.get_by_role("button", name=EN.feedback["copy"]).click()
    expect(page.get_by_role("button", name=EN.feedback["copied"])).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "A **brown dog**."
    expect(page.get_by_role("button", name=EN.feedback["copy"])).to_be_visible()


def test_a_photo_is_taken_and_sent(page: Page) -> None:
    page.get_by_role("button", name=EN.camera["open"]).click()
    page.wait_for_function("document.querySelector('video')?.readyState >= 2")
    page.get_by_test_id("stCameraInputButton").click()
    page.get_by_role("button", name=EN.camera["add"]).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("img", name="photo-1.jpg")).to_be_visible()
    send(page, "which animal is it?")
    finished(page)
    expect(messages(page).get_by_role("img", name=re.compile("^img1 photo-1.jpg"))).to_be_visible()
    expect(page.get_by_role("button", name=EN.camera["remove"])).to_have_count(0)


def test_the_keyboard_alone_is_enough(page: Page) -> None:
    attach(page, dog())
    box(page).focus()
    page.keyboard.type("which animal is it?")
    page.keyboard.press("Enter")
    expect(answer(page).get_by_text("A brown dog.")).to_be_visible()
    finished(page)
    reached = set()
    page.evaluate("document.activeElement.blur()")
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate(_NAME))
    wanted = [
        EN.pages["chat"], EN.pages["evaluations"], EN.new_conversation, EN.threads["manage"], EN.delete, "img1",
        EN.threads["again"], EN.threads["edit"], EN.feedback["copy"], "Thumbs up", EN.camera["open"], EN.placeholder,
    ]  # fmt: skip
    assert [name for name in wanted if name not in reached] == []
    opener(page, "img1").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


_NAME = """() => {
    let here = document.activeElement;
    while (here.shadowRoot?.activeElement) here = here.shadowRoot.activeElement;
    const label = here.getAttribute("aria-label") || here.getAttribute("placeholder");
    const words = here.cloneNode(true);
    words.querySelectorAll("[aria-hidden=true]").forEach(hidden => hidden.remove());
    return label || words.textContent.trim();
}"""
