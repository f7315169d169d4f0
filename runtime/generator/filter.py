"""The prompt filter: a few plain words, in filter.toml, that are not drawn."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from runtime.errors import PromptRefused


@dataclass(frozen=True)
class _Rule:
    """Refuses a prompt in which every pattern is found."""

    reason: str
    always: bool
    patterns: tuple[re.Pattern[str], ...]


@cache
def _rules() -> tuple[_Rule, ...]:
    content = tomllib.loads(files("runtime.generator").joinpath("filter.toml").read_text(encoding="utf-8"))
    patterns = {
        name: re.compile("|".join([f"(?<![a-z0-9])(?:{'|'.join(words['en'])})(?![a-z0-9])", *words["zh"]]))
        for name, words in content["words"].items()
    }
    return tuple(
        _Rule(rule["reason"], rule.get("always", False), tuple(patterns[name] for name in rule["needs"]))
        for rule in content["rule"]
    )


def refused(prompt: str, *, filtered: bool = True) -> str | None:
    """What is not drawn, such as "cruelty and gore", where the prompt asks for it; else None.

    Without `filtered`, only by the rules that always hold.
    """
    text = _spelled(prompt)
    for rule in _rules():
        if (filtered or rule.always) and all(pattern.search(text) for pattern in rule.patterns):
            return rule.reason
    return None


def check(prompt: str, *, filtered: bool = True) -> None:
    """Let the prompt through, or not.

    Raises:
        PromptRefused
    """
    if reason := refused(prompt, filtered=filtered):
        raise PromptRefused(f"This is not drawn, for the filter keeps out {reason}.")


def _spelled(text: str) -> str:
    """In one spelling: words of small letters without accents and invisible characters, one space between two."""
    parts = unicodedata.normalize("NFKD", text).casefold()
    seen = "".join(character for character in parts if unicodedata.category(character) not in ("Cf", "Mn"))
    return re.sub(r"[\W_]+", " ", seen)
