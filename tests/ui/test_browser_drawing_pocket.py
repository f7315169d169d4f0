"""Pictures drawn in a real browser by the pocket preset with its real weights, in two languages, over a restart."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from runtime.pocket.drawing.colours import shares
from tests.memory.pictures import file_of
from tests.ui.chatting import answer, attach, conversation_address, finished, messages, send
from tests.ui.conftest import OpenPage, StartServer
from tests.ui.drawing import dog_on_grass
from tests.ui.test_browser_drawing import cells, drawing, to_gallery
from ui.language import texts

pytestmark = [pytest.mark.pocket, pytest.mark.browser]

EN = texts("en")
SAID = EN.gallery
SLOW = 120_000
"""Milliseconds that a model may take to be loaded and to plan, where other programs want the processor too."""

WATCH = """name => {
    window.previews = new Set()
    const look = () => document.querySelectorAll(`img[alt="${name}"]`).forEach(image => previews.add(image.src))
    new MutationObserver(look).observe(document.body, {childList: true, subtree: true, attributes: true})
}"""
"""Notes every preview that the page shows, however short."""

DRAWN = {"a blue whale": "blue", "a green whale": "green", "一只蓝色的鲸鱼": "blue", "一只红色的鲸鱼": "red"}
"""What is drawn below, with its main colour."""


def told(page: Page, words: str, said: str) -> None:
    """Say the words, and read that in the answer."""
    send(page, words)
    expect(answer(page).get_by_text(said).last).to_be_visible(timeout=SLOW)
    finished(page)


def test_pictures_are_drawn_changed_and_still_there_after_a_restart(
    pocket: Path, start_server: StartServer, open_page: OpenPage
) -> None:
    server = start_server(pocket, {"VISTALK_PRESET": "pocket"})
    page = open_page(server.url)
    page.evaluate(WATCH, SAID["preview"])
    told(page, "Draw a blue whale", "I drew a blue whale: img1")
    assert page.evaluate("[...previews].every(source => source.startsWith('data:image/jpeg')) && previews.size > 0")
    expect(drawing(page, "img1")).to_have_js_property("naturalWidth", 128)
    told(page, "make it green", "I drew img1 anew, as a green whale: img2")
    told(page, "画一只蓝色的鲸鱼", "画好了一只蓝色的鲸鱼：img3")
    told(page, "把它变成红色", "把 img3 重画成了一只红色的鲸鱼：img4")
    for handle in ("img1", "img2", "img3", "img4"):
        expect(drawing(page, handle)).to_be_visible()
    address = conversation_address(page)

    page.goto("about:blank")
    server.stop()
    assert colours(pocket) == DRAWN
    server.start()
    page.goto(address)
    expect(messages(page)).to_have_count(8)
    for handle in ("img1", "img2", "img3", "img4"):
        expect(drawing(page, handle)).to_have_js_property("naturalWidth", 128)
    to_gallery(page)
    expect(cells(page)).to_have_count(4)
    for prompt in DRAWN:
        expect(page.get_by_role("button", name=prompt)).to_be_visible()


def test_what_the_pocket_preset_cannot_draw_is_said(
    pocket: Path, start_server: StartServer, open_page: OpenPage
) -> None:
    page = open_page(start_server(pocket, {"VISTALK_PRESET": "pocket"}).url)
    told(page, "Draw a picture of a quadratic equation", "I know none of the things in “a quadratic equation”.")
    told(page, "Draw a photo of my street in the rain", "and no photographs. Photographs and everything else: laptop")
    told(page, "画一个微积分公式", "没有我会画的东西")
    told(page, "Draw a washing machine", "this is the nearest: fax machine.")
    attach(page, {"name": "dog.png", "mimeType": "image/png", "buffer": file_of(dog_on_grass(), "PNG")})
    told(page, "make this photo look like a painting", "I can change those that I drew, and img2 is none of them")
    expect(page.get_by_role("img", name=re.compile("^img3"))).to_have_count(0)


def colours(home: Path) -> dict[str, str]:
    """The main colour of every drawing in a data directory, by what its file says that it shows."""
    found = {}
    for path in (home / "images").rglob("*.png"):
        with Image.open(path) as image:
            if "vistalk" in image.info:
                found[json.loads(image.info["vistalk"])["prompt"]] = next(iter(shares(image.convert("RGB"))))
    return found
