"""The page for tests: in Streamlit's own harness, and in a browser, where every page that is opened is watched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from streamlit.testing.v1 import AppTest

from tests.ui import shelves
from tests.ui.harness import LIBRARY_PAGE, LONGEST, PAGE, SCRIPT, add, dismissed
from tests.ui.server import ChatServer
from ui.desk import open_desk

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--use-fake-device-for-media-stream",  # a camera that shows a clock, and may be used without asking
    "--use-fake-ui-for-media-stream",
]
OpenPage = Callable[..., Page]
StartServer = Callable[[Path, dict[str, str]], ChatServer]


@pytest.fixture
def chat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The page in Streamlit's harness, answered from a script, over a data directory of its own."""
    script = tmp_path / "script.toml"
    script.write_text(SCRIPT, encoding="utf-8")
    monkeypatch.setenv("VISTALK_PRESET", "scripted")
    monkeypatch.setenv("VISTALK_SCRIPT", str(script))
    open_desk.clear()
    yield AppTest.from_file(PAGE, default_timeout=LONGEST).run()
    open_desk.clear()


@pytest.fixture
def library(chat: AppTest, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page of an empty library, whose encoders know colours and letters."""
    shelves.install(monkeypatch)
    return AppTest.from_string(LIBRARY_PAGE, default_timeout=LONGEST).run()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four pictures, with a catalogue that knows one of them, and a document."""
    return shelves.folder_of(tmp_path / "things")


@pytest.fixture
def filled(library: AppTest, folder: Path) -> AppTest:
    """The page of a library that holds the folder."""
    return dismissed(add(library, folder))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium. Not for the whole session: while Playwright is open, no other event loop can run."""
    expect.set_options(timeout=1000 * LONGEST)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def start_server() -> Iterator[StartServer]:
    """Starts a server over a data directory. Ask for it before `open_page`, so that pages close before it stops."""
    with ExitStack() as started:
        yield lambda home, env: started.enter_context(ChatServer(home, env))


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[OpenPage]:
    """Opens an address in a window of its own. The test fails if any page logs an error or asks another machine."""
    contexts, faults = [], []

    def opened(url: str, **options: Any) -> Page:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 800}, "locale": "en-GB"} | options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(1000 * LONGEST)
        page.on("pageerror", lambda error: faults.append(f"error: {error}"))
        page.on("console", lambda said: faults.append(f"console: {said.text}") if said.type == "error" else None)
        page.on("request", lambda request: faults.append(request.url) if _leaves(request.url, url) else None)
        page.on("websocket", lambda opened: faults.append(opened.url) if _leaves(opened.url, url) else None)
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


def _leaves(asked: str, home: str) -> bool:
    return not asked.startswith((home, home.replace("http", "ws", 1), "data:", "blob:"))
