"""What the memory tools say, and what the words of a person who asks for them are about."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from tools.wording import line, without

if TYPE_CHECKING:
    from memory.memories.records import Memory

Purpose = Literal["remember", "recall", "forget"]

_CLAUSES = re.compile(r"\s*(?:[—–;:?!]|\.\s|,\s|--|[：；？！。，])\s*")
_PLACES = (("before", r"\A(?:{})\s*"), ("after", r"\s*(?:{})\Z"))


def say(language: str, name: str, **values: object) -> str:
    """A sentence of memory.toml, filled in."""
    return str(_texts()[language][name]).format(**values)


def about(purpose: Purpose, words: str) -> str:
    """What the words are about, without "remember that", "what did I tell you about" or "forget"."""
    return without(words, _frames(purpose))


def told(words: str) -> str:
    """What is to be kept; empty where the words say no more than that something is."""
    left = about("remember", words)
    return "" if _rule("remember", "bare").fullmatch(left) else left


def means(purpose: Purpose, rule: str, words: str) -> bool:
    """Whether the whole message, or what it is about, is what a rule of memory.toml describes."""
    return any(_rule(purpose, rule).fullmatch(text.strip(" .?!。？！")) for text in (words, about(purpose, words)))


def names(purpose: Purpose, rule: str, words: str) -> bool:
    """Whether a rule of memory.toml matches somewhere in the words."""
    return _rule(purpose, rule).search(words) is not None


def question_about_picture(words: str) -> str:
    """The part of a message that asks something of the picture that another part asks for; else empty."""
    parts = [part for part in _CLAUSES.split(words) if part.strip()]
    asking = [part for part in parts if not names("recall", "pictured", part) and means("recall", "question", part)]
    return asking[-1].strip() if len(parts) > len(asking) > 0 else ""


def shown(memory: Memory, language: str, handle: str = "") -> str:
    """A memory in one line: its words, what its picture shows, and since when it is known."""
    words = say(language, "fact", text=line(memory.text)) if memory.text else say(language, "bare")
    caption = say(language, "caption", caption=line(memory.caption)) if memory.caption else ""
    origin = {"asked": "told", "stated": "stated", "written": "written"}[memory.origin]
    since = say(language, origin, day=memory.told.astimezone().date().isoformat())
    parts = " · ".join(part for part in (words, caption, since) if part)
    return f"- {handle}: {parts}" if handle else f"- {parts}"


def listed(memories: Sequence[Memory], language: str) -> str:
    """Memories, a line each."""
    return "\n".join(shown(memory, language) for memory in memories)


@cache
def _texts() -> dict[str, Any]:
    return tomllib.loads(files("tools").joinpath("memory.toml").read_text(encoding="utf-8"))


@cache
def _rule(purpose: Purpose, rule: str) -> re.Pattern[str]:
    return re.compile(_texts()[purpose][rule], re.IGNORECASE | re.DOTALL)


@cache
def _frames(purpose: Purpose) -> list[re.Pattern[str]]:
    slots = {"{ago}": _texts()["recall"]["ago"], "{pictures}": _texts()["recall"]["pictures"]}
    frames = []
    for place, form in _PLACES:
        for pattern in _texts()[purpose][place]:
            for slot, meaning in slots.items():
                pattern = pattern.replace(slot, meaning)
            frames.append(re.compile(form.format(pattern), re.IGNORECASE))
    return frames
