"""The things that the pocket generator can draw, with their names in two languages, and the styles it draws in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

WEIGHTS = Path(__file__).parents[1] / "weights" / "generator"
FILE = "concepts.json"

STYLES = ("flat", "cartoon", "simple", "3d")
"""Fluent Emoji Flat, Noto Emoji, Twemoji and Fluent Emoji 3D."""

ONE_WAY = ("left", "right", "arrow", "clockwise", "back", "button", "o’clock", "mirror", "speech", "moon", "hundred")
"""Things with such a word in their name are other things when mirrored."""


@dataclass(frozen=True)
class Concept:
    """One thing. `keywords` are further words for it, the likeliest first; `chinese` holds its name and keywords."""

    name: str
    emoji: str
    keywords: tuple[str, ...]
    chinese: tuple[str, ...]
    symbol: bool

    @property
    def mirrors(self) -> bool:
        """Whether it is the same thing seen in a mirror."""
        return not self.symbol and not any(word in self.name for word in ONE_WAY)


def read(file: Path) -> tuple[Concept, ...]:
    """The concepts of a file, in the order of the bank's cells."""
    rows = json.loads(file.read_text(encoding="utf-8"))
    return tuple(
        Concept(row["name"], row["emoji"], tuple(row["keywords"]), tuple(row["chinese"]), bool(row.get("symbol")))
        for row in rows
    )


@lru_cache(maxsize=1)
def concepts() -> tuple[Concept, ...]:
    """All that the committed generator knows."""
    return read(WEIGHTS / FILE)
