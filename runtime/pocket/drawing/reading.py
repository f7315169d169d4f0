"""From a prompt, in English or Chinese, to the scene that it asks for: by names and rules, no model."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from runtime.pocket.chinese import CHINESE, to_english
from runtime.pocket.drawing.colours import COLOURS
from runtime.pocket.drawing.concepts import concepts
from runtime.pocket.drawing.scene import MOST, Item, Scene, plural, uncoloured

LONGEST = 6
"""Words of a name."""

RARE = 4
"""Things that a keyword may stand for at most; what stands for more is no name."""

WORD = re.compile(r"[a-z0-9][a-z0-9'!-]*|[^\x00-\u2000\u3000-\ufe0f\uff00-\uffef]+")
"""A word, or emoji."""


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class _Index:
    """Words to names of things: names and words that stand for one, keywords, and Chinese names and keywords.

    `heads` are those of `names` that are the last word of longer ones: a machine may be a fax machine, or another.
    """

    names: dict[str, str] = field(default_factory=dict)
    heads: set[str] = field(default_factory=set)
    keywords: dict[str, str] = field(default_factory=dict)
    chinese: dict[str, str] = field(default_factory=dict)
    chinese_keywords: dict[str, str] = field(default_factory=dict)


@lru_cache(maxsize=1)
def _index() -> _Index:
    index = _Index()
    for concept in concepts():
        index.names[concept.name] = concept.name
    index.names.update({word: name for word, name in _table()["things"].items() if name in index.names})
    heads: dict[str, list[str]] = defaultdict(list)
    tagged: dict[str, list[str]] = defaultdict(list)
    chinese: dict[str, list[str]] = defaultdict(list)
    for concept in concepts():
        index.names[concept.emoji] = concept.name
        index.names.setdefault(uncoloured(concept.name), concept.name)
        index.names.setdefault(plural(concept.name), concept.name)
        if not re.search(r"\b(with|of|and|on|in)\b", concept.name):
            heads[concept.name.split()[-1]].append(concept.name)
        for word in concept.keywords:
            tagged[word].append(concept.name)
        if concept.chinese:
            index.chinese.setdefault(concept.chinese[0], concept.name)
        for word in concept.chinese[1:]:
            chinese[word].append(concept.name)
    for word, named in heads.items():
        if word not in COLOURS and word not in index.names:
            index.names[word] = min(named, key=len)
            index.heads.add(word)
    for words, known in ((tagged, index.keywords), (chinese, index.chinese_keywords)):
        known.update({word: min(named, key=len) for word, named in words.items() if len(named) <= RARE})
    return index


def read(prompt: str) -> tuple[Scene | None, str]:
    """The scene that a prompt asks for, None where it names nothing that is known; and the prompt in English."""
    plain = re.sub(r"\s+", " ", prompt.lower()).strip()
    plain = re.sub(_table()["lead"], "", plain)
    style, plain = _styled(plain)
    english = to_english(plain)
    found = _read_english(english)
    if CHINESE.search(plain):
        direct = _read_chinese(plain, _index().chinese)
        found = direct if direct and len(direct[0]) > (len(found[0]) if found else 0) else found
        found = found or _read_chinese(plain, _index().chinese_keywords)
    found = found or _read_english(english, _index().keywords)
    return (Scene(found[0], style, found[1]) if found else None), english  # type: ignore[arg-type]


def _styled(prompt: str) -> tuple[str, str]:
    """The style that is named, flat where none is, and the prompt without it."""
    for style, pattern in _table()["styles"].items():
        if re.search(pattern, prompt):
            return style, re.sub(_table()["kind"], " ", re.sub(f"(?:{pattern})的?", " ", prompt))
    return "flat", re.sub(_table()["kind"], " ", prompt)


def colour_in(words: str) -> str | None:
    """The first colour that English words name."""
    return next((colour for word in WORD.findall(words.lower()) if (colour := _colour(word))), None)


def _colour(word: str) -> str | None:
    return word if word in COLOURS else _table()["colours"].get(word)


def _singulars(words: tuple[str, ...]) -> Iterator[str]:
    """The phrase as it is, and with its last word in the singular."""
    phrase = " ".join(words)
    yield phrase
    for ending, instead in (("ies", "y"), ("ves", "f"), ("es", ""), ("s", "")):
        if phrase.endswith(ending) and len(words[-1]) > len(ending) + 1:
            yield phrase.removesuffix(ending) + instead


def _read_english(text: str, keywords: dict[str, str] | None = None) -> tuple[tuple[Item, ...], str] | None:
    """Items and their relation; with `keywords`, those stand for things too."""
    table, words = _table(), tuple(WORD.findall(text.replace("’", "'")))
    items: list[Item] = []
    relation, colour, count, at = "and", None, 1, 0
    while at < len(words):
        length, name, guessed = _longest(words[at:], keywords)
        is_colour = length == 1 and _colour(words[at]) and (items or at < len(words) - 1)
        if name and not is_colour:
            items.append(Item(name, colour if colour not in name.split() else None, min(count, MOST), guessed))
            colour, count, at = None, 1, at + length
            continue
        word = words[at]
        colour = _colour(word) or colour
        count = table["numbers"].get(word, count)
        if items and word in table["relations"]:
            relation = table["relations"][word] if relation == "and" else relation
        at += 1
    if items and colour and items[-1].colour is None:
        items[-1] = replace(items[-1], colour=colour)
    return (tuple(items[:2]), relation) if items else None


def _longest(words: tuple[str, ...], keywords: dict[str, str] | None) -> tuple[int, str | None, bool]:
    """How many words the longest name at the beginning has, the thing, and whether it is a guess."""
    names, heads = _index().names, _index().heads
    for length in range(min(LONGEST, len(words)), 0, -1):
        for phrase in _singulars(words[:length]):
            name = names.get(phrase) or (keywords or {}).get(phrase)
            if name:
                return length, name, phrase in heads or phrase not in names
    return 0, None, False


def _read_chinese(text: str, known: dict[str, str]) -> tuple[tuple[Item, ...], str] | None:
    """Likewise from Chinese names; colours and numbers stand before them."""
    if not known:
        return None
    table = _table()
    items: list[Item] = []
    colour, count, at = None, 1, 0
    while at < len(text):
        name = next((text[at : at + n] for n in range(8, 0, -1) if text[at : at + n] in known), None)
        if name:
            thing = known[name]
            at += len(name)
            guessed = known is not _index().chinese or bool(re.match(_table()["compound"], text[at:]))
            items.append(Item(thing, colour if colour not in thing.split() else None, count, guessed))
            colour, count = None, 1
            continue
        colour = table["chinese_colours"].get(text[at], colour)
        count = table["chinese_numbers"].get(text[at], count)
        at += 1
    return (tuple(items[:2]), "and") if items else None
