"""What the pocket generator's training never sees, chosen by hash: some things in one style, some in some colours."""

from __future__ import annotations

import hashlib

from runtime.pocket.drawing.concepts import STYLES

PAIRS, COLOURS = 0.24, 0.2
"""Share of the things of which one style is held out, and of a thing's colours that are."""


def held_out_style(name: str) -> str | None:
    """The style in which this thing is held out, if it is in any."""
    share, choice = _numbers(name)
    return STYLES[choice % len(STYLES)] if share < PAIRS else None


def colour_held_out(name: str, colour: str) -> bool:
    """Whether this thing is never shown recoloured to this colour."""
    return _numbers(f"{name} / {colour}")[0] < COLOURS


def _numbers(text: str) -> tuple[float, int]:
    digest = hashlib.sha256(text.encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32, digest[4]
