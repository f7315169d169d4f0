"""`kill -9` at random points of mixed work: after each restart nothing acknowledged is lost, and nothing is left over.

A process works: turns, uploads, memories, drawings, indexing, deletions, erasures. It says what it is about to take
away and what it has done. It is killed a random while after a random word of it; then the data directory is opened and
held against what was said.
"""

from __future__ import annotations

import multiprocessing
import random
import tempfile
from contextlib import closing
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from agent.assistant import Assistant
from evals.bench.erasing import opened
from evals.bench.leftovers import leftovers
from evals.bench.populating import Filler
from evals.bench.report import Measure
from memory.erasure.erasing import erase
from memory.erasure.targets import Target
from runtime.settings import Settings

KILLS = 200
SEED = 20261123
MOST_WORDS = 6
"""Words of the worker that are waited for before it is killed."""
LONGEST = 0.15
"""Seconds that it may go on after the last of them."""

USER = "ann"
ACTS = ("turn", "turn", "upload", "memory", "picture memory", "drawing", "index", "delete", "erase image", "erase turn")

Word = tuple[str, str, Any]
"""What the worker says: that it "takes" something away, or what it has done, with a name and what belongs to it."""


@dataclass
class Ledger:
    """What was acknowledged: conversations with their questions, memories with their words, drawings."""

    threads: dict[str, list[str]] = field(default_factory=dict)
    memories: dict[str, str] = field(default_factory=dict)
    drawings: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)

    def take(self, word: Word) -> None:
        """Note what the worker said. What it is about to take away is not asked for any more."""
        act, name, what = word
        match act:
            case "turn":
                self.threads.setdefault(name, []).append(what)
            case "memory":
                self.memories[name] = what
            case "drawing":
                self.drawings.add(name)
            case "takes":
                self.threads.pop(name, None)
                self.memories = {memory: text for memory, text in self.memories.items() if memory not in what}
                self.drawings.discard(name)
            case "gone":
                self.gone.add(name)


def kills(settings: Settings) -> list[Measure]:
    """Kill it `KILLS` times, and count what was lost and what was left over."""
    lost, left, said, count = killed(settings, KILLS)
    note = f"{count} kills of mixed work, {said:,} acts acknowledged"
    return [
        Measure("killed", count, "times", "least", KILLS),
        Measure("lost", len(lost), "things", "most", 0, note),
        Measure("left_over", len(left), "things", "most", 0, "orphans and dangling references after a restart"),
    ]


def killed(settings: Settings, count: int, seed: int = SEED) -> tuple[list[str], list[str], int, int]:
    """What was lost, what was left over, how much was acknowledged, and how often it was killed."""
    chance, ledger = random.Random(seed), Ledger()  # noqa: S311 - no secret
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["agent.assembly", "chromadb", "memory.library.library", __name__])
    lost: list[str] = []
    left: list[str] = []
    said = 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            ours, theirs = processes.Pipe(duplex=False)
            worker = processes.Process(target=work, args=(settings, Path(folder), seed + number, theirs))
            worker.start()
            theirs.close()
            for _ in range(chance.randint(1, MOST_WORDS)):
                said += _heard(ours, ledger)
            worker.join(chance.uniform(0, LONGEST))
            worker.kill()
            worker.join()
            while ours.poll():  # what it had said by then
                try:
                    said += _heard(ours, ledger)
                except EOFError:
                    break
            with closing(opened(settings, Path(folder), USER)) as assistant:
                lost += _lost(assistant, ledger)
                left += leftovers(assistant, _filler(assistant, Path(folder), seed))
    return lost, left, said, count


def work(settings: Settings, folder: Path, seed: int, words: Connection) -> None:
    """Do one thing after another, and say so, until it is killed."""
    assistant = opened(settings, folder, USER)
    filler = _filler(assistant, folder, seed)
    while True:
        for word in _act(filler, filler.chance.choice(ACTS), assistant):
            words.send(word)


def _filler(assistant: Assistant, folder: Path, seed: int) -> Filler:
    return Filler(assistant, folder / "album", seed)


def _act(filler: Filler, act: str, assistant: Assistant) -> Any:
    home, chance = filler.home, filler.chance
    threads = home.conversations.list()
    pictures = sorted(home.images.stored())
    match act:
        case "turn" | "upload":
            thread = chance.choice(threads).id if threads and chance.random() < 0.7 else home.conversations.create().id
            filler.turn(thread, pictured=act == "upload")
            yield "turn", thread, assistant.history(thread)[-1].words
        case "memory" | "picture memory":
            memory = home.memories.get(filler.memory(pictured=act == "picture memory"))
            yield "memory", memory.id, memory.text
        case "drawing":
            yield "drawing", filler.drawing(), None
        case "index":
            filler.files(chance.randint(0, 2), 1)
            yield "indexed", "", None
        case "delete" if len(threads) > 3:
            thread = chance.choice(threads).id
            yield "takes", thread, []
            home.conversations.delete(thread)
            yield "gone", thread, None
        case "erase turn" if threads and (several := [thread for thread in threads if thread.turns > 1]):
            thread = chance.choice(several).id
            yield "takes", thread, []
            erase(home, Target("turn", thread, 0))
            for exchange in assistant.history(thread):
                yield "turn", thread, exchange.words
        case "erase image" if pictures:
            sha256 = chance.choice(pictures)
            yield "takes", sha256, [memory.id for memory in home.memories.list() if memory.sha256 == sha256]
            erase(home, Target("image", sha256))
            yield "gone", sha256, None


def _heard(words: Connection, ledger: Ledger) -> int:
    word: Word = words.recv()
    ledger.take(word)
    return word[0] != "takes"


def _lost(assistant: Assistant, ledger: Ledger) -> list[str]:
    """What was acknowledged and is not there, or was gone and is there again."""
    home, lost = assistant.home, []
    there = {thread.id for thread in home.conversations.list(limit=-1)}
    for thread, words in ledger.threads.items():
        asked = iter([exchange.words for exchange in assistant.history(thread)] if thread in there else [])
        if not all(question in asked for question in words):  # all of them, in their order
            lost.append(f"a turn of {thread}")
    memories = {memory.id: memory.text for memory in home.memories.list()}
    lost += [f"memory {name}" for name, text in ledger.memories.items() if memories.get(name) != text]
    drawn = {drawing.sha256 for drawing in home.drawings.list(limit=-1)}
    lost += [f"drawing {sha256}" for sha256 in ledger.drawings - drawn]
    lost += [f"{name} is back" for name in ledger.gone & (there | home.images.stored())]
    return lost
