"""Chinese questions about a picture as English ones, in the wordings that the pocket model was trained on."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from runtime.pocket.chinese import CHINESE
from runtime.pocket.chinese.arrange import Item, Part, arranged, kind
from runtime.pocket.chinese.grammar import parts
from runtime.pocket.chinese.lexicon import Lexicon, Sense, lexicon
from runtime.pocket.chinese.phrase import UNCOUNTED, Noun, adjunct, is_plural, plural
from runtime.pocket.chinese.segment import words

SENTENCE = re.compile(r"[。？?！!；;\n]+")
SLOT = re.compile(r"\{(\w+)(?::(\w+))?\}")
ASKED = re.compile(
    r"\b(what|how many)((?: (?!(?:in|on|at|with|of|for|from|to|behind|beside|under|above|next|around|between|near"
    r"|outside|up|down)\b|\w+ing\b)[\w'-]+)*)"
)
OWNERS = {"it": "its", "he": "his", "she": "her", "they": "their"}
WHAT = re.compile(r"什么(?:东西|物体|物品)?(?=$|在|正|最|和|[里上下内](?!装|衣))|(?<=用)什么(?!颜色)(?=.$)")
"""Where the word stands for a thing by itself."""
SAID_APART = re.compile(r"[一二两三四五六七八九十几多这那某另].+")
"""Numbers that the dictionary has in one word with a measure word; here the noun may look like one: 这个碗."""
ALTERNATIVE = "还是"


def english_question(text: str) -> str:
    """The question in English; text without Chinese comes back as it was.

    What no pattern covers is put into English word order; words that the dictionary does not know are left out, and a
    question of nothing but such words comes back unchanged.
    """
    if not CHINESE.search(text):
        return text
    asked = [_sentence(part) for part in SENTENCE.split(text.translate(_dictionary().simplified)) if part.strip()]
    return " ".join(part for part in asked if part) or text


def _sentence(text: str) -> str:
    tidy, patterns = _rules()
    for rule, replacement in tidy:
        text = rule.sub(replacement, text)
    filled = (_filled(english, found) for rule, english in patterns if (found := rule.fullmatch(text)))
    said = next((english for english in filled if english), "") or _read(text)
    return said[:1].upper() + said[1:]


def _filled(english: str, found: re.Match[str]) -> str:
    """The pattern's English with its parts put in; empty where one of them has no words."""
    said = [SLOTS[how or "the"](found[name]) for name, how in SLOT.findall(english)]
    return SLOT.sub(lambda _: said.pop(0), english) if all(said) else ""


def _read(text: str) -> str:
    """A question that is built like a statement: what is asked for, or "is", goes to the front."""
    text = WHAT.sub("什么物件", text)
    if found := re.fullmatch(r"(.+)的是(什么.+)", text):  # 坐在树上的是什么动物
        done, asked = found.groups()
        items = _parts(done)
        leads = bool(items) and (isinstance(items[0], Noun) or getattr(items[0], "bare", False))
        text = done + asked if leads else asked + done
    items = _parts(text.removesuffix("吗"))
    if not items:
        return ""
    if len(items) == 2 and isinstance(place := items[0], Noun) and place.where and isinstance(items[1], Noun):
        items[0] = Part("adjunct", adjunct(place), bare=True)  # 河上是什么
    subject = next((item for item in items if isinstance(item, Noun)), None)
    existing = _exists(items)
    if subject and subject.determiner is None and not existing and not isinstance(_wanted(items), Noun):
        subject.determiner = "" if subject.noun.rstrip(UNCOUNTED) in OWNERS else "the"
    if text.endswith("吗"):
        return _yes_or_no(items, subject, existing)
    statement = _tidy(arranged(items))
    if not (found := ASKED.search(statement)):
        return f"{statement}?"
    asked = found[1] + found[2].removesuffix(" object")
    before, after = statement[: found.start()].strip(), statement[found.end() :].strip()
    be = "are" if found[1] == "how many" or _several(subject) else "is"
    if not before:
        return f"{asked} {be} {after or ('there' if found[1] == 'how many' else 'this')}?"
    if before.endswith(" with") and any(kind(item) == "there" for item in items):
        does = "do" if _several(subject) else "does"
        return " ".join(f"{asked} {does} {before.removesuffix(' with')} have {after}".split()) + "?"
    if before.split(" ", 1)[0].endswith("ing") or before.split(" ", 1)[0] in ("in", "on", "at", "with"):
        return f"{asked} {be} {before} {after}".strip() + "?"
    return " ".join(f"{asked} {'are' if _several(subject) else 'is'} {before} {after}".split()) + "?"


