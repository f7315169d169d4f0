"""What a turn tells whoever watches it. The terminal, the browser and the evaluations read the same stream.

    Planned → ToolStarted → (ToolProgress | Preview)… → ToolFinished → (Planned again) → Token… → Done | Failed

`Queued` comes wherever the turn waits for a model that others use.

Exactly one `Done` or `Failed` comes, and it comes last. `ImageAdded` comes first, once for each attached picture, and
between `ToolStarted` and `ToolFinished`, once for each picture that the tool brought into the conversation.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events."""

    def to_json(self) -> dict[str, Any]:
        """Plain values, with the event's name under "event"."""
        return {"event": type(self).__name__, **asdict(self)}


@dataclass(frozen=True, slots=True)
class ImageAdded(Event):
    """A picture joined the conversation. `image` is an `ImageRef` as a dict; `origin` is "user" or a tool's name."""

    image: dict[str, Any]
    origin: str = "user"


@dataclass(frozen=True, slots=True)
class Queued(Event):
    """Others use the model: so many are served before this turn goes on. 0 says that the wait is over."""

    ahead: int


@dataclass(frozen=True, slots=True)
class Planned(Event):
    """The agent chose. `probabilities` covers every action that the grammar allowed here, and sums to 1."""

    step: int
    action: str
    arguments: dict[str, Any]
    probabilities: dict[str, float]
    seconds: float


@dataclass(frozen=True, slots=True)
class ToolStarted(Event):
    """A tool begins."""

    step: int
    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ToolProgress(Event):
    """A piece of a tool's text, as it is made."""

    step: int
    tool: str
    text: str


@dataclass(frozen=True, slots=True)
class Preview(Event):
    """A picture is being drawn: `fraction` of it is done; `image` is what it looks like, as a small JPEG in base64.

    Where the model gives no preview, `image` is empty.
    """

    step: int
    tool: str
    fraction: float
    image: str = ""


@dataclass(frozen=True, slots=True)
class ToolFinished(Event):
    """A tool ended.

    `error` is a sentence where it failed; `evidence` holds boxes as fractions of the picture; `scores` says how near
    each of the `images` is that a search found; `sources` are the passages that the text quotes, best first; `drawn`
    says that the tool drew the `images`.
    """

    step: int
    tool: str
    seconds: float
    text: str
    trust: str
    evidence: list[dict[str, Any]] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    confidence: float | None = None
    error: str = ""
    scores: list[float] = field(default_factory=list)
    sources: list[dict[str, Any]] = field(default_factory=list)
    drawn: bool = False


@dataclass(frozen=True, slots=True)
class Token(Event):
    """A piece of the reply."""

    text: str


@dataclass(frozen=True, slots=True)
class Done(Event):
    """The reply is complete and saved.

    `confidence` is in [0, 1], or None where nothing was generated; `citations` are handles of the pictures that the
    reply rests on; `sources` are passages of documents, which the reply names by number, the first being [1]; `usage`
    counts tokens (input, output, image, cached); `finish` is stop, length or cancelled; `remembered` are the memories
    that were put before the model, each with its id, text, caption, told, origin, thread, the handle of its picture
    under "image", the `words` that it shares with the turn, and whether it is its picture that was `seen` to fit.
    """

    text: str
    confidence: float | None
    citations: list[str]
    usage: dict[str, int]
    seconds: float
    finish: str = "stop"
    sources: list[dict[str, Any]] = field(default_factory=list)
    remembered: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Failed(Event):
    """The turn ended without a whole reply; the conversation stays usable. What was written so far is in `text`."""

    code: str
    message: str
    hint: str
    text: str = ""
