"""The ways people say things, kept as data: templates by action, what fills their slots, how a message is roughened."""

from __future__ import annotations

import random
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

Lang = Literal["en", "zh"]
LANGUAGES: tuple[Lang, ...] = ("en", "zh")
FOLDER = Path(__file__).parent / "phrasings"
SLOT = re.compile(r"(\b[Aa] )?\{(\w+)\}")
REFERENCES = ("pic", "pics")
_VOWEL_SOUND = re.compile(r"(?!uni|use|euro|one)[aeiou]", re.IGNORECASE)


@dataclass(frozen=True)
class Group:
    """Templates that want the same action in the same circumstances.

    Attributes:
        action: what they want.
        when: any; alone (nothing attached now); empty (no picture at all); following (something was said before);
            picture (one at least); attached (with this message); single (one in all); several (two at least).
        templates: the words, with {slots}; {pic} and {pics} stand for a reference to one or several pictures.
        after: what the person said just before, where the words only make sense after it.
    """

    action: str
    when: str
    templates: tuple[str, ...]
    after: tuple[str, ...] = ()

    @property
    def about_pictures(self) -> bool:
        """Whether the words make no sense without a picture."""
        return self.when in ("picture", "attached", "several")


@dataclass(frozen=True)
class Phrasings:
    """All the words of one language.

    Attributes:
        groups: templates by action.
        slots: what may stand in each slot.
        references: how a picture is referred to, by kind: newest, previous, first …, named, both, all, …
        noise: what roughens a message: openers, closers, swaps of characters.
    """

    groups: dict[str, tuple[Group, ...]]
    slots: dict[str, tuple[str, ...]]
    references: dict[str, tuple[str, ...]]
    noise: dict[str, tuple[str, ...]]

    def fill(self, template: str, rng: random.Random) -> str:
        """Put words into every slot but {pic} and {pics}, with the right English article before them."""

        def word(match: re.Match[str]) -> str:
            article, slot = match.group(1) or "", match.group(2)
            if slot in REFERENCES:
                return match.group(0)
            filler = rng.choice(self.slots[slot])
            if article and _VOWEL_SOUND.match(filler):
                article = f"{article[0]}n "
            return article + filler

        return SLOT.sub(word, template)


def _lists(table: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(values) for name, values in table.items()}


@cache
def phrasings(lang: Lang) -> Phrasings:
    """Read a language's files; each action's groups may be spread over several."""
    groups: dict[str, tuple[Group, ...]] = {}
    tables: dict[str, dict[str, Any]] = {"slots": {}, "references": {}, "noise": {}}
    for path in sorted((FOLDER / lang).glob("*.toml")):
        for name, value in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if name in tables:
                tables[name] |= value
                continue
            read = (Group(name, g["when"], tuple(g["templates"]), tuple(g.get("after", ()))) for g in value)
            groups[name] = groups.get(name, ()) + tuple(read)
    return Phrasings(groups, _lists(tables["slots"]), _lists(tables["references"]), _lists(tables["noise"]))
