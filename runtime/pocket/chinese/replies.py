"""English answers and simple captions as Chinese: a small grammar, which gives up rather than guess.

A caption is read as somebody or something, what they do, to what, and where; Chinese says who, where, what they do, to
what. A text with one word that is not known, or that is built otherwise, is handed on in English and said to be so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from runtime.pocket.chinese import CHINESE
from runtime.pocket.chinese.english import Word, english_words, replies

TOKEN = re.compile(r"[a-z0-9]+(?:[-'][a-z0-9]+)*|,")
NUMBER = re.compile(r"[\d:.,/ %$-]*\d[\d:.,/ %$-]*|\W+")
LONGEST = 6
"""Words of an entry."""
POSTURE = re.compile(r"[坐站躺趴靠蹲跪停挂]|停放|睡觉")
LASTING = re.compile(r"[拿抱穿戴骑背牵看推拉追端举带]")
"""Verbs that take 着 before their object."""
WORN_ON = re.compile(r"帽|镜|头盔|手套|项链|手表|围巾|领带|口罩|耳环|面具|戒指|背包")
ARTICLES = ("a", "an", "the")
BY_ITSELF = re.compile(
    r"奔跑|行走|跳跃|玩耍|游泳|攀爬|睡觉|飞行|冲浪|跳舞|徒步|拍照|滑.|打.{1,3}|踢足球|骑[^着]+|说话|做.+|摆.+"
)
"""Verbs that take no object, or have theirs."""
COLOURS = re.compile(r"颜色|什么色")


def chinese_reply(text: str, question: str = "") -> str:
    """The reply in Chinese; the question, in Chinese, says how to understand a word with two meanings.

    What cannot be put into Chinese whole comes back in English, marked as such.
    """
    text = text.strip()
    if not text or CHINESE.search(text):
        return text
    if NUMBER.fullmatch(text):
        return text.rstrip(".") + str(replies()["stop"])
    sentences = [part for part in re.split(r"(?<=[.!?])\s+", text) if part.strip(" .!?")]
    said = [_sentence(part.lower().strip(" .!?"), question) for part in sentences]
    if not all(said):
        return str(replies()["unread"]).format(text=text)
    return "".join(part + replies()["stop"] for part in said)


def _sentence(text: str, question: str) -> str:
    answers = replies()["answers"]
    if text in ("yes", "no"):
        there = "有" in question and not re.search(r"有.*的是", question)
        way = " there" if there else " in" if re.search(r"在[^做干拍].*[里上下中内旁边面]的?吗", question) else ""
        return str(answers[text + way])
    if text in answers:
        return str(answers[text])
    tokens = TOKEN.findall(text)
    if len(" ".join(tokens).replace(" ,", ",")) != len(text):
        return ""
    reader = _Reader(tokens)
    if not question:
        readings = (reader.colours, reader.statement, reader.listed)
    elif COLOURS.search(question):
        readings = (reader.colours, reader.listed, reader.statement)
    else:
        readings = (reader.listed, reader.statement, reader.colours)
    return next((said for reading in readings for end, said in reading(0) if end == len(tokens)), "")


@dataclass(frozen=True)
class _Thing:
    """A noun phrase. `count`: number and measure word."""

    count: str
    said: str
    word: Word

    def text(self, *, counted: bool = True) -> str:
        """In Chinese; "a" is not said where it is not counted."""
        return (self.count if counted or not self.count.startswith("一") else "") + self.said


class _Reader:
    """Readings of a part of the words; each yields where it ends and what it says, the likelier first."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens

    def words(self, at: int, kind: str) -> Iterator[tuple[int, Word]]:
        """Dictionary words of a kind, the longest first."""
        for end in range(min(len(self.tokens), at + LONGEST), at, -1):
            said = self.tokens[at:end]
            if kind == "verb" and said[-1] not in ARTICLES:
                said = [token for token in said if token not in ARTICLES]
            for word in english_words().get(" ".join(said), ()):
                if word.kind == kind:
                    yield end, word

    def table(self, at: int, name: str) -> Iterator[tuple[int, str, str]]:
        """Entries of a table of replies.toml: where they end, their English and Chinese."""
        for end in range(min(len(self.tokens), at + LONGEST), at, -1):
            english = " ".join(self.tokens[at:end])
            if english in replies()[name]:
                yield end, english, replies()[name][english]

    def colours(self, at: int) -> Iterator[tuple[int, str]]:
        """One adjective or several, by themselves."""
        for end, word in self.words(at, "adjective"):
            for more in self.joined(end):
                for last, rest in self.colours(more):
                    yield last, f"{word.by_itself}和{rest}"
            yield end, word.by_itself

    def joined(self, at: int) -> Iterator[int]:
        """Past "and" or a comma."""
        rest = self.tokens[at : at + 2]
        if rest == [",", "and"]:
            yield at + 2
        if rest[:1] in (["and"], [","]):
            yield at + 1

    def listed(self, at: int) -> Iterator[tuple[int, str]]:
        """Noun phrases by themselves, adjuncts or activities."""
        for end, thing in self.thing(at):
            said = thing.text(counted=bool(at) or thing.count[:1] not in ("一",))
            for more in self.joined(end):
                for last, rest in self.listed(more):
                    yield last, f"{said}和{rest}"
            yield end, said
        for end, where in self.adjunct(at):
            yield end, where
        for end, done in self.done(at, ""):
            yield end, done

    def statement(self, at: int) -> Iterator[tuple[int, str]]:
        """Who or what, and what they do or where they are."""
        if self.tokens[at : at + 2] in (["there", "is"], ["there", "are"]):
            for end, thing in self.things(at + 2):
                for last, where in [*self.adjuncts(end), (end, "")]:
                    yield last, f"{where.removeprefix('在')}有{thing}"
            return
        if self.tokens[at : at + 2] in (["this", "is"], ["it", "is"]):
            for end, thing in self.things(at + 2):
                yield end, f"这是{thing}"
        for end, who in self.things(at):
            be = end + (self.tokens[end : end + 1] in (["is"], ["are"]))
            for last, done in self.doing(be):
                yield last, f"{who}{done}"
            for last, where in self.adjuncts(be):
                yield last, f"{who}{where}"
            if be > end:
                for last, word in self.words(be, "adjective"):
                    yield last, f"{who}是{word.by_itself}的"
                for last, thing in self.things(be):
                    yield last, f"{who}是{thing}"
            if end < len(self.tokens) or self.tokens[at] in ("a", "an", "two", "three", "four", "some", "several"):
                yield end, who

    def things(self, at: int) -> Iterator[tuple[int, str]]:
        """One noun phrase, or two with "and"."""
        for end, thing in self.thing(at):
            for more in self.joined(end):
                for last, other in self.things(more):
                    yield last, f"{thing.text()}和{other}"
            yield end, thing.text()

    def thing(self, at: int) -> Iterator[tuple[int, _Thing]]:
        """A noun with its number and what describes it."""
        for end, thing in self.named(at):
            for last, wearing in self.described(end):
                yield last, _Thing(thing.count, wearing + thing.said, thing.word)
            if self.tokens[end : end + 1] == ["of"]:
                for last, whole in self.thing(end + 1):
                    yield last, _Thing(thing.count, f"{whole.text(counted=False)}的{thing.said}", thing.word)
            yield end, thing

    def named(self, at: int) -> Iterator[tuple[int, _Thing]]:
        for start, _, group in self.table(at, "groups"):
            for end, said, word in self.qualified(start):
                yield end, _Thing(group, said, word)
        for start, english, count in [*self.table(at, "determiners"), (at, "", "")]:
            for end, said, word in self.qualified(start):
                counts = count in ("一", "两", "另一", "几", "这", "那") or len(count) == 1
                whose = count if not (word.group == "body" and english in ("his", "her", "its", "their")) else ""
                yield end, _Thing(count + word.measure if counts and count else whose, said, word)

    def qualified(self, at: int) -> Iterator[tuple[int, str, Word]]:
        """Adjectives and nouns before a noun, and the noun."""
        for end, word in self.words(at, "noun"):
            for last, said, head in self.qualified(end):
                yield last, word.chinese + said, head
            yield end, word.chinese, word
        for end, word in self.words(at, "adjective"):
            for start in [*self.joined(end), end]:
                for last, said, head in self.qualified(start):
                    alone = len(word.chinese) > 1 and word.chinese not in ("黑白", "浅蓝", "深蓝", "金属")
                    yield last, word.chinese + ("的" if alone else "") + said, head

    def described(self, at: int) -> Iterator[tuple[int, str]]:
        """What somebody wears or has, as it stands behind the noun: "in a red hat", "with long hair"."""
        opening = self.tokens[at : at + 1]
        if opening in (["in"], ["with"], ["wearing"]):
            for end, worn in self.thing(at + 1):
                for more in self.joined(end):
                    for last, other in self.thing(more):
                        if other.word.group == worn.word.group == "clothing":
                            yield last, _worn(worn, other) + "的"
                if self.tokens[end : end + 3] in (["in", whose, "mouth"] for whose in ("its", "his", "her", "their")):
                    yield end + 3, f"叼着{worn.text()}的"
                if worn.word.group == "clothing":
                    yield end, _worn(worn) + "的"
                elif opening == ["with"] and worn.word.group == "body":
                    yield end, f"有{worn.text(counted=False)}的"

    def doing(self, at: int) -> Iterator[tuple[int, str]]:
        """What is done, with what else is done at the same time."""
        for end, done in self.done(at, "正在"):
            rest = self.tokens[end : end + 1]
            if rest in (["while"], ["and"], [","]):
                for last, also in self.done(end + 1, ""):
                    yield last, f"{done}，{also}"
            yield end, done

    def done(self, at: int, going_on: str) -> Iterator[tuple[int, str]]:
        """A verb with its object and where it happens."""
        for start, _, goal in self.goal(at):
            for end, thing in self.thing(start):
                for last, where in [*self.adjuncts(end), (end, "")]:
                    yield last, (where or going_on) + goal.replace("{n}", thing.text(counted=False))
        for start, word in self.words(at, "verb"):
            verb = word.chinese.removesuffix("着")
            for end, what in () if BY_ITSELF.fullmatch(verb) else self.objects(start):
                for last, where in [*self.adjuncts(end), (end, "")]:
                    said = f"{verb}着" if LASTING.fullmatch(verb) else f"{'' if where else going_on}{verb}"
                    worn = self.tokens[at].startswith("wear")  # the object says already how it is worn
                    yield last, f"{where}{what}" if worn else f"{where}{said}{what}"
            for end, where in self.adjuncts(start):
                if POSTURE.fullmatch(verb) and where.startswith("在") and verb != "睡觉":
                    yield end, f"{verb}{where}"
                else:
                    yield end, f"{where}{verb}{'着' if LASTING.fullmatch(verb) else ''}"
            lasts = POSTURE.fullmatch(verb) and len(verb) == 1
            yield start, f"{verb}着" if lasts else f"{going_on}{verb}"

    def goal(self, at: int) -> Iterator[tuple[int, str, str]]:
        """A verb with its way or goal, in any form of the verb."""
        for end in range(min(len(self.tokens), at + 3), at, -1):
            verb, *rest = self.tokens[at:end]
            for english, chinese in replies()["goals"].items():
                first, *others = english.split()
                if others == rest and _verb(first) == _verb(verb) is not None:
                    yield end, english, chinese

    def objects(self, at: int) -> Iterator[tuple[int, str]]:
        worn = self.tokens[at - 1].startswith("wear")
        for end, thing in self.thing(at):
            said = _worn(thing) if worn else thing.text()
            for more in self.joined(end):
                for last, other in self.thing(more):
                    yield last, _worn(thing, other) if worn else f"{said}和{other.text()}"
            yield end, said

    def adjuncts(self, at: int) -> Iterator[tuple[int, str]]:
        """Where, one or two."""
        for end, where in self.adjunct(at):
            for last, more in self.adjunct(end):
                yield last, more + where
            yield end, where

    def adjunct(self, at: int) -> Iterator[tuple[int, str]]:
        for end, _, said in self.table(at, "somewhere"):
            yield end, said
        for start, _, position in self.table(at, "places"):
            for end, thing in self.thing(start):
                noun = thing.text(counted=False)
                behind = "" if noun.endswith(("里", "上", "中", "下", "边", "处")) else position
                yield end, f"在{noun}{behind}"
        for start, english, way in self.table(at, "ways"):
            for end, thing in self.thing(start):
                alive = thing.word.group in ("animals", "people", "jobs")
                if english != "with" or alive:
                    yield end, way.replace("{n}", thing.text(counted=english == "with"))


def _verb(form: str) -> Word | None:
    return next((word for word in english_words().get(form, ()) if word.kind == "verb"), None)


def _worn(*things: _Thing) -> str:
    """What somebody wears, each with its own verb for "wearing"."""
    said = ""
    for thing in things:
        verb = "戴着" if WORN_ON.search(thing.said) else "穿着"
        said += ("和" if said.startswith(verb) else verb) + thing.text(counted=False)
    return said
