"""What the search tools say, and what a request for pictures asks to see."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from memory.names import plain_line

LINK = re.compile(r"\](?=[(\[:])")
WORD_JOINER = "\u2060"
LONGEST_LINE = 240
"""Characters."""

SUBSTANCE = re.compile(r"[^\W_]|[\u2600-\u27bf\U0001f000-\U0001faff]")
"""A letter, a digit or an emoji."""

LONGEST_REQUEST = 300
"""Characters; what is longer is a description and no request, and stays whole."""


def say(language: str, name: str, **values: object) -> str:
    """A sentence of search.toml, filled in."""
    return str(_texts()[language][name]).format(**values)


def line(text: str) -> str:
    """Somebody else's words as one line of Markdown in which no link hides where it leads."""
    return unlinked(plain_line(text, LONGEST_LINE))


def unlinked(text: str) -> str:
    """Markdown without links to elsewhere under other words: `[a](b)`, `[a][b]` and `[a]: b` stay as written."""
    return LINK.sub("]" + WORD_JOINER, text)


def subject(words: str) -> str:
    """What is to be found: the words without the likes of "find me pictures of", unless nothing else is there."""
    return without(words, _frames())


def without(words: str, frames: Sequence[re.Pattern[str]]) -> str:
    """The words without the frames around them, taken away until none is left, unless nothing else is there."""
    left = words.strip()
    if len(left) > LONGEST_REQUEST:
        return left
    while (shorter := _shortened(left, frames)) != left:
        left = shorter
    return left


def _shortened(words: str, frames: Sequence[re.Pattern[str]]) -> str:
    for frame in frames:
        taken = frame.sub("", words, count=1).strip()
        if taken != words and SUBSTANCE.search(taken):
            return taken
    return words


@cache
def _texts() -> dict[str, Any]:
    return tomllib.loads(files("tools").joinpath("search.toml").read_text(encoding="utf-8"))


@cache
def _frames() -> list[re.Pattern[str]]:
    frames = []
    for parts in _texts()["frame"].values():
        for position, form in (("before", r"\A(?:{})\s*"), ("after", r"\s*(?:{})\Z")):
            for pattern in parts[position]:
                whole = pattern.replace("{pictures}", parts["pictures"]).replace("{library}", parts["library"])
                frames.append(re.compile(form.format(whole), re.IGNORECASE))
    return frames
