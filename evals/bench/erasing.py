"""Invariant 6, measured: random erasures in a populated data directory, each followed by a scan of every byte."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from agent.assembly import open_assistant
from agent.assistant import Assistant
from evals.bench.house import SCRIPT
from evals.bench.populating import Filler
from evals.bench.report import Measure, median
from memory.erasure.targets import Target
from memory.erasure.verifying import Verdict, erase_and_verify
from memory.home import Home
from runtime.settings import Settings

ERASURES = 100
CONVERSATIONS = 12
MEMORIES = 8
DRAWINGS = 6
FILES = 16
SEED = 20261123

KINDS = ("thread", "turn", "image", "memory", "image")
"""What goes in turn; at the end, all of another user, and everything."""


def erasing(settings: Settings) -> list[Measure]:
    """What random erasures leave behind, and how long one takes; after each, as much is put in again."""
    verdicts = erased(settings, ERASURES)
    note = f"{len(verdicts)} erasures: conversations, turns, pictures, memories, a user, everything"
    sought = sum(each.texts + each.pictures + each.vectors for each in verdicts)
    return [
        Measure("hits", sum(len(each.hits) for each in verdicts), "files", "most", 0, note),
        Measure("present", min(each.present for each in verdicts), "fragments", "least", 1, "least before an erasure"),
        Measure("fragments", sought, "", note="looked for, all together"),
        Measure("erase_and_verify", median([each.seconds for each in verdicts]), "s", note="with both scans"),
    ]


def erased(settings: Settings, count: int, seed: int = SEED) -> list[Verdict]:
    """Fill a data directory, and erase one thing after another; the last two are a user, and everything."""
    with tempfile.TemporaryDirectory() as folder:
        with closing(opened(settings, Path(folder), "bob")) as assistant:
            _fill(Filler(assistant, Path(folder) / "album of bob", seed + 1))
        with closing(opened(settings, Path(folder), "ann")) as assistant:
            filler = Filler(assistant, Path(folder) / "album of ann", seed)
            _fill(filler)
            return [*_erasures(filler, count - 2), *_last(filler.home)]


def opened(settings: Settings, folder: Path, user: str) -> Assistant:
    """An assistant whose model answers at once, in a folder of its own."""
    script = folder / "script.toml"
    script.write_text(SCRIPT)
    fields = {"home": folder / "home", "user": user, "preset": "scripted", "script": script}
    return open_assistant(settings.model_copy(update={**fields, "vlm": None, "vlm_url": None}))


def _fill(filler: Filler) -> None:
    for _ in range(CONVERSATIONS):
        filler.conversation()
    for number in range(MEMORIES):
        filler.memory(pictured=number % 2 == 0)
    for _ in range(DRAWINGS):
        filler.drawing()
    filler.files(FILES, FILES // 4)


def _erasures(filler: Filler, count: int) -> Iterator[Verdict]:
    for number in range(count):
        target = _target(filler, KINDS[number % len(KINDS)])
        own_files, verdict = erase_and_verify(filler.home, target)
        yield verdict
        for path in own_files:
            path.unlink()
        _fill_again(filler, target, indexed=bool(own_files))


def _last(home: Home) -> Iterator[Verdict]:
    for target in (Target("user", "bob"), Target("everything")):
        yield erase_and_verify(home, target)[1]


def _target(filler: Filler, kind: str) -> Target:
    home, chance = filler.home, filler.chance
    threads = home.conversations.list()
    match kind:
        case "thread":
            return Target("thread", chance.choice(threads).id)
        case "turn":
            thread = chance.choice([thread for thread in threads if thread.turns > 1])
            return Target("turn", thread.id, chance.randrange(thread.turns))
        case "memory":
            return Target("memory", chance.choice(home.memories.list()).id)
    everything = [*home.images.stored(), *(picture.sha256 for picture in home.library.pictures())]
    return Target("image", chance.choice(sorted(everything)))


def _fill_again(filler: Filler, target: Target, *, indexed: bool) -> None:
    match target.kind:
        case "thread":
            filler.conversation()
        case "turn":
            filler.turn(target.id, pictured=True)
        case "memory":
            filler.memory(pictured=filler.chance.random() < 0.5)
        case "image" if indexed:
            filler.files(1, 0)
        case "image":
            filler.drawing()
