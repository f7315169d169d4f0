"""What a request for a picture asks to be drawn: its subject, how many, from which seed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tools.drawing import numbers, rules
from tools.wording import without


@dataclass(frozen=True)
class Commission:
    """A request, read.

    Attributes:
        prompt: what the picture should show, in the user's own words; empty where they name nothing.
        count: how many pictures are asked for, from 1.
        seed: the one that is asked for.
        photograph: whether the words ask for a photograph.
    """

    prompt: str
    count: int = 1
    seed: int | None = None
    photograph: bool = False


def commission(words: str) -> Commission:
    """Read a request, in English or Chinese."""
    unseeded, seed = without_seed(words)
    left, count = without_count(unseeded)
    before, after = rules("request", "before", form=r"\A(?:{})\s*"), rules("request", "after", form=r"\s*(?:{})\Z")
    prompt = without(left, (*before, *after))
    hollow = any(rule.fullmatch(prompt) for rule in before)
    return Commission("" if hollow else prompt, count or 1, seed, wants_photograph(words))


def wants_photograph(words: str) -> bool:
    """Whether a photograph is asked for, and nothing drawn."""
    return any(rule.search(words) for rule in rules("photograph", "patterns"))


def without_seed(words: str) -> tuple[str, int | None]:
    """The words, on one line, without what they say of a seed, and the seed."""
    words = " ".join(words.split())
    for rule in rules("seed", "patterns"):
        if match := rule.search(words):
            return f"{words[: match.start()]} {words[match.end() :]}".strip(), int(match["n"])
    return words, None


def without_count(words: str) -> tuple[str, int | None]:
    """The words without how many pictures they ask for, and the count, from 1; None where they do not say."""
    for rule in rules("count", "patterns"):
        if match := rule.search(words):
            kept = _one(match.groupdict().get("kind") or "")
            count = numbers().get(match["n"].lower()) or int(match["n"])
            return f"{words[: match.start()]}{kept}{words[match.end() :]}".strip(), max(1, count)
    return words, None


def _one(kind: str) -> str:
    """One of a kind that was named as many: "flat icons" is "a flat icon"."""
    if not kind:
        return ""
    return f"{'an' if kind[0].lower() in 'aeiou' else 'a'} {re.sub(r'(?<=ch)es$|s$', '', kind)}"
