"""What a person's words point at among the pictures that a search found: "the second one", "these", 最后一张."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

KINDS = ("from_the_end", "place", "first_several", "last_several")
LAST = -1


@dataclass(frozen=True)
class Pointing:
    """What was pointed at.

    Attributes:
        places: from 0, in the order of the words; they may lie beyond the group.
        all: whether the group as a whole is meant.
        upload: whether the words speak of what the person sent, and so of no found picture.
    """

    places: tuple[int, ...] = ()
    all: bool = False
    upload: bool = False


def pointing(text: str, count: int) -> Pointing:
    """Read a message, in English or Chinese, that comes after `count` pictures were found."""
    if _matches("upload", text):
        return Pointing(upload=True)
    pointed: dict[int, list[int]] = {}  # by where in the text they are pointed at
    for kind in KINDS:
        for rule in _rules()[kind]:
            for match in rule.finditer(text):
                pointed[match.start()] = _places(kind, match.groupdict().get("n"), count)
            text = rule.sub(lambda match: "\0" * len(match[0]), text)
    places = dict.fromkeys(place for start in sorted(pointed) for place in pointed[start])
    return Pointing(tuple(places), all=not places and _matches("all", text))


def _places(kind: str, named: str | None, count: int) -> list[int]:
    """The places that a match of this kind names, of `count`; `named` holds its numbers, None is the last place."""
    numbers = [LAST] if named is None else [_number(word) for word in _word().findall(named)]
    if kind == "first_several":
        return list(range(min(numbers[0], count)))
    if kind == "last_several":
        return list(range(max(0, count - numbers[0]), count))
    if kind == "from_the_end":
        return [count - number if number <= count else number - 1 for number in numbers]
    return [count - 1 if number == LAST else number - 1 for number in numbers if number]


def _number(word: str) -> int:
    return _numbers()[word.lower()] if word.lower() in _numbers() else int(re.sub(r"\D", "", word))


def _matches(kind: str, text: str) -> bool:
    return any(rule.search(text) for rule in _rules()[kind])


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files("agent").joinpath("pointing.toml").read_text(encoding="utf-8"))


@cache
def _numbers() -> dict[str, int]:
    """What a word counts, from 1."""
    lists = [_data()["ordinals"], *_data()["numbers"]]
    return {"last": LAST} | {word: number for words in lists for number, word in enumerate(words, 1)}


@cache
def _word() -> re.Pattern[str]:
    """A number, in words or digits."""
    return re.compile("|".join([*_numbers(), r"\d+"]), re.IGNORECASE)


@cache
def _rules() -> dict[str, list[re.Pattern[str]]]:
    data = _data()
    nth = "|".join([*data["ordinals"], "last", r"\d{1,4}(?:st|nd|rd|th)"])
    number = "|".join([word for words in data["numbers"] for word in words] + [r"\d{1,4}"])
    slots = {
        "{nths}": rf"(?P<n>(?:{nth})(?:(?:,? and|,? or|,|,? to) (?:the )?(?:{nth}))*)",
        "{nth}": f"(?P<n>{nth})",
        "{number}": f"(?P<n>{number})",
        "{picture}": data["picture"],
        "{each}": data["each"],
    }

    def rule(pattern: str) -> re.Pattern[str]:
        for slot, meaning in slots.items():
            pattern = pattern.replace(slot, meaning)
        return re.compile(pattern, re.IGNORECASE)

    return {kind: [rule(pattern) for pattern in data[kind]] for kind in ("upload", *KINDS, "all")}
