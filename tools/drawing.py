"""What the drawing tools say, and the words that they know: drawing.toml, read once."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


def say(language: str, name: str, **values: object) -> str:
    """A sentence of drawing.toml, filled in."""
    return str(data()[language][name]).format(**values)


@cache
def data() -> dict[str, Any]:
    """All of drawing.toml."""
    return tomllib.loads(files("tools").joinpath("drawing.toml").read_text(encoding="utf-8"))


@cache
def rules(*path: str, form: str = "{}") -> tuple[re.Pattern[str], ...]:
    """The regular expressions at a place in the file, each put into `form`, with their slots filled."""
    patterns = data()
    for name in path:
        patterns = patterns[name]
    return tuple(re.compile(form.format(_filled(pattern)), re.IGNORECASE) for pattern in patterns)


@cache
def numbers() -> dict[str, int]:
    """What a word counts."""
    words = data()["count"]["numbers"]
    counted = {word: number for language in ("en", "zh") for number, word in enumerate(words[language], 1)}
    return {**counted, **dict(words["more"])}


def _filled(pattern: str) -> str:
    """A pattern in which slots, such as {number}, stand for what they mean."""
    for slot, meaning in _slots().items():
        pattern = pattern.replace("{" + slot + "}", meaning)
    return pattern


@cache
def _slots() -> dict[str, str]:
    words = "|".join([*numbers(), r"\d{1,6}"])
    return {
        "number": f"(?P<n>{words})",
        "flat": data()["count"]["flat"],
        "it": r"(?:\bit\b|它)",
        "styles": data()["change"]["styles"],
    }
