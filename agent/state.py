"""What a conversation's checkpoint holds: words and references, never pixels (invariant 1)."""

from __future__ import annotations

import operator
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypedDict

from langchain_core.messages import AnyMessage, HumanMessage
from langgraph.graph import add_messages

from agent.language import Language
from agent.planner import Facts
from memory.refs import ImageRef

MAX_TEXT = 2_000
"""Characters of a tool's text that a checkpoint keeps."""

MAX_EVIDENCE = 20
"""Boxes of a tool's evidence that a checkpoint keeps."""


class Step(TypedDict):
    """A tool call that ran, as plain values; `text` and `evidence` are bounded."""

    tool: str
    arguments: dict[str, Any]
    probabilities: dict[str, float]
    seconds: float
    text: str
    trust: str
    evidence: list[dict[str, Any]]
    images: list[str]
    confidence: float | None
    usage: dict[str, int]
    finish: str
    error: str


class State(TypedDict):
    """The graph's channels.

    Attributes:
        messages: the conversation's words; a user's message names its pictures in `additional_kwargs["images"]`,
            a reply keeps its steps and its confidence beside it.
        images: every picture of the conversation, as `ImageRef` dicts.
        steps: what ran in this turn.
        plan: the action chosen last, with its arguments and probabilities.
    """

    messages: Annotated[list[AnyMessage], add_messages]
    images: Annotated[list[dict[str, Any]], operator.add]
    steps: list[Step]
    plan: dict[str, Any]


@dataclass
class Turn:
    """What lives only while a turn runs, and is never saved.

    Attributes:
        words: what the user said.
        language: of the reply.
        images: live pictures of the conversation by handle, oldest first.
        new: handles attached in this turn.
        cancel: ends the turn when set: by the person, or by the clock.
        spoken: the reply so far.
    """

    words: str
    language: Language
    images: Mapping[str, ImageRef]
    new: list[str]
    cancel: threading.Event
    calls: int
    started: float = field(default_factory=time.perf_counter)
    spoken: list[str] = field(default_factory=list)
    timed_out: bool = False

    def facts(self, state: State) -> Facts:
        """What the planner may know: the user's own words and the names of things."""
        earlier = [str(m.text) for m in state["messages"] if isinstance(m, HumanMessage)][:-1]
        return Facts(
            words=self.words,
            language=self.language,
            handles=list(self.images),
            new=self.new,
            earlier=[words for words in earlier if words],
            done=[(step["tool"], step["arguments"]) for step in state["steps"]],
            calls_left=self.calls - len(state["steps"]),
        )

    def expire(self) -> None:
        """Called by the clock when the turn's time is over."""
        self.timed_out = True
        self.cancel.set()

    @property
    def seconds(self) -> float:
        """Since the turn began."""
        return time.perf_counter() - self.started
