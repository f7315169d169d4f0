"""English noun phrases: articles, plurals, and what stands after the noun."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

IRREGULAR = {
    "child": "children", "man": "men", "woman": "women", "person": "people", "mouse": "mice", "goose": "geese",
    "foot": "feet", "tooth": "teeth", "knife": "knives", "leaf": "leaves", "wolf": "wolves", "shelf": "shelves",
    "calf": "calves", "scarf": "scarves", "fisherman": "fishermen", "fireman": "firemen", "businessman": "businessmen",
    "gentleman": "gentlemen", "snowman": "snowmen", "thief": "thieves",
}  # fmt: skip
SAME = {"sheep", "deer", "fish", "goldfish", "reindeer", "moose", "bison", "salmon", "shrimp", "spacecraft", "squid"}
SINGULAR_S = {"gas", "lens", "canvas", "atlas", "christmas", "gymnastics", "sumo wrestling", "chess"}
PLURAL = {"people", "men", "women", "children", "feet", "teeth", "geese", "cattle", "wolves", "police", "clothes"}
UNCOUNTED = "~"


@dataclass(slots=True)
class Noun:
    """A noun with all that belongs to it. `determiner`: None where nothing was said; `where`: see `Sense`."""

    noun: str
    kind: str = "noun"
    where: str = ""
    determiner: str | None = None
    measure: str = ""
    adjectives: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)

    @property
    def plain(self) -> bool:
        """Whether nothing but the noun was said."""
        return self.determiner is None and not (self.measure or self.adjectives or self.after)

    def text(self, article: str = "a") -> str:
        """The phrase in English; a countable noun without a determiner gets the article."""
        determiner = self.determiner
        noun = " ".join([*dict.fromkeys(self.adjectives), self.noun.rstrip(UNCOUNTED)])
        several = (
            determiner not in (None, "", "a", "the", "another", "every", "only", "what") and "'s" not in determiner
        )
        uncounted = self.noun.endswith(UNCOUNTED) or is_plural(self.noun)
        if self.measure:
            noun = f"{plural(self.measure) if several else self.measure} of {noun if uncounted else plural(noun)}"
        elif several and not uncounted:
            noun = plural(noun)
        if determiner is None:
            determiner = "" if uncounted and not self.measure and article == "a" else article
        elif determiner == "a" and uncounted and not self.measure:
            determiner = ""
        if determiner in ("a", "another") and is_plural(noun) and not self.measure:
            determiner = ""
        if determiner == "a" and re.match(r"[aeio]|u[mgnprs][^i]", noun):
            determiner = "an"
        return " ".join(part for part in (determiner, noun, *self.after) if part)


def is_plural(noun: str) -> bool:
    """Whether the noun, by its last word, is a plural."""
    last = noun.rsplit(" ", 1)[-1]
    if last in PLURAL:
        return True
    return last.endswith("s") and not last.endswith(("ss", "us", "is", "'s")) and last not in SINGULAR_S


def plural(noun: str) -> str:
    """The plural of a noun phrase: of what stands before "of", or of its last word."""
    if " of" in noun:
        head, _, rest = noun.partition(" of")
        return f"{plural(head)} of{rest}"
    before, space, last = noun.rpartition(" ")
    if last in SAME or is_plural(last):
        return noun
    if last in IRREGULAR:
        return before + space + IRREGULAR[last]
    if re.search(r"(s|x|z|ch|sh)$", last):
        return noun + "es"
    if re.search(r"[^aeiou]y$", last):
        return noun[:-1] + "ies"
    return noun + "s"


def adjunct(noun: Noun, position: str = "") -> str:
    """How English says that something is at, in, on … the noun."""
    said = noun.determiner or "the"
    if noun.where and position in ("", "on", "in") and (said == "the" or said.endswith("'s")) and not noun.measure:
        if noun.plain:
            return noun.where
        article = re.match(r"\w+", noun.where)
        preposition = article.group() if article else "in"
        return f"{preposition} {noun.text('the')}"
    return f"{position or 'in'} {noun.text('the')}"
