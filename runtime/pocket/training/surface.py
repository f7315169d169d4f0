"""Makes a clean message look typed by a person: manners, case, punctuation, slips of the finger."""

from __future__ import annotations

import random
import re

from runtime.pocket.training.phrasings import Lang, phrasings

_WORD = re.compile(r"\b[a-z]{5,}\b")
_END = ".?!。？！"


def roughen(text: str, lang: Lang, rng: random.Random) -> str:
    """Return the message as one of many people might have typed it; names of pictures stay readable."""
    noise = phrasings(lang).noise
    roll = rng.random()
    if roll < 0.12:
        opener = rng.choice(noise["openers"])
        text = opener + (lowered(text) if lang == "en" else text)
    elif roll < 0.24:
        text = text.rstrip(_END) + rng.choice(noise["closers"])
    if rng.random() < 0.3:
        text = text.rstrip(_END) or text
    text = _english(text, rng) if lang == "en" else _chinese(text, rng)
    if rng.random() < 0.03:
        text = text.rstrip(_END) + rng.choice(noise["endings"])
    return text


def lowered(text: str) -> str:
    """Return the English sentence as it stands inside another: its first letter small, but for the word I."""
    return text if text[:2] in ("I ", "I'") else text[:1].lower() + text[1:]


def _english(text: str, rng: random.Random) -> str:
    roll = rng.random()
    if roll < 0.3:
        text = text.lower()
    elif roll < 0.32:
        text = text.upper()
    elif roll < 0.7:
        text = text[:1].upper() + text[1:]
    if rng.random() < 0.08:
        text = text.replace("'", "")
    if rng.random() < 0.1:
        text = _mistyped(text, rng)
    return text


def _mistyped(text: str, rng: random.Random) -> str:
    """Swap, drop or double one letter inside one longer word."""
    words = list(_WORD.finditer(text))
    if not words:
        return text
    match = rng.choice(words)
    word = match.group()
    at = rng.randrange(1, len(word) - 2)
    slip = rng.choice((word[at + 1] + word[at] + word[at + 2 :], word[at + 1 :], word[at] + word[at:]))
    return text[: match.start()] + word[:at] + slip + text[match.end() :]


def _chinese(text: str, rng: random.Random) -> str:
    noise = phrasings("zh").noise
    roll = rng.random()
    if roll < 0.06:
        text = text.translate({ord(pair[0]): pair[1] for pair in noise["traditional"]})
    elif roll < 0.12:
        text = _swapped(text, noise["homophones"], rng)
    if rng.random() < 0.12:
        text = text.translate(str.maketrans("，。？！：", ",.?!:"))
    elif rng.random() < 0.08:
        text = text.replace("，", " ")
    return text


def _swapped(text: str, pairs: tuple[str, ...], rng: random.Random) -> str:
    """Type one character's homophone in its place."""
    here = [pair for pair in pairs if pair[0] in text]
    if not here:
        return text
    pair = rng.choice(here)
    return text.replace(pair[0], pair[1], 1)
