"""What a conversation's checkpoint holds: words and references, never pixels (invariant 1)."""

from __future__ import annotations

import operator
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langgraph.graph import add_messages

from agent.language import Language
from agent.planner import Facts
from agent.summarising import Summary
from memory.provenance import Made
from memory.refs import ImageRef

if TYPE_CHECKING:
    from PIL import Image

MAX_TEXT = 2_000
"""Characters of a tool's text that a checkpoint keeps."""

MAX_EVIDENCE = 20
"""Boxes of a tool's evidence that a checkpoint keeps."""

MAX_SOURCES = 3
"""Passages of a tool's sources that a checkpoint keeps."""

MAX_PASSAGE = 900
"""Characters of such a passage."""


class Step(TypedDict):
    """A tool call that ran, as plain values, what is long being bounded. Where there are sources, `text` is empty."""

    tool: str
    arguments: dict[str, Any]
    probabilities: dict[str, float]
    seconds: float
    text: str
    trust: str
    evidence: list[dict[str, Any]]
    images: list[str]
    scores: list[float]
    sources: list[dict[str, Any]]
    confidence: float | None
    usage: dict[str, int]
    finish: str
    error: str
    drawn: bool
    untranslated: str


class State(TypedDict):
    """The graph's channels.

    Attributes:
        messages: the conversation's words; a user's message names its pictures in `additional_kwargs["images"]`,
            a reply keeps its steps and its confidence beside it.
        images: every picture of the conversation, as `ImageRef` dicts.
        steps: what ran in this turn.
        plan: the action chosen last, with its arguments and probabilities.
        summary: of the messages that are too many to be read again.
    """

    messages: Annotated[list[AnyMessage], add_messages]
    images: Annotated[list[dict[str, Any]], operator.add]
    steps: list[Step]
    plan: dict[str, Any]
    summary: Summary


@dataclass
class Turn:
    """What lives only while a turn runs, and is never saved.

    Attributes:
        words: what the user said.
        language: of the reply.
        images: live pictures of the conversation by handle, oldest first.
        new: handles attached in this turn.
        cancel: ends the turn when set: by the person, or by the clock.
        calls: how many tools it may run.
        store: puts a picture's file away, given its bytes, handle and name.
        put_drawing: puts a picture away that was drawn, given how it was made and its handle.
        put_again: takes a picture that is kept already, given its digest, handle and name.
        thread: the conversation.
        sampling: what the model is told of temperature and seed, where not what the settings say.
        kept: pictures that tools brought into the conversation in this turn, as `ImageRef` dicts.
        remembered: memories that bear on the words, as `Done.remembered` tells them.
        spoken: the reply so far.
    """

    words: str
    language: Language
    images: dict[str, ImageRef]
    new: list[str]
    cancel: threading.Event
    calls: int
    store: Callable[[bytes, str, str], ImageRef]
    put_drawing: Callable[[Image.Image, Made, str], ImageRef]
    put_again: Callable[[str, str, str], ImageRef]
    thread: str
    sampling: Mapping[str, Any] = field(default_factory=dict)
    kept: list[dict[str, Any]] = field(default_factory=list)
    started: float = field(default_factory=time.perf_counter)
    remembered: list[dict[str, Any]] = field(default_factory=list)
    spoken: list[str] = field(default_factory=list)
    timed_out: bool = False

    def facts(self, state: State) -> Facts:
        """What the planner may know: the user's own words and the names of things."""
        earlier = [str(m.text) for m in state["messages"] if isinstance(m, HumanMessage)][:-1]
        found, focus = found_pictures(state["messages"], state["steps"])
        return Facts(
            words=self.words,
            language=self.language,
            handles=list(self.images),
            new=self.new,
            earlier=[words for words in earlier if words],
            done=[(step["tool"], step["arguments"]) for step in state["steps"]],
            calls_left=self.calls - len(state["steps"]),
            found=found,
            focus=focus,
        )

    def keep(self, known: Sequence[dict[str, Any]], data: bytes, name: str) -> tuple[ImageRef, bool]:
        """Bring a found picture into the conversation, whose pictures so far are `known`; and whether it is new there.

        Raises:
            ImageRejected, DiskFull, SetupError
        """
        return self._bring(known, lambda handle: self.store(data, handle, name))

    def draw(self, known: Sequence[dict[str, Any]], image: Image.Image, made: Made) -> tuple[ImageRef, bool]:
        """Bring a drawn picture into the conversation, as `keep` does a found one.

        Raises:
            DiskFull, SetupError
        """
        return self._bring(known, lambda handle: self.put_drawing(image, made, handle))

    def bring(self, known: Sequence[dict[str, Any]], sha256: str, name: str) -> tuple[ImageRef, bool]:
        """Bring a picture that is kept already into the conversation, as `keep` does a found one.

        Raises:
            ImageMissing
        """
        return self._bring(known, lambda handle: self.put_again(sha256, handle, name))

    def _bring(self, known: Sequence[dict[str, Any]], put: Callable[[str], ImageRef]) -> tuple[ImageRef, bool]:
        earlier = [*known, *self.kept]
        number = len({ref["handle"] for ref in earlier}) + 1
        ref = put(f"img{number}")
        same = next((other for other in earlier if other["sha256"] == ref.sha256), None)
        if same is None:
            self.kept.append(ref.to_dict())
        else:
            ref = ImageRef.from_dict(same)
        self.images[ref.handle] = ref
        return ref, same is None

    def expire(self) -> None:
        """Called by the clock when the turn's time is over."""
        self.timed_out = True
        self.cancel.set()

    @property
    def text(self) -> str:
        """The reply so far."""
        return "".join(self.spoken).strip()

    @property
    def seconds(self) -> float:
        """Since the turn began."""
        return time.perf_counter() - self.started


def found_pictures(messages: Sequence[AnyMessage], steps: Sequence[Step]) -> tuple[list[str], list[str]]:
    """What the last search found, best first, or what was drawn, and which of them is spoken of since.

    Nothing after an upload. Several pictures drawn at once are a group of their own; a single one joins those before it
    and is the one spoken of.
    """
    found: list[str] = []
    focus: list[str] = []
    for message in [*messages, AIMessage("", additional_kwargs={"steps": steps})]:
        if message.additional_kwargs.get("images"):
            found, focus = [], []
        for step in message.additional_kwargs.get("steps", []):
            if step.get("drawn") and len(step["images"]) == 1:
                found, focus = list(dict.fromkeys([*found, *step["images"]])), step["images"]
            elif brought(step):
                found, focus = step["images"], []
            elif found and step["images"]:
                focus = step["images"]
    return found, focus


def turn_number(state: State) -> int:
    """Which turn of the conversation is under way, from 0."""
    return sum(isinstance(message, HumanMessage) for message in state["messages"]) - 1


def brought(step: Step) -> bool:
    """Whether a call brought its pictures into the conversation: found or drew them, and did not just look at them."""
    return bool(step.get("scores") or step.get("drawn"))  # steps of older conversations have neither


def quoted_sources(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """The passages that a turn's tools quoted; a reply names them by number, the first being 1."""
    return [source for step in steps for source in step.get("sources", [])]
