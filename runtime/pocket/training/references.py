"""How people point at pictures: this one, the first, img2, both."""

from __future__ import annotations

import random

from runtime.pocket.training.phrasings import Phrasings

ORDER = ("first", "second", "third", "fourth", "fifth", "sixth")


def to_one(
    words: Phrasings, handles: tuple[str, ...], new: tuple[str, ...], rng: random.Random
) -> tuple[str, tuple[str, ...]]:
    """Return words for one of the pictures, and which it is; without any, words for one that is not there.

    Order words are used only where they and the numbers in the handles agree.
    """
    if not handles:
        return rng.choice(words.references["newest"]), ()
    plain = handles == tuple(f"img{number}" for number in range(1, len(handles) + 1))
    several = len(handles) > 1
    kind = rng.choices(
        ("newest", "last", "named", "order", "previous"),
        (30 if len(new) > 1 else 60, 10 * several, 18, 40 * plain * several, 8 * several * (len(new) < 2)),
    )[0]
    at = {"newest": len(handles) - 1, "last": len(handles) - 1, "previous": len(handles) - 2}.get(kind)
    if at is None:
        at = rng.randrange(len(handles))
    phrase = rng.choice(words.references[ORDER[at] if kind == "order" else kind])
    return _named(phrase, handles[at]), (handles[at],)


def to_several(
    words: Phrasings, handles: tuple[str, ...], new: tuple[str, ...], rng: random.Random
) -> tuple[str, tuple[str, ...]]:
    """Return words for two or more of the pictures, and which they are; without any, words for two not there."""
    if not handles:
        return rng.choice(words.references["both"]), ()
    if rng.random() < 0.3:
        one, other = sorted(rng.sample(handles, 2), key=handles.index)
        phrase = rng.choice(words.references["named_two"])
        return phrase.replace("{one}", one).replace("{two}", other), (one, other)
    if len(new) == 2 or len(handles) == 2:
        return rng.choice(words.references["both"]), new if len(new) == 2 else handles
    if rng.random() < 0.6:
        return rng.choice(words.references["all"]), handles
    if rng.random() < 0.5:
        return rng.choice(words.references["first_two"]), handles[:2]
    return rng.choice(words.references["last_two"]), handles[-2:]


def missing(words: Phrasings, handles: tuple[str, ...], rng: random.Random) -> str:
    """Return words for a picture that is not there: a name never given, a place beyond the last, another than the one.

    Mostly it is the first place beyond the last, which is the easiest to take for one that is there.
    """
    beyond = [at for at in range(len(handles), len(ORDER)) if f"img{at + 1}" not in handles]
    few = len(handles) < 2
    kind = rng.choices(
        ("named", "order", "previous", "other", "elsewhere"),
        (25, 60 * bool(beyond), 15 * few, 12 * few, 20 * (not handles)),
    )[0]
    if kind == "order":
        kind = ORDER[rng.choices(beyond, [0.5**at for at in beyond])[0]]
    return _named(rng.choice(words.references[kind]), _unknown(handles, rng))


def missing_several(words: Phrasings, handles: tuple[str, ...], rng: random.Random) -> str:
    """Return words for several pictures of which one at least is not there."""
    kinds = ["named_two", *(["three"] if len(handles) < 3 else []), *(["both", "last_two"] if len(handles) < 2 else [])]
    one, other = rng.choice([*handles, "img1"]), _unknown(("img1", *handles), rng)
    return rng.choice(words.references[rng.choice(kinds)]).replace("{one}", one).replace("{two}", other)


def _unknown(handles: tuple[str, ...], rng: random.Random) -> str:
    return rng.choice([name for name in (f"img{number}" for number in range(1, 13)) if name not in handles])


def _named(phrase: str, handle: str) -> str:
    return phrase.replace("{name}", handle).replace("{number}", handle.removeprefix("img"))
