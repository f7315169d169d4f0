"""A turn as the page shows it, the same whether it is under way or was kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from agent.events import (
    Done,
    Event,
    Failed,
    ImageAdded,
    Planned,
    Preview,
    Queued,
    Token,
    ToolFinished,
    ToolProgress,
    ToolStarted,
)
from agent.exchange import Exchange
from memory.refs import ImageRef
from ui.drawn import DRAWING

State = Literal["waiting", "planned", "acting", "writing", "over", "interrupted"]


@dataclass
class Call:
    """A tool call.

    Attributes:
        seconds: None while it runs.
        found: how near each picture is that a search found, by handle, the nearest first.
        sources: the passages that it quotes, the best first.
        drawn: the pictures that it drew, by handle.
        fraction: how much of the drawing is done, while it is drawn.
        preview: what the picture looks like so far: a small JPEG in base64, or nothing.
    """

    tool: str
    arguments: dict[str, Any]
    probabilities: dict[str, float]
    text: str = ""
    seconds: float | None = None
    confidence: float | None = None
    evidence: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""
    found: dict[str, float] = field(default_factory=dict)
    sources: list[dict[str, Any]] = field(default_factory=list)
    drawn: list[str] = field(default_factory=list)
    fraction: float = 0.0
    preview: str = ""

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
        found: the pictures that searches and drawing brought into the conversation, by handle.
        remembered: the memories that the reply knew of, as `Done` tells them.
        ahead: how many others are served before it goes on.
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
    found: dict[str, ImageRef] = field(default_factory=dict)
    remembered: list[dict[str, Any]] = field(default_factory=list)
    ahead: int = 0

    @property
    def sources(self) -> list[dict[str, Any]]:
        """The passages that the reply names by number, the first being [1]."""
        return [source for call in self.calls for source in call.sources]


def kept(exchange: Exchange) -> Shown:
    """A turn of the conversation's history."""
    details = exchange.details
    names = ("tool", "arguments", "probabilities", "text", "seconds", "confidence", "evidence", "error")
    return Shown(
        words=exchange.words,
        images=exchange.images,
        calls=[
            Call(
                **{name: step[name] for name in names},
                found=_found(step["images"], step.get("scores", [])),  # steps of older conversations lack these
                sources=step.get("sources", []),
                drawn=step["images"] if step.get("drawn") else [],
            )
            for step in details.get("steps", [])
        ],
        reply=exchange.reply,
        state="over" if exchange.finished else "interrupted",
        confidence=details.get("confidence"),
        citations=details.get("citations", []),
        usage=details.get("usage", {}),
        seconds=details.get("seconds"),
        finish=details.get("finish", ""),
        error=details.get("error", {}),
        found=exchange.found,
        remembered=details.get("remembered", []),
    )


def live(words: str, events: Iterable[Event]) -> Shown:
    """A turn as far as its events have come."""
    shown = Shown(words)
    probabilities: dict[str, float] = {}
    for event in events:
        shown.ahead = event.ahead if isinstance(event, Queued) else 0
        match event:
            case ImageAdded(origin="user"):
                shown.images.append(ImageRef.from_dict(event.image))
            case ImageAdded():
                ref = ImageRef.from_dict(event.image)
                shown.found[ref.handle] = ref
                if event.origin in DRAWING:
                    shown.calls[-1].drawn.append(ref.handle)
            case Planned():
                probabilities, shown.state = event.probabilities, "planned"
            case ToolStarted():
                shown.calls.append(Call(event.tool, event.arguments, probabilities))
                shown.state = "acting"
            case ToolProgress():
                shown.calls[-1].text += event.text
            case Preview():
                call = shown.calls[-1]
                call.fraction, call.preview = event.fraction, event.image or call.preview
            case ToolFinished():
                call = shown.calls[-1]
                call.text, call.seconds, call.error = event.text, event.seconds, event.error
                call.confidence, call.evidence = event.confidence, event.evidence
                call.found, call.sources = _found(event.images, event.scores), event.sources
                call.drawn = event.images if event.drawn else []
                shown.state = "planned"
            case Token():
                shown.reply += event.text
                shown.state = "writing"
            case Done():
                shown.reply, shown.state, shown.seconds, shown.finish = event.text, "over", event.seconds, event.finish
                shown.confidence, shown.citations, shown.usage = event.confidence, event.citations, event.usage
                shown.remembered = event.remembered
            case Failed():
                shown.reply, shown.state = event.text, "over"
                shown.error = {"code": event.code, "message": event.message, "hint": event.hint}
    return shown


def _found(images: list[str], scores: list[float]) -> dict[str, float]:
    """Only found pictures have scores; those that were looked at have none."""
    return dict(zip(images, scores, strict=True)) if scores else {}
