"""What a person says of themselves in passing: statements in the first person, told by rule, not by a model.

Only what the person typed is read here, so no text from a picture, a document or a tool can be learned.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, get_args

from agent.language import Language, language_of

if TYPE_CHECKING:
    from memory.memories.records import Memory
    from memory.memories.store import Memories

SHORTEST, LONGEST = 4, 200
"""Characters of a statement: what is shorter says too little, and what is longer is a text and not a statement."""

MOST = 3
"""Statements that are learned from one message."""

_SENTENCE = re.compile(r"[^.!?。！？\n]*(?:\.(?=\S)[^.!?。！？\n]*)*[.!?。！？\n]*")
_EDGES = " \t\r\n.,;!。，；！~"


def statements(words: str) -> list[str]:
    """The sentences that say something lasting of who says them, word for word, at most `MOST`."""
    found = []
    for sentence in _SENTENCE.findall(words):
        said = sentence.strip(_EDGES)
        rules = _rules()[language_of(said)]
        fits = SHORTEST <= len(said) <= LONGEST and not rules["never"].search(sentence)
        if fits and rules["statements"].fullmatch(said):
            found.append(said)
    return found[:MOST]


def learn(memories: Memories, words: str, thread: str, turn: int) -> list[Memory]:
    """Keep what the words state, and return what was not known before."""
    learned = []
    for statement in statements(words):
        before = memories.count()
        memory = memories.add(statement, origin="stated", thread=thread, turn=turn)
        if memories.count() > before:
            learned.append(memory)
    return learned


@cache
def _rules() -> dict[Language, dict[str, re.Pattern[str]]]:
    data = tomllib.loads(files("agent").joinpath("learning.toml").read_text(encoding="utf-8"))
    languages: tuple[Language, ...] = get_args(Language)
    return {
        language: {
            "statements": re.compile("|".join(f"(?:{rule})" for rule in data[language]["statements"]), re.IGNORECASE),
            "never": re.compile(data[language]["never"], re.IGNORECASE),
        }
        for language in languages
    }
