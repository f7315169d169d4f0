"""What the pocket generator can draw, asked without loading it."""

from __future__ import annotations

from runtime.pocket.drawing.concepts import concepts
from runtime.pocket.drawing.reading import read


def known(prompt: str) -> tuple[str, ...]:
    """The English names of the things among the prompt's words that it can draw."""
    scene, _ = read(prompt)
    return tuple(dict.fromkeys(item.name for item in scene.items)) if scene else ()


def count() -> int:
    """How many things it can draw."""
    return len(concepts())
