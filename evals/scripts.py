"""Playing a script with the whole agent: its turns in one conversation, what was done in each, and the record of it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.assistant import Assistant, Upload
from agent.events import Done, Failed, Planned, ToolFinished
from evals.formats import Sample, Turn
from evals.records import Record


@dataclass(frozen=True)
class Played:
    """What happened in one turn.

    Attributes:
        reply: the words.
        plans: every action that was planned, with its arguments.
        handles: the pictures that tools looked at, or, where none did, those that the reply rests on.
        steps: how many tool calls ran.
        error: a sentence where the turn failed.
    """

    reply: str
    plans: list[dict[str, Any]] = field(default_factory=list)
    handles: list[str] = field(default_factory=list)
    steps: int = 0
    usage: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""

    @property
    def action(self) -> str:
        """The first one planned; empty where it did not come to that."""
        return self.plans[0]["action"] if self.plans else ""


@dataclass(frozen=True)
class Judged:
    """A turn that was played: `faults` maps each fault that was looked for to whether it was found."""

    turn: Turn
    played: Played
    faults: dict[str, bool]

    @property
    def found(self) -> list[str]:
        """The faults that it has."""
        return [name for name, wrong in self.faults.items() if wrong]

    def to_json(self) -> dict[str, Any]:
        """For a record's details."""
        return {"said": self.turn.text, **vars(self.played), "faults": self.faults}


def begin(assistant: Assistant) -> str:
    """A new conversation of an assistant that remembers nothing: samples must not know of each other."""
    memories = assistant.home.memories
    memories.delete([memory.id for memory in memories.list()])
    return assistant.home.conversations.create().id


def play(assistant: Assistant, turns: Sequence[Turn]) -> list[Played]:
    """Say the turns in a new conversation, each with its pictures, and keep what came of them."""
    thread = begin(assistant)
    return [_turn(assistant, thread, turn) for turn in turns]


def record_of(sample: Sample, turns: Sequence[Judged], score: float, **details: Any) -> Record:
    """A script's record: its turns line by line, with their sums."""
    lines = [
        f"{number}. {' '.join([each.played.action, *each.played.handles])}: {each.played.reply}"
        + (f" ({', '.join(each.found)})" if each.found else "")
        for number, each in enumerate(turns, 1)
    ]
    usage = sum((Counter(each.played.usage) for each in turns), Counter[str]())
    return Record(
        id=sample.id,
        images=[hashlib.sha256(picture.read()).hexdigest() for picture in sample.images],
        prompt="\n".join(f"{number}. {each.turn.text}" for number, each in enumerate(turns, 1)),
        output="\n".join(lines),
        parsed="\n".join(lines),
        references=list(sample.references),
        score=score,
        group=sample.group,
        lang=sample.lang,
        kind=sample.kind,
        usage=dict(usage),
        seconds=round(sum(each.played.seconds for each in turns), 4),
        error=next((each.played.error for each in turns if each.played.error), ""),
        details={"turns": [each.to_json() for each in turns], **details},
    )


def _turn(assistant: Assistant, thread: str, turn: Turn) -> Played:
    plans: list[dict[str, Any]] = []
    looked: list[str] = []
    steps = 0
    uploads = [Upload(picture.read(), picture.name) for picture in turn.images]
    for event in assistant.ask(thread, turn.text, uploads):
        if isinstance(event, Planned):
            plans.append({"action": event.action, "arguments": event.arguments})
            looked += _pictures(event.arguments)
        elif isinstance(event, ToolFinished):
            steps += 1
        elif isinstance(event, Done):
            handles = list(dict.fromkeys(looked or event.citations))
            return Played(event.text, plans, handles, steps, event.usage, round(event.seconds, 4))
        elif isinstance(event, Failed):
            return Played(event.text, plans, list(dict.fromkeys(looked)), steps, error=event.message)
    raise RuntimeError("a turn ended without its last event")


def _pictures(arguments: dict[str, Any]) -> list[str]:
    """The handles among a tool's arguments."""
    return [*([arguments["image"]] if "image" in arguments else []), *arguments.get("images", [])]
