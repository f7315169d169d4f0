"""What a drawing shows: things with their colours and numbers, how they stand together, and the style."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from runtime.pocket.drawing.colours import COLOURS

NUMBERS = ("no", "a", "two", "three", "four", "five")
MOST = len(NUMBERS) - 1

STYLED = {"flat": "a flat icon of", "cartoon": "a cartoon of", "simple": "a simple icon of", "3d": "a 3d icon of"}
"""Style to what a caption begins with."""


@dataclass(frozen=True)
class Item:
    """So many of a thing. `colour` is one of `COLOURS`; None: its own. `guessed`: no words named just this thing."""

    name: str
    colour: str | None = None
    count: int = 1
    guessed: bool = False

    @property
    def phrase(self) -> str:
        """In words, such as "two green apples"."""
        name = f"{self.colour} {uncoloured(self.name)}" if self.colour else self.name
        if self.count > 1:
            return f"{NUMBERS[self.count]} {plural(name)}"
        return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


@dataclass(frozen=True)
class Scene:
    """One item or two. `relation`: side by side, or the second, smaller, worn or held by the first."""

    items: tuple[Item, ...]
    style: str = "flat"
    relation: Literal["and", "with"] = "and"

    @property
    def caption(self) -> str:
        """What the model reads."""
        return f"{STYLED[self.style]} {f' {self.relation} '.join(item.phrase for item in self.items)}"


def uncoloured(name: str) -> str:
    """The name of a thing without the colours in it: "red apple" is an apple."""
    words = [word for word in name.split() if word not in COLOURS]
    return " ".join(words) or name


def plural(name: str) -> str:
    """Of an English noun or of a phrase whose last word is one."""
    if name.endswith("s"):
        return name
    if re.search(r"(ch|sh|x|z)$", name):
        return f"{name}es"
    if re.search(r"[^aeiou]y$", name):
        return f"{name[:-1]}ies"
    return f"{name}s"
