"""Questions made by rule from what is known of a picture: its captions, or the name of the thing on it."""

from __future__ import annotations

import random
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.resources import files

WORDS = tomllib.loads(files(__package__).joinpath("words.toml").read_text(encoding="utf-8"))
COLOURS, PEOPLE, THINGS = tuple(WORDS["colours"]), tuple(WORDS["people"]), tuple(WORDS["things"])
NUMBERS, PLACES, SAME = WORDS["numbers"], WORDS["places"], WORDS["same"]
LIKELY_UNSEEN = frozenset(WORDS["likely_unseen"])
WORD = re.compile(r"[a-z]+")


def about_captions(captions: Sequence[Sequence[str]], seed: str) -> Iterator[list[tuple[str, str]]]:
    """For each picture's captions some (question, short answer), about as many yes as no; of one caption few."""
    chance = random.Random(seed)
    words = [[_words(caption) for caption in of] for of in captions]
    common = Counter(thing for of in words for thing in set().union(*map(set, of)) & set(THINGS))
    for of in words:
        yield list(_questions(of, common, chance))


def _words(caption: str) -> list[str]:
    found = [SAME.get(word, word) for word in WORD.findall(caption.lower())]
    return [word[:-1] if word.endswith("s") and word[:-1] in THINGS else word for word in found]


def _questions(captions: list[list[str]], common: Counter[str], chance: random.Random) -> Iterator[tuple[str, str]]:
    enough = 2 if len(captions) > 1 else 1
    seen = Counter(word for caption in captions for word in set(caption))
    present = [thing for thing in THINGS if seen[thing] >= enough]
    absent = [thing for thing in common if not seen[thing] and thing not in LIKELY_UNSEEN]
    for thing in chance.sample(present, min(2, len(present))):
        yield _presence(thing, chance), "yes"
        if len(captions) > 1:
            other = chance.choices(absent, [common[thing] for thing in absent])[0]
            yield _presence(other, chance), "no"
            if chance.random() < 0.15:
                yield f"What color is the {other}?", "I can't tell"
    for thing in present:
        if colour := _agreed(captions, thing, COLOURS, enough):
            yield f"What color is the {thing}?", {"gray": "grey"}.get(colour, colour)
        if number := _agreed(captions, thing, tuple(NUMBERS), enough, reach=2):
            yield f"How many {_plural(thing)} are there?", str(NUMBERS[number])
    people = [word for word in PEOPLE if seen[word] >= enough + 1]
    if people:
        yield chance.choice(("Who is in the picture?", "Who is this?")), people[0]
        yield "Is there a person in the picture?", "yes"
    elif len(captions) > 2 and not any(seen[word] for word in PEOPLE) and chance.random() < 0.7:
        yield "Is there a person in the picture?", "no"
    places = [place for word, place in PLACES.items() if seen[word] >= enough + 1]
    if places:
        yield chance.choice(("Where is this?", "Where was this photo taken?")), places[0]


def _presence(thing: str, chance: random.Random) -> str:
    asked = ("Is there {} in the picture?", "Do you see {}?", "Is there {}?")
    return chance.choice(asked).format(_one(thing))


def _plural(thing: str) -> str:
    irregular = {"man": "men", "woman": "women", "child": "children"}
    same = thing.endswith("s") or thing in ("sheep", "fish", "people")
    return irregular.get(thing, thing if same else f"{thing}s")


def _one(thing: str) -> str:
    """With its article."""
    return thing if thing.endswith("s") else f"an {thing}" if thing[0] in "aeiou" else f"a {thing}"


def _agreed(captions: list[list[str]], thing: str, words: Sequence[str], enough: int, reach: int = 1) -> str | None:
    """The word that stands so near before the thing in enough captions, where no caption has another."""
    pairs = (
        pair
        for caption in captions
        for away in range(1, reach + 1)
        for pair in zip(caption, caption[away:], strict=False)
    )
    before = Counter(a for a, b in pairs if b == thing and a in words)
    return next(iter(before)) if len(before) == 1 and before.total() >= enough else None


def about_name(name: str, kind: str, others: Sequence[str], chance: random.Random) -> Iterator[tuple[str, str, bool]]:
    """(question, answer, whether it is brief) about a picture of one named thing."""
    described = (f"A photo of {_one(name)}.", f"A close-up of {_one(name)}.", _one(name))
    yield "Describe the image.", chance.choice(described), False
    asked = ("What is this?",) if kind == "thing" else ("What is this?", f"What {kind} is this?")
    yield chance.choice(asked), name, True
    if chance.random() < 0.5:
        yield f"Is this {_one(name)}?", "yes", True
    else:
        yield f"Is this {_one(chance.choice([thing for thing in others if thing != name]))}?", "no", True
