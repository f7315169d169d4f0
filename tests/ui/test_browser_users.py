"""Signing in with a real OpenID Connect service, in a real browser."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.ui.chatting import answer, attach, conversation_address, finished, messages, opener, send
from tests.ui.harness import LONGEST
from tests.ui.provider import CLIENT, provider
from tests.ui.server import ChatServer
from tests.ui.test_browser import dog, scripted
from ui.language import texts

pytestmark = pytest.mark.browser

EN = texts("en")
SAID = EN.users


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ChatServer]:
    """A server where everybody has to sign in."""
    file = tmp_path / ".streamlit" / "secrets.toml"
    file.parent.mkdir()
    with provider() as service:
        server = ChatServer(tmp_path / "home", {**scripted(tmp_path), "HOME": str(tmp_path)})
        file.write_text(
            f"""[auth]
redirect_uri = "{server.url}/oauth2callback"
cookie_secret = "{secrets.token_hex()}"
client_id = "{CLIENT}"
client_secret = "{secrets.token_hex()}"
server_metadata_url = "{service.url}/.well-known/openid-configuration"
""",
            encoding="utf-8",
        )
        with server:
            yield server


def signed_in(chromium: Browser, server: ChatServer, name: str) -> Page:
    """The page of somebody in a browser of their own."""
    page = chromium.new_context(locale="en-GB").new_page()
    page.set_default_timeout(1000 * LONGEST)
    page.goto(server.url)
    sign_in(page, name)
    return page


def sign_in(page: Page, name: str) -> None:
    page.get_by_role("button", name=SAID["sign_in"]).click()
    page.get_by_role("link", name=name).click()
    expect(page.get_by_text(SAID["signed_in"].format(name=name))).to_be_visible()


def test_two_sign_in_and_neither_sees_what_the_other_keeps(server: ChatServer, chromium: Browser) -> None:
    ann = signed_in(chromium, server, "Ann")
    attach(ann, dog())
    send(ann, "which animal is it?")
    expect(answer(ann).get_by_text("A brown dog.")).to_be_visible()
    finished(ann)
    address = conversation_address(ann)

    bob = signed_in(chromium, server, "Bob")
    expect(bob.get_by_text(EN.no_conversations)).to_be_visible()
    bob.goto(address)
    expect(bob.get_by_text(EN.not_there)).to_be_visible()
    expect(messages(bob)).to_have_count(0)

    for page in ("settings", "evaluations"):
        bob.goto(f"{server.url}/{page}")
        expect(bob.get_by_text(SAID["signed_in"].format(name="Bob"))).to_be_visible()
        expect(bob.get_by_role("heading", name=EN.pages[page])).to_have_count(0)

    ann.get_by_role("button", name=SAID["sign_out"]).click()
    expect(ann.get_by_role("button", name=SAID["sign_in"])).to_be_visible()
    ann.goto(address)
    expect(ann.get_by_role("button", name=SAID["sign_in"])).to_be_visible()
    expect(messages(ann)).to_have_count(0)
    sign_in(ann, "Ann")
    ann.goto(address)
    expect(opener(ann, "img1")).to_be_visible()
    ann.get_by_role("button", name=SAID["erase"]).click()
    ann.get_by_role("button", name=SAID["erase_confirm"], exact=True).click()
    expect(ann.get_by_text(EN.no_conversations)).to_be_visible()
