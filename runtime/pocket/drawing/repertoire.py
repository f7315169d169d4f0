"""What the pocket generator can draw, asked without loading it."""

from __future__ import annotations

from runtime.pocket.drawing.concepts import concepts
from runtime.pocket.drawing.reading import read


def known(prompt: str) -> tuple[str, ...]:
    """The English names of the things among the prompt's words that it can draw."""
    scene, _ = read(prompt)
    return tuple(dict.fromkeys(item.name for item in scene.items)) if scene else ()


def nearest(prompt: str) -> dict[str, str]:
    """What it draws for words that name nothing it can draw, in each language; empty where they name all of it."""
    scene, _ = read(prompt)
    guessed = [item.name for item in scene.items if item.guessed] if scene else []
    if not guessed:
        return {}
    chinese = {concept.name: concept.chinese[0] for concept in concepts() if concept.chinese}
    return {"en": ", ".join(guessed), "zh": "、".join(chinese.get(name, name) for name in guessed)}


def count() -> int:
    """How many things it can draw."""
    return len(concepts())
