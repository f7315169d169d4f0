"""Cut Chinese into words of the dictionary, and choose each word's sense by what stands beside it."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from runtime.pocket.chinese.lexicon import Lexicon, Sense

UNKNOWN, WORD, SHORT = 3.0, 1.0, 0.1
"""Costs of a character that no word covers, of a word, and of a content word of one character on top."""
CONTENT = {"verb", "adjective", "living", "body", "noun", "place", "time"}
_Cut = tuple[float, int, int, dict[str, Sense] | None]
"""Of a beginning of the text: its cost, minus its words' squared lengths, where its last word starts, that word."""
NAME = re.compile(r"[A-Za-z][A-Za-z'-]*|\d+")
NOMINAL = ("living", "body", "noun", "place", "time", "measure", "name")
PREFERENCE = (
    "of",
    "and",
    "is",
    "there",
    "object",
    "by",
    "all",
    "number",
    "coverb",
    "staying",
    "verb",
    "adverb",
    "adjective",
    "living",
    "body",
    "place",
    "time",
    "noun",
    "dropped",
    "position",
    "complement",
    "measure",
    "start",
    "end",
    "name",
)


def words(text: str, lexicon: Lexicon) -> list[Sense]:
    """The words of one clause; characters of no word are left out, Latin words and numbers stay as they are."""
    readings = _cut(text, lexicon)
    first, last = 0, len(readings)
    while first < last and {"start", "dropped"} & readings[first].keys() and not _opens(readings, first):
        first += 1
    while first < last and {"end", "dropped", "of"} & readings[last - 1].keys():
        last -= 1
    chosen: list[Sense] = []
    for index in range(first, last):
        before = chosen[-1].kind if chosen else ""
        chosen.append(_choose(readings[index], before, readings[index + 1 : last]))
    return [sense for sense in chosen if sense.kind not in ("dropped", "start", "end")]


def _opens(readings: list[dict[str, Sense]], index: int) -> bool:
    """Whether a word that may ask for pictures says more here: "有" before what a "的" ends."""
    return "there" in readings[index] and any("of" in reading for reading in readings[index + 1 : -1])


def _cut(text: str, lexicon: Lexicon) -> list[dict[str, Sense]]:
    """The cheapest cut; of equally cheap ones that with the longest words, and then the one whose words are late."""
    best: list[_Cut] = [(0.0, 0, 0, None)]
    starts = {found.end(): found.start() for found in NAME.finditer(text)}
    lower = text.lower()
    for end in range(1, len(text) + 1):
        before = best[end - 1]
        options: list[_Cut] = [(before[0] + UNKNOWN, before[1], end - 1, None)]
        if end in starts:
            start = starts[end]
            name = {"name": Sense("name", text[start:end])}
            options.append((best[start][0] + WORD, best[start][1] - (end - start) ** 2, start, name))
        for start in range(max(0, end - lexicon.longest), end):
            if reading := lexicon.words.get(lower[start:end]):
                cost = best[start][0] + WORD + SHORT * (end - start == 1 and reading.keys() <= CONTENT)
                options.append((cost, best[start][1] - (end - start) ** 2, start, reading))
        best.append(min(options, key=lambda option: (*option[:2], option[2])))
    readings = []
    end = len(text)
    while end:
        _, _, start, reading = best[end]
        if reading:
            readings.append(reading)
        end = start
    return readings[::-1]


def _object(kinds: Collection[str]) -> bool:
    """Whether a word of these kinds can only be the object of the verb before it."""
    return not {"noun", "body", "place"}.isdisjoint(kinds) and "verb" not in kinds


def _choose(reading: dict[str, Sense], before: str, following: Sequence[dict[str, Sense]]) -> Sense:
    """The sense of a word after one of kind `before`."""
    if len(reading) == 1:
        return next(iter(reading.values()))
    beside = set(following[0]) if following else set()
    acts = "verb" in reading
    if "measure" in reading and before == "number":
        return reading["measure"]
    if "position" in reading and before in NOMINAL and not (acts and _object(beside)):
        return reading["position"]
    if "complement" in reading and before in ("verb", "staying"):
        return reading["complement"]
    names = before in ("adjective", "measure", "number", "of", "verb") or (not before and "noun" in beside)
    if acts and "noun" in reading and names:
        return reading["noun"]
    if {"adjective", "place"} <= reading.keys() and (before == "coverb" or not beside & {*NOMINAL, "adjective"}):
        return reading["place"]
    if acts and "coverb" in reading and not any("verb" in later for later in following):
        return reading["verb"]
    return min(reading.values(), key=lambda sense: PREFERENCE.index(sense.kind))
