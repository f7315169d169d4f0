"""The page of evaluations in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.evals.finished import data_file, finished, questions
from tests.ui.chatting import answer, conversation_address, send
from tests.ui.chatting import finished as answered
from tests.ui.conftest import OpenPage, StartServer
from tests.ui.server import ChatServer
from tests.ui.test_browser import FIRST, LAST, scripted

pytestmark = pytest.mark.browser

ATTACK = '"><img src=x onerror="top.hit = 1"><script>top.hit = 1</script>'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatServer]:
    """A server with two runs on the same data, one that is not finished, and a folder that holds none."""
    folder = tmp_path_factory.mktemp("evaluations")
    runs = folder / "home" / "evals"
    data = data_file(folder / "set", questions(30, kind=ATTACK), 30)
    finished(runs / "first", "vqa", data, lambda n, _: ("dog" if n % 2 else ATTACK, 0.6))
    finished(runs / "second", "vqa", data, lambda *_: ("dog", 0.9), run="vqa-pocket-20261124-101112-131")
    half = finished(runs / "half", "vqa", data, lambda *_: ("cat", 0.9))
    (half.folder / "summary.json").unlink()
    (runs / "broken").mkdir()
    (runs / "broken" / "run.json").write_text("{}", encoding="utf-8")
    with ChatServer(folder / "home", scripted(folder)) as server:
        yield server


@pytest.fixture
def page(server: ChatServer, open_page: OpenPage) -> Page:
    page = open_page(server.url)
    page.get_by_role("link", name="Evaluations").click()
    expect(page.get_by_role("heading", name="Evaluations")).to_be_visible()
    return page


def opened(page: Page, name: str) -> Page:
    page.get_by_role("button", name=name, exact=True).click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    return page


def report(page: Page) -> FrameLocator:
    return page.frame_locator("iframe[title^='Report of']")


def test_the_runs_are_listed_with_their_state(page: Page) -> None:
    rows = page.locator("[class*='st-key-kept-']")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("second")
    expect(rows.nth(0)).to_contain_text("vqa · pocket · set/rows.jsonl · 30 samples")
    expect(rows.nth(0)).to_contain_text(re.compile(r"accuracy 66\.7 % \[[\d.]+, [\d.]+\]"))
    expect(page.locator(".st-key-kept-half")).to_contain_text("not finished: 30 of 30 samples are done")
    expect(page.get_by_role("alert")).to_contain_text("holds no run that can be read")


def test_a_report_is_shown_in_a_frame_that_cannot_reach_the_page(page: Page) -> None:
    opened(page, "first")
    expect(report(page).locator("#found")).to_have_text("30 of 30 samples")
    expect(report(page).locator("#list img")).to_have_count(20)
    expect(report(page).locator("#list").get_by_text(ATTACK).first).to_be_visible()
    inside = page.frames[-1].evaluate(
        "() => { try { return parent.document.title } catch (error) { return error.name } }"
    )
    assert inside == "SecurityError"
    assert page.evaluate("window.hit") is None
    with page.context.expect_page() as alone:
        page.get_by_role("link", name="Open in a tab of its own").click()
    expect(alone.value.locator("#found")).to_have_text("30 of 30 samples")
    assert alone.value.evaluate("origin") == "null"


def test_a_report_is_taken_away_as_a_file(page: Page) -> None:
    opened(page, "first")
    contents = {}
    for kind, name in (("HTML", "first.html"), ("Markdown", "first.md"), ("JSON", "first.json")):
        with page.expect_download() as download:
            page.get_by_role("button", name=kind).click()
        assert download.value.suggested_filename == name
        contents[kind] = Path(download.value.path()).read_text(encoding="utf-8")
    assert contents["HTML"].startswith("<!DOCTYPE html>")
    assert contents["Markdown"].startswith("# vqa · pocket")
    assert len(json.loads(contents["JSON"])["samples"]) == 30


def test_two_runs_are_compared_with_the_samples_that_changed(page: Page) -> None:
    opened(page, "second")
    page.get_by_role("combobox").click()
    expect(page.get_by_role("option")).to_have_text(["first"])
    page.get_by_role("option", name="first").click()
    expect(page.get_by_text(re.compile(r"^66\.7 % → 33\.3 % on the same 30 samples: -33\.3 points"))).to_be_visible()
    expect(page.get_by_role("heading", name="10 samples changed")).to_be_visible()
    pairs = page.locator("[class*='st-key-changed-']")
    expect(pairs).to_have_count(10)
    expect(pairs.first.get_by_role("img")).to_have_js_property("naturalWidth", 96)
    expect(pairs.first).to_contain_text(ATTACK)
    expect(pairs.first).to_contain_text("second · 100 %")
    expect(pairs.first).to_contain_text("first · 0 %")
    expect(page).to_have_url(re.compile(r"/evaluations\?run=second&with=first$"))
    page.get_by_role("button", name="All evaluations").click()
    expect(page.get_by_role("heading", name="Evaluations")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/evaluations$"))


def test_a_run_that_is_not_finished_says_how_to_finish_it(page: Page) -> None:
    opened(page, "half")
    expect(page.get_by_text("vistalk eval resume half")).to_be_visible()
    expect(page.locator("iframe")).to_have_count(0)
    page.go_back()
    expect(page.get_by_role("heading", name="Evaluations")).to_be_visible()


def test_an_answer_goes_on_while_evaluations_are_looked_at(server: ChatServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    send(page, "count slowly")
    expect(answer(page)).to_contain_text(FIRST)
    address = conversation_address(page)
    page.get_by_role("link", name="Evaluations").click()
    expect(page.get_by_role("heading", name="Evaluations")).to_be_visible()
    page.get_by_role("link", name="Chat").click()
    assert conversation_address(page) == address
    expect(answer(page)).to_contain_text(FIRST)
    expect(answer(page)).to_contain_text(LAST)
    answered(page)


def test_a_narrow_window(server: ChatServer, open_page: OpenPage) -> None:
    page = open_page(server.url, viewport={"width": 400, "height": 800}, has_touch=True)
    page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("link", name="Evaluations").click()
    page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    opened(page, "first")
    expect(report(page).locator("#found")).to_have_text("30 of 30 samples")
    assert page.evaluate("document.documentElement.scrollWidth") == 400
    assert page.frames[-1].evaluate("document.documentElement.scrollWidth") <= 400


def test_before_the_first_run_the_page_says_how_to_begin(
    tmp_path: Path, start_server: StartServer, open_page: OpenPage
) -> None:
    page = open_page(start_server(tmp_path / "home", scripted(tmp_path)).url, locale="zh-CN")
    page.get_by_role("link", name="评测").click()
    expect(page.get_by_text("还没有运行过评测。")).to_be_visible()
    expect(page.get_by_text("vistalk eval run vqa --data questions.jsonl")).to_be_visible()