def _yes_or_no(items: list[Item], subject: Noun | None, existing: bool) -> str:
    if existing and isinstance(items[0], Noun) and subject is items[0]:
        have = _tidy(arranged(items)).replace(" with ", " have ", 1)
        return f"{'do' if _several(subject) else 'does'} {have}?"
    if existing and subject:
        return f"{'are' if _several(subject) else 'is'} there {_tidy(arranged(items))}?"
    last = items[-1]
    if isinstance(subject, Noun) and not isinstance(last, Noun) and last.kind == "adjective" and len(items) > 1:
        return f"{'are' if _several(subject) else 'is'} {_tidy(arranged(items[:-1]))} {last.text}?"
    if len(items) == 2 and isinstance(last, Noun) and isinstance(items[0], Noun):
        return f"{'are' if _several(subject) else 'is'} {_tidy(items[0].text('the'))} {last.text()}?"
    return f"{'are' if _several(subject) else 'is'} {_tidy(arranged(items))}?"


def _exists(items: list[Item]) -> bool:
    """Whether the clause says that something is there."""
    return any(kind(item) == "there" for item in items)


def _wanted(items: list[Item]) -> Item | None:
    """The noun that is asked for, where it is the first."""
    nouns = [item for item in items if isinstance(item, Noun)]
    return nouns[0] if nouns and nouns[0].determiner in ("what", "how many") else None


def _several(noun: Noun | None) -> bool:
    if noun is None:
        return False
    if noun.noun.endswith(UNCOUNTED) and noun.noun != "they~":
        return False
    return noun.determiner in ("these", "many", "two", "three", "four") or is_plural(noun.noun) or noun.noun == "they~"


def _tidy(statement: str) -> str:
    """With the pronouns' own forms, and places taken as known."""
    statement = re.sub(r"\b(?:the |an? )?(it|he|she|they)('s)?\b", lambda f: OWNERS[f[1]] if f[2] else f[1], statement)
    return re.sub(r"\b(in|on|at|under|behind|beside|above|from|around|between|near) an? ", r"\1 the ", statement)


def _parts(text: str) -> list[Item]:
    return parts(words(text, _dictionary()))


def _noun(text: str) -> Noun | None:
    """The text as one noun phrase; what is asked about a cup of coffee is asked about the coffee."""
    items = _parts(text)
    if len(items) != 1 or not isinstance(noun := items[0], Noun):
        return None
    return replace(noun, measure="") if noun.determiner == "the" else noun


def _the(text: str) -> str:
    noun = _noun(text)
    said = re.sub(r"^an? ", "the ", noun.text("the") if noun else arranged(_parts(text)))
    if noun and noun.determiner == "these" and noun.noun.endswith(UNCOUNTED):
        said = said.replace("these", "this", 1)
    if noun and noun.determiner is None and not said.startswith("the "):
        said = f"the {said}"
    return _tidy(said)


def _is(text: str) -> str:
    said = _the(text)
    return said and f"{'are' if _several(_noun(text)) else 'is'} {said}"


def _own(text: str) -> str:
    said, noun = _the(text), _noun(text)
    if noun is None or noun.after:
        return ""
    return OWNERS.get(said, f"{said}'s" if said else "")


def _kind(text: str) -> str:
    noun = _noun(text)
    return replace(noun, determiner="", measure="").text() if noun else _said(text)


def _one(text: str) -> str:
    noun = _noun(text)
    return noun.text() if noun else _said(text)


def _many(text: str) -> str:
    noun = _noun(text)
    if noun is None:
        return ""
    return replace(noun, determiner="", measure="", noun=_plural(noun.noun)).text()


def _plural(noun: str) -> str:
    return noun if noun.endswith(UNCOUNTED) else plural(noun)


def _said(text: str) -> str:
    return _tidy(arranged(_parts(text)))


def _either(text: str) -> str:
    choices = [_said(re.sub(r"^[是在]", "", part)) for part in text.split(ALTERNATIVE)]
    return ", ".join(choices[:-1]) + f" or {choices[-1]}" if all(choices) else ""


SLOTS: dict[str, Callable[[str], str]] = {
    "the": _the,
    "is": _is,
    "own": _own,
    "kind": _kind,
    "one": _one,
    "many": _many,
    "said": _said,
    "either": _either,
}


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "questions.toml").read_text(encoding="utf-8"))


@cache
def _rules() -> tuple[list[tuple[re.Pattern[str], str]], list[tuple[re.Pattern[str], str]]]:
    tidy = [(re.compile(rule), replacement) for rule, replacement in _data()["tidy"]]
    return tidy, [(re.compile(pattern["zh"]), pattern["en"]) for pattern in _data()["patterns"]]


@cache
def _dictionary() -> Lexicon:
    """The dictionary, in which words that ask and pronouns, which searches do without, come first."""
    known = lexicon()
    kept = {
        word: reading
        for word, senses in known.words.items()
        if (reading := {kind: sense for kind, sense in senses.items() if not _only_searched(word, kind)})
    }
    own = {
        word: {kind: Sense(kind, english)}
        for kind, entries in _data()["words"].items()
        for english, chinese in entries.items()
        for word in chinese
    }
    return Lexicon(kept | own, known.longest, known.simplified)


def _only_searched(word: str, kind: str) -> bool:
    """Whether the dictionary has the word so only for searches."""
    if kind == "number":
        return SAID_APART.fullmatch(word) is not None
    return kind in ("start", "end") or (kind == "dropped" and word.endswith(("的", "有")))
