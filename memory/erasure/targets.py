"""What can be erased."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["thread", "turn", "image", "memory", "user", "everything"]


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be erased.

    Attributes:
        kind: a conversation; one turn of it, in all its versions; a picture wherever it is; a memory; all of a user;
            all of everybody.
        id: the conversation's, also of a turn; the picture's digest, of its file in the image store or in the library;
            the memory's; the user's name. Empty for everything.
        turn: which, from 0.
    """

    kind: Kind
    id: str = ""
    turn: int = 0
