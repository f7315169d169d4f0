"""What conversations cost: the bytes that a turn adds, and the time to list and to open one among thousands."""

from __future__ import annotations

import io
import time
from collections.abc import Callable

from agent.archives import import_thread
from agent.assistant import Assistant
from evals.bench.house import scripted
from evals.bench.report import Measure, median
from runtime.settings import Settings

THREADS = 5_000
TURNS = 10
"""Of each of them."""
LISTED = 41
"""As many as the page asks for at first."""

LONG = 1_000
"""Turns of the conversation whose growth is measured."""
MEASURED = 50
"""Turns that a size is taken over; the file grows by whole pages."""


def growth(settings: Settings) -> list[Measure]:
    """How many bytes a turn without pictures adds to the file, early in a conversation and late."""
    with scripted(settings) as assistant:
        thread = assistant.home.conversations.create().id
        sizes = {}
        for number in range(LONG):
            if number in (10, 10 + MEASURED, LONG - MEASURED):
                sizes[number] = _stored(assistant)
            list(assistant.ask(thread, f"And what is number {number}?"))
        sizes[LONG] = _stored(assistant)
    early = (sizes[10 + MEASURED] - sizes[10]) / MEASURED
    late = (sizes[LONG] - sizes[LONG - MEASURED]) / MEASURED
    return [
        Measure("turn_10", early / 1024, "KB a turn", "most", 8, "words alone, what the file grows by from turn 10 on"),
        Measure(f"turn_{LONG}", late / 1024, "KB a turn", "most", 8, f"the same up to turn {LONG}"),
    ]


def threads(settings: Settings) -> list[Measure]:
    """Time to list, to open and to search among thousands of conversations."""
    with scripted(settings) as assistant:
        conversations = assistant.home.conversations
        thread = conversations.create().id
        for number in range(TURNS):
            list(assistant.ask(thread, f"And what is number {number}?"))
        archive = io.BytesIO()
        conversations.export(thread, archive)
        with conversations.saver.cursor():  # one transaction for all
            ids = [import_thread(assistant.home, archive).id for _ in range(THREADS - 1)]
        opened = [_seconds(lambda name=name: assistant.history(name)) for name in ids[:: THREADS // 50]]  # type: ignore[misc]
        listed = [_seconds(lambda: conversations.list(limit=LISTED)) for _ in range(50)]
        everything = [_seconds(lambda: conversations.list(limit=THREADS)) for _ in range(20)]
        first = _seconds(lambda: conversations.search("number"))
        searched = [_seconds(lambda: conversations.search("number seven")) for _ in range(20)]
    note = f"{THREADS:,} conversations of {TURNS} turns"
    return [
        Measure("list_page", 1000 * median(listed), "ms", "", None, f"{LISTED} of {note}"),
        Measure("list_all", 1000 * median(everything), "ms", "most", 100, f"all of {note}"),
        Measure("open", 1000 * max(opened), "ms", "most", 150, f"the slowest of 50, {note}"),
        Measure("first_search", first, "s", "", None, f"which indexes all of {note}"),
        Measure("search", 1000 * median(searched), "ms", "", None, note),
    ]


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _stored(assistant: Assistant) -> int:
    """Bytes of the conversations' file."""
    assistant.home.conversations.saver.fold_log()
    return (assistant.home.root / "threads.sqlite").stat().st_size
