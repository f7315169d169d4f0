"""Colours in a prompt, in English or Chinese: which one is asked for, and where it goes."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from tools.drawing import data

CHINESE = re.compile(r"[\u3400-\u9fff]")


def language_of(text: str) -> str:
    """ "zh" where there is a Chinese character, else "en"."""
    return "zh" if CHINESE.search(text) else "en"


def asked_for(words: str) -> tuple[str, str] | None:
    """The first colour that the words name, and what else they hold beside fillers; None where they name none.

    What else they hold is the thing that is to have the colour: "the hat red" is red, and hat.
    """
    match = _named().search(words)
    if match is None:
        return None
    rest = re.sub(_data()["filler"], " ", _named().sub(" ", words), flags=re.IGNORECASE)
    return match[0], " ".join(rest.split())


def recoloured(prompt: str, colour: str, thing: str = "") -> str:
    """The prompt with a thing in that colour, or what it is mainly about; the colour is put into its language."""
    language = language_of(prompt)
    colour = _said_in(language, colour)
    end = _end_of_head(prompt, language)
    if thing:
        place = _find(prompt, thing)
        near = [match for match in _adjectives(prompt, language) if match.end() <= place <= match.end() + 12]
        here, found = place, near[-1] if near else None
    else:
        within = [match for match in _adjectives(prompt, language) if match.start() < end]
        here, found = beginning(prompt), within[0] if within else None
    before, after = (prompt[:here], prompt[here:]) if found is None else _around(prompt, found)
    return _with_article(before, colour) + colour + (" " if language == "en" else "") + after.lstrip()


def beginning(prompt: str) -> int:
    """Where words go that tell more of what the prompt is mainly about: behind its article or number."""
    language = language_of(prompt)
    start = prompt.rfind(" of ", 0, _end_of_head(prompt, language)) + 4 if language == "en" else 0
    start = max(start, 0) if start > 3 else 0
    match = re.compile(_data()["article"][language == "zh"], re.IGNORECASE).match(prompt, start)
    return match.end() if match else start


def mentions(prompt: str, thing: str) -> bool:
    """Whether the prompt names the thing."""
    return bool(thing) and _find(prompt, thing) >= 0


def _find(prompt: str, thing: str) -> int:
    pattern = re.escape(thing) if language_of(thing) == "zh" else rf"\b{re.escape(thing)}"
    match = re.search(pattern, prompt, re.IGNORECASE)
    return match.start() if match else -1


def _end_of_head(prompt: str, language: str) -> int:
    match = re.search(_data()["head"], prompt, re.IGNORECASE) if language == "en" else re.search("[，,]", prompt)
    return match.start() if match else len(prompt)


def _around(prompt: str, colour: re.Match[str]) -> tuple[str, str]:
    return prompt[: colour.start()], prompt[colour.end() :]


def _with_article(before: str, colour: str) -> str:
    """What stands before the colour, with its article as the colour needs it: an orange, a green."""
    right = "an " if colour[0].lower() in "aeiou" else "a "
    return re.sub(
        r"\b(a)n? \Z", lambda match: right if match[1] == "a" else right.capitalize(), before, flags=re.IGNORECASE
    )


def _said_in(language: str, colour: str) -> str:
    """The colour as an adjective of the language; another language's shades are left out."""
    if language == language_of(colour):
        return colour if language == "en" else f"{re.sub('色?的?$', '', colour)}色的"
    if language == "zh":
        return next(chinese for english, chinese in _names() if english in colour.lower()) + "色的"
    return next(english for english, chinese in _names() if chinese in colour)


@cache
def _data() -> dict[str, Any]:
    colours: dict[str, Any] = data()["colours"]
    return colours


@cache
def _names() -> list[tuple[str, str]]:
    return [(english, chinese) for english, chinese in _data()["names"]]


@cache
def _patterns() -> tuple[str, str]:
    """A colour in English and one in Chinese."""
    english, chinese = ("|".join(names) for names in zip(*_names(), strict=True))
    shade, shade_zh = _data()["shade"]
    return rf"\b{shade}(?:{english})\b", f"{shade_zh}(?:(?:{chinese})色|{_data()['alone']})的?"


@cache
def _named() -> re.Pattern[str]:
    return re.compile("|".join(f"(?!{_data()['fixed']}){pattern}" for pattern in _patterns()), re.IGNORECASE)


def _adjectives(prompt: str, language: str) -> list[re.Match[str]]:
    """The colours in a prompt that something has, and that are not things themselves, as an orange is."""
    pattern = _patterns()[language == "zh"]
    followed = rf"(?=[ -](?!{_data()['stop']})\w) ?" if language == "en" else r"(?=[\u3400-\u9fff])"
    return list(re.finditer(f"(?!{_data()['fixed']}){pattern}{followed}", prompt, re.IGNORECASE))
