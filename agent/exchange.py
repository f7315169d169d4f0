"""A conversation's turns as they are kept, for display."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import HumanMessage

from agent.state import State, brought, quoted_sources
from memory.refs import ImageRef


@dataclass(frozen=True)
class Exchange:
    """A turn as it is kept.

    Attributes:
        words: what the person said.
        images: the pictures that came with it.
        reply: what was answered, so far as it came.
        details: steps, confidence, citations, sources, usage, finish; `error` (code, message, hint) where it failed.
        finished: False where the process ended in the middle of the turn.
        found: the pictures that searches found, that were drawn and that were remembered, by their handles.
        id: of the reply's message, which no other turn or branch has; empty where there is none.
    """

    words: str
    images: list[ImageRef]
    reply: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    finished: bool = False
    found: dict[str, ImageRef] = field(default_factory=dict)
    id: str = ""


def exchanges(state: State) -> list[Exchange]:
    """The turns of a conversation, oldest first."""
    refs = {image["handle"]: ImageRef.from_dict(image) for image in state["images"]}
    turns: list[Exchange] = []
    for message in state["messages"]:
        if isinstance(message, HumanMessage):
            images = [ImageRef.from_dict(image) for image in message.additional_kwargs["images"]]
            turns.append(Exchange(str(message.text), images))
        else:
            asked, kept = turns.pop(), message.additional_kwargs
            steps = kept.get("steps", [])
            details = {**kept, "sources": quoted_sources(steps)}
            found = {handle: refs[handle] for step in steps if brought(step) for handle in step["images"]}
            recalled = [memory["image"] for memory in kept.get("remembered", []) if memory["image"] in refs]
            found |= {handle: refs[handle] for handle in recalled}
            turns.append(Exchange(asked.words, asked.images, str(message.text), details, True, found, message.id or ""))
    return turns
