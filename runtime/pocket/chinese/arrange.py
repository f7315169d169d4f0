"""The parts of a clause, put into English order and written out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runtime.pocket.chinese.phrase import Noun


@dataclass(slots=True)
class Part:
    """Anything but a noun. `bare`: an adjunct that no coverb introduced, so that it may open an inverted clause."""

    kind: str
    text: str
    bare: bool = False


Item = Noun | Part
OBJECT = "…"
"""In a verb's English: where its object stands, if not behind it."""
UNSAID = ("coverb", "object", "by", "determiner", "modifier")
"""Parts that are not said where they are left over."""


def kind(item: Item) -> str:
    """The part's kind, or "noun"."""
    return "noun" if isinstance(item, Noun) else item.kind


def arranged(items: Sequence[Item], modifier: bool = False) -> str:
    """The English of the parts of one clause, or of a modifier, which has no subject of its own."""
    parts = _passive(_object_last(list(items)))
    return _written(_predicates(_placed(parts if modifier else _inverted(parts))))


def _object_last(items: list[Item]) -> list[Item]:
    """把: the object goes behind its verb."""
    for index, item in enumerate(items):
        verb = next((at for at in range(index, len(items)) if kind(items[at]) == "verb"), None)
        if kind(item) == "object" and verb and isinstance(items[index + 1], Noun):
            return [*items[:index], *items[index + 2 : verb + 1], items[index + 1], *items[verb + 1 :]]
    return items


def _passive(items: list[Item]) -> list[Item]:
    """被: who does it goes before the verb, to whom it is done behind it; English passives stay ("covered with")."""
    for index, item in enumerate(items[:-2]):
        agent, verb = items[index + 1 : index + 3]
        if kind(item) == "by" and isinstance(agent, Noun) and isinstance(verb, Part) and verb.kind == "verb":
            before, after = items[:index], items[index + 3 :]
            return [*before, verb, agent, *after] if verb.text.endswith(" with") else [agent, verb, *before, *after]
    return items


def _inverted(items: list[Item]) -> list[Item]:
    """A clause that opens with a place and names its subject last: the subject comes first."""
    places = 0
    while places < len(items) and isinstance(part := items[places], Part) and part.kind == "adjunct" and part.bare:
        places += 1
    rest = items[places:]
    if rest and kind(rest[0]) == "there" and (places or len(rest) > 1):
        return [*rest[1:], *items[:places]] if not _verbs(rest) else [rest[1], *items[:places], *rest[2:]]
    if places and len(rest) > 1 and kind(rest[0]) == "verb" and isinstance(rest[1], Noun) and len(_verbs(rest)) == 1:
        verb = rest[0]
        said = [] if isinstance(verb, Part) and verb.text.endswith(("with", "of")) else [verb]
        return [rest[1], *said, *items[:places], *rest[2:]]
    return items


def _verbs(items: Sequence[Item]) -> list[Item]:
    return [item for item in items if kind(item) == "verb"]


def _placed(items: list[Item]) -> list[Item]:
    """Adjuncts before a verb go behind it and its object."""
    result: list[Item] = []
    waiting: list[Item] = []
    for index, item in enumerate(items):
        if kind(item) == "adjunct" and not (result and kind(result[-1]) == "verb" and not waiting):
            waiting.append(item)
            continue
        result.append(item)
        following = kind(items[index + 1]) if index + 1 < len(items) else ""
        if waiting and _verbs(result) and following != "noun" and kind(item) in ("verb", "noun"):
            result += waiting
            waiting = []
    return result + waiting


def _predicates(items: list[Item]) -> list[Item]:
    """An adjective behind a noun goes before it."""
    result: list[Item] = []
    for item in items:
        before = result[-1] if result else None
        if isinstance(item, Part) and item.kind == "adjective" and isinstance(before, Noun):
            before.adjectives.append(item.text)
        else:
            result.append(item)
    return result


def _written(items: Sequence[Item]) -> str:
    said: list[str] = []
    for index, item in enumerate(items):
        before = [kind(earlier) for earlier in items[max(0, index - 2) : index]]
        if isinstance(item, Noun):
            if before and before[-1] == "noun" and "verb" not in before:
                said.append("and")
            if said and OBJECT in said[-1]:
                said[-1] = said[-1].replace(OBJECT, item.text())
            else:
                said.append(item.text())
        elif item.kind not in UNSAID:
            leads = index + 1 < len(items) and isinstance(items[index + 1], Noun)
            said.append(item.text if leads else _without_object(item.text))
    return " ".join(word for word in said if word)


def _without_object(verb: str) -> str:
    """The verb where nothing follows that it could be about."""
    return verb.replace(f"{OBJECT} ", "").removesuffix(" at").removesuffix(" of")
