"""A turn as the page shows it, the same whether it is under way or was kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from agent.assistant import Exchange
from agent.events import Done, Event, Failed, ImageAdded, Planned, Token, ToolFinished, ToolProgress, ToolStarted
from memory.refs import ImageRef

State = Literal["waiting", "planned", "acting", "writing", "over", "interrupted"]


@dataclass
class Call:
    """A tool call; `seconds` is None while it runs."""

    tool: str
    arguments: dict[str, Any]
    probabilities: dict[str, float]
    text: str = ""
    seconds: float | None = None
    confidence: float | None = None
    evidence: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""

    @property
    def images(self) -> list[str]:
        """The handles that its arguments name."""
        named = self.arguments.get("images", self.arguments.get("image", []))
        return [named] if isinstance(named, str) else list(named)


@dataclass
class Shown:
    """A turn: what was said, what was done, what was answered, and how it went.

    Attributes:
        state: waiting for the plan; planned; acting (a tool runs); writing; over; interrupted (the process ended).
        seconds: of the whole turn, where it is known.
        error: code, message and hint where the turn failed.
    """

    words: str
    images: list[ImageRef] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    reply: str = ""
    state: State = "waiting"
    confidence: float | None = None
    citations: list[str] = field(default_factory=list)
    usage: dict[str, int] = field(default_factory=dict)
    seconds: float | None = None
    finish: str = ""
    error: dict[str, str] = field(default_factory=dict)


def kept(exchange: Exchange) -> Shown:
    """A turn of the conversation's history."""
    details = exchange.details
    names = ("tool", "arguments", "probabilities", "text", "seconds", "confidence", "evidence", "error")
    return Shown(
        words=exchange.words,
        images=exchange.images,
        calls=[Call(**{name: step[name] for name in names}) for step in details.get("steps", [])],
        reply=exchange.reply,
        state="over" if exchange.finished else "interrupted",
        confidence=details.get("confidence"),
        citations=details.get("citations", []),
        usage=details.get("usage", {}),
        seconds=details.get("seconds"),
        finish=details.get("finish", ""),
        error=details.get("error", {}),
    )


def live(words: str, events: Iterable[Event]) -> Shown:
    """A turn as far as its events have come."""
    shown = Shown(words)
    probabilities: dict[str, float] = {}
    for event in events:
        match event:
            case ImageAdded():
                shown.images.append(ImageRef.from_dict(event.image))
            case Planned():
                probabilities, shown.state = event.probabilities, "planned"
            case ToolStarted():
                shown.calls.append(Call(event.tool, event.arguments, probabilities))
                shown.state = "acting"
            case ToolProgress():
                shown.calls[-1].text += event.text
            case ToolFinished():
                call = shown.calls[-1]
                call.text, call.seconds, call.error = event.text, event.seconds, event.error
                call.confidence, call.evidence = event.confidence, event.evidence
                shown.state = "planned"
            case Token():
                shown.reply += event.text
                shown.state = "writing"
            case Done():
                shown.reply, shown.state, shown.seconds, shown.finish = event.text, "over", event.seconds, event.finish
                shown.confidence, shown.citations, shown.usage = event.confidence, event.citations, event.usage
            case Failed():
                shown.reply, shown.state = event.text, "over"
                shown.error = {"code": event.code, "message": event.message, "hint": event.hint}
    return shown
