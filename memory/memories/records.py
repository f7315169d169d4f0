"""A memory, and a memory that was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from datetime import datetime

Kind = Literal["fact", "picture"]
Origin = Literal["asked", "stated", "written"]
"""The person asked for it in a conversation, said it there without asking, or wrote it down outside any."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Something that the user told or showed.

    Attributes:
        id: 32 hex digits.
        kind: a fact, or a picture.
        text: the user's own words; may be empty for a picture.
        sha256: of the picture's file in the image store; empty for a fact.
        caption: our own description of the picture, which is not the user's word.
        origin: how it came to be kept.
        thread: the conversation that it was told in; empty outside any, and where that is deleted.
        turn: the turn there, from 0.
        told: when, in UTC.
    """

    id: str
    kind: Kind
    text: str
    sha256: str
    caption: str
    origin: Origin
    thread: str
    turn: int
    told: datetime

    def to_json(self) -> dict[str, Any]:
        """Plain values only."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return fields | {"told": self.told.isoformat(timespec="seconds")}


@dataclass(frozen=True, slots=True)
class Hit:
    """A memory that bears on something.

    Attributes:
        memory: which.
        score: how much, comparable within one search and against `Recall.ENOUGH`.
        words: what both texts name, where they share words.
        seen: whether it is the picture itself that fits.
    """

    memory: Memory
    score: float
    words: tuple[str, ...] = ()
    seen: bool = False
