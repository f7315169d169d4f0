"""A conversation of many turns and pictures: what memory it leaves behind in the process that answers."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from agent.assembly import open_assistant
from agent.assistant import Assistant, Upload
from agent.events import Done
from evals.bench.report import Measure, median
from evals.bench.serving import picture
from evals.subjects import linked_home
from runtime.hardware import rss
from runtime.settings import Settings

TURNS = 200
PICTURES = 50
WARM = 60
"""Turns before memory is looked at: by then all is loaded, what is kept for reuse is full, and the conversation is
longer than what of it is read again."""
LAST = 10
"""Turns whose median is what memory is, at each of the two ends."""


def endurance(settings: Settings, turns: int = TURNS, pictures: int = PICTURES) -> list[Measure]:
    """Resident memory of this process over so many turns of one conversation."""
    with tempfile.TemporaryDirectory() as folder:
        home = linked_home(settings, Path(folder))
        with closing(open_assistant(settings.model_copy(update={"home": home}))) as assistant:
            sizes = list(_sizes(assistant, turns, turns // pictures))
    return growth(sizes, f"{turns} turns, {pictures} pictures, the assistant alone")


def growth(sizes: list[int], note: str) -> list[Measure]:
    """Bytes after each turn, as measures: at the end beside after the warm-up."""
    warm, end = median(sizes[WARM : WARM + LAST]), median(sizes[-LAST:])
    return [
        Measure("memory_warm", warm / 2**20, "MiB", note=f"after {WARM} turns"),
        Measure("memory_end", end / 2**20, "MiB"),
        Measure("memory_growth", 100 * (end / warm - 1), "%", "most", 5, note),
    ]


def _sizes(assistant: Assistant, turns: int, every: int) -> Iterator[int]:
    thread = assistant.home.conversations.create().id
    for number in range(turns):
        uploads = [] if number % every else [Upload(drawing_of(number), f"{number}.png")]
        end = list(assistant.ask(thread, f"And what is there to say about number {number}?", uploads))[-1]
        if not isinstance(end, Done):
            raise RuntimeError(f"a turn did not end well: {end}")  # noqa: TRY004
        yield rss()


def drawing_of(number: int) -> bytes:
    """A PNG unlike those of other numbers."""
    image = picture(640)
    image.putpixel((number, 0), (0, 0, 0))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
