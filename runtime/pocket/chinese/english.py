"""The dictionary from English: what Chinese calls a thing, how it counts it, and all forms of an English verb."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from runtime.pocket.chinese.lexicon import entries
from runtime.pocket.chinese.phrase import UNCOUNTED, is_plural, plural

COLOUR = re.compile(r"[红橙黄绿蓝紫棕黑白灰粉金银]|[深浅]蓝|黑白")
NOUNS = ("living", "body", "noun", "place", "time")


@dataclass(frozen=True, slots=True)
class Word:
    """A Chinese word for an English one. `group`: the dictionary's file, or "" for a preferred word."""

    kind: str
    chinese: str
    group: str = ""

    @property
    def by_itself(self) -> str:
        """The word where no noun follows: a colour is then called one."""
        return self.chinese + "色" if COLOUR.fullmatch(self.chinese) else self.chinese

    @property
    def measure(self) -> str:
        """What Chinese counts it with."""
        for measure, endings in replies()["measures"].items():
            if re.search(endings, self.chinese):
                return str(measure)
        return "只" if self.group == "animals" else "个"


@cache
def replies() -> dict[str, Any]:
    """replies.toml."""
    return tomllib.loads((Path(__file__).parent / "replies.toml").read_text(encoding="utf-8"))


@cache
def english_words() -> dict[str, tuple[Word, ...]]:
    """All English words and phrases, in every form, with their Chinese; the everyday word of each kind."""
    found: dict[str, dict[str, Word]] = {}
    groups = {sense.english.rstrip(UNCOUNTED): file for file, sense, _ in entries() if sense.kind in NOUNS}
    for kind, table in (("noun", "nouns"), ("adjective", "adjectives"), ("verb", "verbs")):
        for english, chinese in replies()[table].items():
            group = groups.get(english, "") if kind == "noun" else ""
            for form in _forms(english, kind):
                found.setdefault(form, {}).setdefault(kind, Word(kind, chinese, group))
    for file, sense, chinese_words in entries():
        kind = "noun" if sense.kind in NOUNS else sense.kind
        if kind in ("noun", "adjective", "verb") and "…" not in sense.english:
            for form in _forms(sense.english.rstrip(UNCOUNTED), kind):
                found.setdefault(form, {}).setdefault(kind, Word(kind, chinese_words[0], file))
    return {form: tuple(words.values()) for form, words in found.items()}


def _forms(english: str, kind: str) -> Iterator[str]:
    yield english
    if kind == "noun":
        yield plural(english) if not is_plural(english) else english.removesuffix("s")
    if kind == "verb":
        verb, space, rest = english.partition(" ")
        if verb.endswith("ing"):
            rest = re.sub(r"\b(?:an?|the) ", "", rest)
            yield from (form + space + rest for form in (verb, *_finite(verb.removesuffix("ing"))))


def _finite(stem: str) -> Iterator[str]:
    """The forms of the present that the stem of an "-ing" may have, of which one is right."""
    undoubled = stem[:-1] if re.search(r"([^aeiouls])\1$", stem) else stem
    for base in dict.fromkeys((stem, undoubled, stem + "e")):
        yield from (base, base + "s", base + "es")
