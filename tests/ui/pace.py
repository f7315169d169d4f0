"""How fast the page is, in headless Chromium, and what a long session leaves behind in its server.

python -m tests.ui.pace all|opening|clicks|words|session|crowd… [--store]

Prints the numbers beside their limits; `--store` keeps them with those of `vistalk models bench`.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, FilePayload, Page, expect, sync_playwright
from rich.console import Console

from evals.bench.endurance import LAST, PICTURES, TURNS, WARM, drawing_of, growth
from evals.bench.main import table
from evals.bench.readme import STORED
from evals.bench.report import Measure, median
from runtime.settings import load_settings
from tests.ui.chatting import attach, box, conversation_address, finished, messages
from tests.ui.clocked import FILE
from tests.ui.conftest import ARGUMENTS, CHROMIUM
from tests.ui.server import ChatServer

OPENINGS = 3
CLICKS = 20
REPLIES, WORDS, PACE = 12, 12, 8.0
"""Replies whose words are timed, words of each, words a second."""
CROWD = 4
"""Windows that talk at once."""

SCRIPT = """
[[rule]]
when = "which"
actions = ["vqa", "answer"]
reply = "A **red house** under a yellow sun."

[[rule]]
when = "Person"
reply = "Yes."
tokens_per_second = 2
"""


def opening(browser: Browser, folder: Path) -> list[Measure]:
    """From `vistalk ui` to a page that one can write on, with the pocket models in place."""
    home = folder / "home"
    home.mkdir()
    (home / "models").symlink_to(load_settings().home / "models", target_is_directory=True)
    spent = []
    for _ in range(OPENINGS):
        started = time.perf_counter()
        with ChatServer(home, {"VISTALK_PRESET": "pocket"}) as server, _page(browser, server) as page:
            expect(box(page)).to_be_enabled()
            spent.append(time.perf_counter() - started)
    return [Measure("usable_page", median(spent), "s", "most", 3, f"from the command on, {OPENINGS} times")]


def clicks(browser: Browser, folder: Path) -> list[Measure]:
    """What a click that changes nothing takes on the server: on the title of the conversation that is open."""
    with _scripted(folder, SCRIPT) as server, _page(browser, server) as page:
        for number in range(10):
            _ask(page, f"which is number {number}?", [_drawing(number)] if number % 4 == 0 else [])
        _click(page)
        before = server.worked
        spent = [_click(page) for _ in range(CLICKS)]
        worked = 1000 * (server.worked - before) / CLICKS
    return [
        Measure("click", median(spent), "ms", "most", 150, "from the click's message to the server's last; 10 turns"),
        Measure("click_work", worked, "ms", note="processor time of the server, which other load does not lengthen"),
    ]


def words(browser: Browser, folder: Path) -> list[Measure]:
    """From a word made by the model to the word on the page."""
    rules = []
    for reply in range(REPLIES):
        said = " ".join(f"t{reply}w{number}" for number in range(WORDS))
        rules.append(f'[[rule]]\nwhen = "count {reply};"\nreply = "{said}"\ntokens_per_second = {PACE}\n')
    with _scripted(folder, "\n".join(rules), "tests.ui.clocked") as server, _page(browser, server) as page:
        before = server.worked
        for reply in range(REPLIES):
            _ask(page, f"count {reply};")
        worked = 100 * (server.worked - before) / (REPLIES * WORDS / PACE)
        shown = page.evaluate("window.seen")
    made = {
        word: float(at) for at, word in (line.split(" ") for line in _clock(folder).read_text().splitlines()) if word
    }
    waits = {word: shown[word] - made[word] for word in shown}
    first = [wait for word, wait in waits.items() if word.endswith("w0")]
    return [
        Measure("first_word", median(first), "ms", "most", 100, f"from made to shown, median of {REPLIES} replies"),
        Measure("word", median(list(waits.values())), "ms", "most", 100, f"the same of {len(waits)} words"),
        Measure("slowest_word", max(waits.values()), "ms"),
        Measure("work", worked, "%", note="processor time of the server over that of writing, the questions included"),
    ]


def session(browser: Browser, folder: Path) -> list[Measure]:
    """Two hundred turns in one window: the server's memory, and what a click and a turn take at the end."""
    sizes: list[int] = []
    seconds: list[float] = []
    with _scripted(folder, SCRIPT) as server, _page(browser, server) as page:
        early: list[float] = []
        for number in range(TURNS):
            files = [] if number % (TURNS // PICTURES) else [_drawing(number)]
            started = time.perf_counter()
            _ask(page, f"which is number {number}?", files)
            seconds.append(time.perf_counter() - started)
            sizes.append(server.memory)
            if number == WARM:
                early = [_click(page) for _ in range(LAST)]
        late = [_click(page) for _ in range(LAST)]
    note = f"{TURNS} turns, {PICTURES} pictures, in a browser"
    ends = median(seconds[WARM : WARM + LAST]), median(seconds[-LAST:])
    return [
        *growth(sizes, f"of the server, {note}"),
        Measure("click_early", median(early), "ms", note=f"at turn {WARM}"),
        Measure("click_late", median(late), "ms", "most", 150, f"at turn {TURNS}"),
        Measure("turn_early", ends[0], "s", note="from sending to the finished answer, in the browser"),
        Measure("turn_late", ends[1], "s"),
        Measure("turn_ratio", ends[1] / ends[0], "×", "most", 1.5, f"turn {TURNS} / turn {WARM}"),
    ]


def crowd(browser: Browser, folder: Path) -> list[Measure]:
    """Several windows at once: each holds nothing but what was said in it."""
    mixed = 0
    with _scripted(folder, SCRIPT) as server:
        pages = [_opened(browser, server) for _ in range(CROWD)]
        for turn in range(5):
            for number, page in enumerate(pages):
                box(page).fill(f"Person {number}, question {turn}")
                box(page).press("Enter")
            for page in pages:
                expect(messages(page)).to_have_count(2 * turn + 2)
                finished(page)
        for number, page in enumerate(pages):
            asked = [text.split("person")[-1] for text in messages(page).all_text_contents()[::2]]
            mixed += asked != [f"Person {number}, question {turn}" for turn in range(5)]
            page.context.close()
    return [Measure("mixed", mixed, "windows", "most", 0, f"{CROWD} windows at once, 5 turns each")]


BENCHES: dict[str, Callable[[Browser, Path], list[Measure]]] = {
    "opening": opening,
    "clicks": clicks,
    "words": words,
    "session": session,
    "crowd": crowd,
}


def _clock(folder: Path) -> Path:
    return folder / "clock.txt"


@contextmanager
def _scripted(folder: Path, script: str, module: str = "ui.cli") -> Iterator[ChatServer]:
    path = folder / "script.toml"
    path.write_text(script, encoding="utf-8")
    env = {"VISTALK_PRESET": "scripted", "VISTALK_SCRIPT": str(path), FILE: str(_clock(folder))}
    with ChatServer(folder / "home", env, module) as server:
        yield server


@contextmanager
def _page(browser: Browser, server: ChatServer) -> Iterator[Page]:
    page = _opened(browser, server)
    yield page
    page.context.close()


def _opened(browser: Browser, server: ChatServer) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB").new_page()
    page.add_init_script(path=Path(__file__).with_name("pace.js"))
    page.goto(server.url)
    return page


def _ask(page: Page, said: str, files: list[FilePayload] | None = None) -> None:
    """Send it, and return when the answer is finished."""
    if files:
        attach(page, *files)
    box(page).fill(said)
    box(page).press("Enter")
    expect(page.get_by_text(said, exact=True).last).to_be_visible()
    finished(page)


def _click(page: Page) -> float:
    """Milliseconds from the click's message to the last one that answers it."""
    page.evaluate("window.sent.length = window.heard.length = 0")
    page.locator(f".st-key-go-{conversation_address(page)[-32:]} button").click()
    page.wait_for_function("window.sent.length && performance.now() - window.heard.at(-1) > 500")
    return float(page.evaluate("window.heard.at(-1) - window.sent[0]"))


def _drawing(number: int) -> FilePayload:
    return {"name": f"{number}.png", "mimeType": "image/png", "buffer": drawing_of(number)}


def main() -> int:
    """Run what the command line names; returns 1 where a limit was missed."""
    asked = argparse.ArgumentParser(prog="python -m tests.ui.pace")
    asked.add_argument("names", nargs="+", choices=["all", *BENCHES])
    asked.add_argument("--store", action="store_true")
    given = asked.parse_args()
    expect.set_options(timeout=60_000)
    results: dict[str, list[Measure]] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for name in BENCHES if "all" in given.names else given.names:
            with tempfile.TemporaryDirectory() as folder:
                results[f"page_{name}"] = BENCHES[name](browser, Path(folder))
    console = Console(width=200)
    console.print(table(results))
    console.print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    if given.store:
        stored = json.loads(STORED.read_text(encoding="utf-8"))
        stored |= {name: [measure.to_json() for measure in measures] for name, measures in results.items()}
        STORED.write_text(json.dumps(stored) + "\n", encoding="utf-8")
    return 0 if all(measure.passed for measures in results.values() for measure in measures) else 1


if __name__ == "__main__":
    raise SystemExit(main())
