"""Chinese word order into English: what stands before 的 goes after its noun, where something happens after the verb.

A clause is read from left to right into nouns and parts (verbs, adjuncts, …); a 的 turns what was read last into a
modifier of the noun that follows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runtime.pocket.chinese.arrange import Item, Part, arranged, kind
from runtime.pocket.chinese.lexicon import Sense
from runtime.pocket.chinese.phrase import UNCOUNTED, Noun, adjunct
from runtime.pocket.chinese.segment import NOMINAL

HEADS = tuple(name for name in NOMINAL if name != "measure")
STARTS = ("number", "adjective")
BOUNDARIES = ("and", "determiner", "modifier")
PENDING = ("adjective", "determiner", "modifier")
LASTING = ("up", "down", "back", "away")
"""Directions that a verb keeps where no noun follows."""


def clause(senses: Sequence[Sense]) -> str:
    """The English of one clause."""
    return arranged(parts(senses))


def parts(senses: Sequence[Sense]) -> list[Item]:
    """The nouns and parts of one clause, in Chinese order."""
    reader = _Reader(senses)
    reader.read()
    return reader.stack


@dataclass(slots=True)
class _Modifier(Part):
    """A modifier whose noun has not come yet."""

    items: Sequence[Item] = ()


class _Reader:
    def __init__(self, senses: Sequence[Sense]) -> None:
        self.senses = senses
        self.at = 0
        self.stack: list[Item] = []

    def read(self) -> None:
        while self.at < len(self.senses):
            if noun := self.noun():
                self.push(noun)
                continue
            sense = self.senses[self.at]
            self.at += 1
            if sense.kind == "of":
                self.modify()
            elif sense.kind == "and" and self.next_kind() in (*HEADS, *STARTS) and self.top() != "noun":
                self.stack.append(Part("coverb", "with"))
            elif sense.kind == "complement":
                self.direct(sense.english)
            elif sense.kind == "position":
                self.stack.append(Part("adjunct", sense.english.removesuffix(" of"), bare=True))
            elif sense.kind == "there":
                self.stack.append(Part("there", "with"))
            elif sense.kind == "number":
                self.stack.append(Part("determiner", sense.english))
            elif sense.kind == "staying":
                self.stack += [Part("verb", sense.english), Part("coverb", "in")]
            elif sense.kind in ("verb", "adverb", "adjective", "and", "coverb", "object", "by"):
                if sense.kind == "verb" and self.top() == "coverb":  # 在 before a verb: it is going on
                    self.stack.pop()
                self.stack.append(Part(sense.kind, sense.english))

    def next_kind(self, ahead: int = 0) -> str:
        return self.senses[self.at + ahead].kind if self.at + ahead < len(self.senses) else ""

    def top(self) -> str:
        return kind(self.stack[-1]) if self.stack else ""

    def noun(self) -> Noun | None:
        """Read a noun with its number, measure, adjectives and nouns before it; read nothing where there is none."""
        if self.says_what_it_is_like():
            return None
        determiner, measure = None, ""
        adjectives: list[str] = []
        heads: list[Sense] = []
        at = self.at
        while at < len(self.senses):
            sense = self.senses[at]
            after = self.senses[at + 1].kind if at + 1 < len(self.senses) else ""
            if sense.kind in HEADS:
                place = sense.kind == "place" or after == "position"
                if heads and heads[-1].kind == "living" and place and self.top() != "coverb":
                    break
                heads.append(sense)
            elif heads:
                break
            elif sense.kind == "and" and adjectives and after == "adjective":
                at += 1
                adjectives[-1] += f" and {self.senses[at].english}"
                at += at + 1 < len(self.senses) and self.senses[at + 1].kind == "of"
            elif sense.kind == "number":
                determiner = sense.english
            elif sense.kind == "measure":
                measure = sense.english
            elif sense.kind == "adjective":
                adjectives.append(sense.english)
                at += after == "of"
            else:
                break
            at += 1
        if not heads:
            return None
        self.at = at
        return _compound(heads, determiner, measure.removesuffix(" of"), adjectives)

    def push(self, noun: Noun) -> None:
        """Put a noun on the stack with what waited for it; with its position or coverb it is an adjunct."""
        while self.top() in PENDING and not (self.top() == "adjective" and self.predicate()):
            part = self.stack.pop()
            if isinstance(part, _Modifier):
                noun = _modified(noun, part.items)
            elif isinstance(part, Part) and part.kind == "adjective":
                noun.adjectives.insert(0, part.text)
            elif isinstance(part, Part) and noun.determiner is None:
                noun.determiner = part.text
        skipped = int(self.next_kind() == "of" and self.next_kind(1) == "position")
        if self.next_kind(skipped) == "position":
            position = self.senses[self.at + skipped].english
            self.at += skipped + 1
            self.stack.append(self.placed(noun, position))
        elif self.top() == "coverb" and self.next_kind() != "of":
            self.stack.append(self.placed(noun))
        elif self.top() == "and" and len(self.stack) > 1 and isinstance(first := self.stack[-2], Noun):
            self.stack[-2:] = [Noun(f"{first.text()} and {noun.text()}", first.kind, determiner="")]
        elif noun.where and noun.plain and self.next_kind() in ("verb", "there", "coverb") and self.top() != "verb":
            self.stack.append(self.placed(noun))
        else:
            self.stack.append(noun)

    def says_what_it_is_like(self) -> bool:
        """Whether an adjective comes that with the noun on top makes a modifier: 头发长的 …"""
        described = self.stack and isinstance(top := self.stack[-1], Noun) and top.kind in ("body", "noun")
        return bool(described) and self.next_kind() == "adjective" and self.next_kind(1) == "of"

    def predicate(self) -> bool:
        """Whether the adjective on top says something of the noun before it."""
        return len(self.stack) > 1 and isinstance(self.stack[-2], Noun)

    def placed(self, noun: Noun, position: str = "") -> Part:
        """The adjunct of a noun, with the coverb on top of the stack if there is one."""
        coverb = self.stack.pop() if self.top() == "coverb" else None
        if isinstance(coverb, Part) and coverb.text != "in":
            return Part("adjunct", f"{coverb.text} {noun.text('the' if noun.where else 'a')}")
        return Part("adjunct", adjunct(noun, position), bare=coverb is None)

    def direct(self, direction: str) -> None:
        """Give the verb on top its direction."""
        verb = self.stack[-1] if self.stack else None
        leads = self.next_kind() in (*HEADS, *STARTS)
        if not (isinstance(verb, Part) and direction and (leads or direction in LASTING)):
            return
        if any(kind(item) == "object" for item in self.stack):  # whose place is between the verb and its direction
            self.stack.append(Part("adverb", direction))
        else:
            verb.text += f" {direction}"

    def modify(self) -> None:
        """After 的: make what was read last a modifier of the noun that follows."""
        head = self.noun()
        if head is None and self.at == len(self.senses):
            return
        nested = head is not None and (self.next_kind() == "position" or self.waits_for(head))
        if len(self.stack) > 1 and kind(self.stack[-2]) == "coverb" and not nested:
            noun = self.stack.pop()
            self.stack.append(self.placed(noun) if isinstance(noun, Noun) else noun)
        items = self.modifier(nested, head)
        if head is None:
            self.stack.append(_Modifier("modifier", "", items=items))
        else:
            self.push(_modified(head, items))

    def waits_for(self, head: Noun) -> bool:
        """Whether a coverb before the owner wants this place rather than its owner: 在爸爸的肩膀上."""
        return bool(head.where) and len(self.stack) > 1 and kind(self.stack[-2]) == "coverb"

    def modifier(self, nested: bool, head: Noun | None) -> list[Item]:
        """Take from the stack what the 的 just read belongs to."""
        start = len(self.stack)
        while start and kind(self.stack[start - 1]) not in BOUNDARIES:
            start -= 1
        size = _span(self.stack[start:], nested, bool(head and head.kind == "body"))
        items = self.stack[len(self.stack) - size :]
        del self.stack[len(self.stack) - size :]
        return items


def _span(items: Sequence[Item], nested: bool, body: bool) -> int:
    """How many of the last items a 的 takes."""
    if len(items) < 2:
        return len(items)
    top, below = items[-1], items[-2]
    if kind(top) == "adjective":
        return 2 if isinstance(below, Noun) and below.kind != "living" else 1
    if isinstance(top, Noun) and (kind(below) == "coverb" or (body and top.kind == "living")):
        return 1
    if nested and kind(top) in ("noun", "adjunct"):
        return 1
    verbs = [index for index, item in enumerate(items) if kind(item) in ("verb", "there")]
    if isinstance(items[0], Noun):  # a subject: the first verb is the clause's own
        if len(verbs) > 1:
            return len(items) - verbs[0] - 1
        return len(items) if verbs and verbs[0] == len(items) - 1 else 1
    for index in verbs[:0:-1]:  # a verb that still waits for its object is not part of the modifier
        before = items[index - 1]
        if isinstance(before, Part) and before.kind == "verb" and before.text.endswith((" at", " to", "holding")):
            return len(items) - index
    return len(items)


def _compound(heads: Sequence[Sense], determiner: str | None, measure: str, adjectives: list[str]) -> Noun:
    """One noun of several in a row: the last is the head; times, and places of the living, go behind it."""
    *earlier, last = heads
    after: list[str] = []
    if last.kind == "time" and earlier:
        after.append(last.where)
        *earlier, last = earlier
    for sense in earlier:
        if sense.kind == "time" or (sense.kind == "place" and last.kind == "living"):
            after.append(sense.where)
        elif sense.kind == "living" and last.kind in ("body", "place"):
            adjectives.append(f"{sense.english}'s")
        else:
            adjectives.append(sense.english.rstrip(UNCOUNTED))
    return Noun(
        last.english,
        kind=last.kind,
        where=last.where,
        determiner=determiner,
        measure=measure,
        adjectives=adjectives,
        after=after,
    )


def _modified(head: Noun, items: Sequence[Item]) -> Noun:
    """The noun with one modifier, which may be a noun, an adjective, an adjunct or a whole clause."""
    if not items:
        return head
    first, last = items[0], items[-1]
    if len(items) == 1 and isinstance(first, Noun):
        _owned(head, first)
    elif len(items) == 1 and isinstance(first, Part) and first.kind == "adjective":
        head.adjectives.insert(0, first.text)
    elif kind(last) == "adjective":
        head.after.append(f"with {arranged(items)}")
    elif isinstance(first, Noun) and kind(last) == "verb":  # the noun is the verb's object
        return Noun(arranged([*items, head]), head.kind, determiner="")
    elif kind(first) == "by":
        return Noun(arranged([head, *items]), head.kind, determiner="")
    else:
        head.after.append(arranged(items, modifier=True))
    return head


def _owned(head: Noun, owner: Noun) -> None:
    """The noun with another that stands before it: whose, where, when, made of what, with what."""
    if owner.kind == "living":
        if head.determiner is None:
            head.determiner = f"{owner.text()}'s"
        else:
            head.after.append(f"of {owner.text()}")
    elif owner.determiner == "the" and not owner.measure:
        head.after.append(f"of {owner.text()}")
    elif owner.where:
        head.after.append(adjunct(owner))
    elif owner.plain and not (owner.kind == "body" and head.kind == "living"):
        head.adjectives.insert(0, owner.noun.rstrip(UNCOUNTED))
    else:
        head.after.append(f"with {owner.text()}")
