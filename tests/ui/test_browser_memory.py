"""What lasts, is apart and is erased: the whole of it in a real browser, over a server that is closed and opened."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from memory.erasure import fragments
from memory.erasure.scanning import Scanner, files_below
from memory.erasure.verifying import PASSED_OVER
from tests.memory.pictures import file_of, photo
from tests.ui.chatting import answer, attach, conversation_address, finished, messages, opener, send
from tests.ui.conftest import OpenPage, StartServer
from tests.ui.drawing import dog_on_grass
from tests.ui.test_browser import dog, scripted
from ui.language import texts

pytestmark = pytest.mark.browser

EN = texts("en")
SECONDS = 120
"""How long a turn of the pocket model may take."""

FACTS = ("My sailing boat is called Wanderer", "This is my dog Barkley")


def told(page: Page, words: str) -> None:
    """Send words, and return when the answer is there."""
    send(page, words)
    expect(page.get_by_placeholder(EN.placeholder)).to_be_enabled(timeout=1000 * SECONDS)
    finished(page)


def said(page: Page, pattern: str) -> Locator:
    """The last answer itself, where it says so; not the step that it was taken from."""
    return answer(page).get_by_test_id("stMarkdown").filter(has_text=re.compile(pattern))


def begun(page: Page) -> None:
    """In a new conversation."""
    page.get_by_role("button", name=EN.new_conversation).click()
    expect(messages(page)).to_have_count(0)


def pressed(page: Page, key: str) -> None:
    """A button is pressed, once the page is drawn."""
    button = page.locator(f".st-key-{key} button:visible")
    expect(button).to_have_count(1)
    button.click()


def deleted(page: Page, address: str) -> None:
    """A conversation is deleted at the side."""
    pressed(page, f"delete-{address[-32:]}")
    page.get_by_role("dialog").get_by_role("button", name=EN.delete_confirm, exact=True).click()
    expect(page.locator(f".st-key-go-{address[-32:]}")).to_have_count(0)


def left(home: Path, wanted: set[bytes]) -> set[bytes]:
    """Which of these bytes stand anywhere in the data directory."""
    scanner = Scanner(wanted)
    return set().union(*(scanner.found_in_file(path) for path in files_below(home, PASSED_OVER)))


@pytest.mark.pocket
@pytest.mark.timeout(1200)
def test_what_was_shown_is_recalled_after_a_restart_and_gone_when_it_is_forgotten(
    pocket: Path, start_server: StartServer, open_page: OpenPage
) -> None:
    server = start_server(pocket, {"VISTALK_PRESET": "pocket"})
    page = open_page(server.url)
    attach(page, {"name": "barkley.png", "mimeType": "image/png", "buffer": file_of(dog_on_grass(), "PNG")})
    told(page, f"Remember: {FACTS[1]}")
    expect(said(page, "I will remember img1: .*Barkley")).to_be_visible()
    told(page, f"Remember that {FACTS[0]}.")
    expect(said(page, "I will remember: .*Wanderer")).to_be_visible()
    first = conversation_address(page)
    pixels = set().union(*(fragments.of_file(path.read_bytes()) for path in (pocket / "images").rglob("*.png")))
    words = fragments.of_texts(FACTS)
    assert left(pocket, pixels | words) >= pixels

    page.goto("about:blank")
    server.stop()
    server.start()
    page.goto(server.url)
    attach(page, {"name": "other.png", "mimeType": "image/png", "buffer": file_of(photo(320, 240), "PNG")})
    told(page, "What is in the picture?")
    second = conversation_address(page)
    expect(opener(page, "img1")).to_have_count(1)
    told(page, "What is my sailing boat called?")
    expect(said(page, "Wanderer")).to_be_visible()
    told(page, "Which picture of my dog Barkley did I show you before?")
    expect(said(page, "img2: .*Barkley")).to_be_visible()
    expect(opener(page, "img2")).to_be_visible()

    told(page, "Forget the photo of my dog Barkley.")
    expect(said(page, "I have forgotten this:")).to_be_visible()
    told(page, "Forget my sailing boat.")
    expect(said(page, "I have forgotten this:")).to_be_visible()
    deleted(page, first)
    deleted(page, second)
    begun(page)
    told(page, "What do you remember about me?")
    expect(said(page, "I remember nothing yet")).to_be_visible()
    page.get_by_role("link", name=EN.pages["memory"]).click()
    expect(page.get_by_text(EN.memory["empty"])).to_be_visible()
    page.goto("about:blank")
    server.stop()
    assert left(pocket, pixels | words) == set()
    server.start()  # the fixture stops it


def test_branches_outlive_a_restart_and_one_turn_is_erased_in_all_its_versions(
    tmp_path: Path, start_server: StartServer, open_page: OpenPage
) -> None:
    home, env = tmp_path / "home", scripted(tmp_path)
    server = start_server(home, env)
    page = open_page(server.url)
    attach(page, dog("elsewhere.png"))
    told(page, "which animal is it?")
    elsewhere = conversation_address(page)
    begun(page)
    told(page, "good morning")
    address = conversation_address(page)
    expect(opener(page, "img1")).to_have_count(0)
    [kept] = (home / "images").rglob("*.png")
    picture = {"name": "map.png", "mimeType": "image/png", "buffer": file_of(photo(320, 240), "PNG")}
    attach(page, picture)
    told(page, "a quagmire in the north")
    told(page, "good night")
    [shown] = set((home / "images").rglob("*.png")) - {kept}
    wanted = fragments.of_file(shown.read_bytes()) | fragments.of_texts(
        ["quagmire in the north", "quicksand in the south"]
    )

    pressed(page, "edit-1")
    page.get_by_role("dialog").get_by_role("textbox").fill("a quicksand in the south")
    page.get_by_role("dialog").get_by_role("button", name=EN.threads["send"]).click()
    expect(page.get_by_text(EN.threads["branch"].format(position=2, count=2))).to_be_visible()
    finished(page)
    expect(messages(page)).to_have_count(4)
    page.goto("about:blank")
    server.stop()
    assert left(home, wanted)
    server.start()
    page.goto(address)
    expect(page.get_by_text("a quicksand in the south", exact=True)).to_be_visible()
    pressed(page, "earlier-1")
    expect(messages(page)).to_have_count(6)
    expect(page.get_by_text("a quagmire in the north", exact=True)).to_be_visible()

    pressed(page, "erase-1")
    page.get_by_role("dialog").get_by_role("button", name=EN.threads["erase_confirm"], exact=True).click()
    expect(messages(page)).to_have_count(4)
    expect(opener(page, "img1")).to_have_count(0)
    page.goto("about:blank")
    server.stop()
    assert left(home, wanted) == set()
    server.start()
    page.goto(address)
    expect(messages(page)).to_have_count(4)
    page.goto(elsewhere)
    expect(opener(page, "img1")).to_be_visible()
    deleted(page, elsewhere)
    assert not kept.exists()
