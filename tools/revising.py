"""An instruction worked into the prompt of a picture that vistalk drew: "make it blue", "with a hat", 再来一张.

By rules, from the user's own words alone. What no rule knows is added to the prompt as it was said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from tools.colours import asked_for, beginning, language_of, mentions, recoloured
from tools.drawing import data, rules
from tools.wording import without

KINDS = ("remove", "replace", "wear", "add", "style", "colour", "become")


@dataclass(frozen=True)
class Revision:
    """What to draw instead.

    Attributes:
        prompt: worked over.
        negative: what it should not show.
        fresh: whether it is drawn from another seed.
        strength: how far from the picture, above 0 and up to 1; None where it need not be like the picture at all.
    """

    prompt: str
    negative: str = ""
    fresh: bool = False
    strength: float | None = None


def revised(prompt: str, instruction: str) -> Revision:
    """The instruction worked into the prompt, which is empty where nothing is known of how a picture was made."""
    words, modifier = _modified(_pointing(" ".join(instruction.split())))
    revision = Revision(prompt)
    for part in re.split(data()["change"]["cut"], words, flags=re.IGNORECASE):
        revision = _changed(revision, _bare(part))
    strength = revision.strength
    if modifier and strength is not None:
        strength = data()["strength"][modifier]
    return replace(revision, prompt=revision.prompt.strip(" ,，") or instruction.strip(), strength=strength)


def _pointing(words: str) -> str:
    """The words with "it" for whatever points at the picture."""
    for rule in rules("change", "it"):
        words = rule.sub("它" if language_of(words) == "zh" else "it", words)
    return words


def _modified(words: str) -> tuple[str, str]:
    """The words without how strong the change shall be, and that."""
    for modifier in ("slightly", "strongly"):
        for rule in rules("change", modifier):
            if rule.search(words):
                return rule.sub("", words), modifier
    return words, ""


def _bare(part: str) -> str:
    """A part of an instruction without what begins and ends it."""
    before, after = rules("change", "before", form=r"\A(?:{})\s*"), rules("change", "after", form=r"\s*(?:{})\Z")
    return without(part, (*before, *after))


def _changed(revision: Revision, part: str) -> Revision:
    head, _, tail = part.partition(" with ")
    if _is("another", part):
        return replace(revision, fresh=True)
    if _is("another", head):
        return replace(_changed(revision, f"with {tail}"), fresh=True)
    if _is("like", part):
        return replace(revision, fresh=True, strength=data()["strength"]["like"])
    for kind in KINDS:
        if changed := _by_rule(kind, revision, part):
            return changed
    return _other(revision, part)


def _is(kind: str, part: str) -> bool:
    return any(rule.fullmatch(part) for rule in rules("change", kind))


def _by_rule(kind: str, revision: Revision, part: str) -> Revision | None:
    """The revision by the first rule of a kind that fits; None where none does."""
    if kind == "colour":
        return _coloured(revision, part)
    for rule in rules("change", kind):
        if match := rule.fullmatch(part):
            what = _bare(match["what"])
            if kind == "replace":
                return _replaced(revision, what, _bare(match["by"]))
            return {"remove": _removed, "wear": _worn, "add": _added, "style": _styled, "become": _become}[kind](
                revision, what
            )
    return None


def _removed(revision: Revision, what: str) -> Revision:
    """Taken out of the prompt where it stands there, else named as what should not be seen."""
    thing = re.escape(what)
    phrases = (
        rf"\s*(?:\b(?:with|and|wearing|in|on)\b)(?: an?| the| \w+){{0,3}} {thing}\b",
        f"[，,]?(?:有|和|戴)[^，]*?{thing}的?",
    )
    for phrase in phrases:
        left = re.sub(phrase, "", revision.prompt, count=1, flags=re.IGNORECASE)
        if left.strip() and left != revision.prompt:
            return _near(replace(revision, prompt=left))
    return _near(replace(revision, negative=", ".join(filter(None, (revision.negative, what)))))


def _replaced(revision: Revision, what: str, by: str) -> Revision:
    named = re.sub(data()["change"]["articles"], "", what, flags=re.IGNORECASE)
    colour = asked_for(by)
    if colour and not colour[1] and mentions(revision.prompt, named):
        return _near(replace(revision, prompt=recoloured(revision.prompt, colour[0], named)))
    if mentions(revision.prompt, named):
        instead = re.sub(data()["change"]["articles"], "", by, flags=re.IGNORECASE)
        prompt = re.sub(re.escape(named), lambda _: instead, revision.prompt, count=1, flags=re.IGNORECASE)
        return _near(replace(revision, prompt=prompt), "become")
    if re.fullmatch(data()["change"]["whole"], named, re.IGNORECASE):
        return _changed(revision, by)
    return _other(revision, by)


def _worn(revision: Revision, what: str) -> Revision:
    prompt = revision.prompt
    if language_of(prompt) == "en":
        return _joined(revision, "wear", what)
    place = beginning(prompt)
    worn = str(data()["change"]["joined"]["zh"]["wear"]).format(what=what)
    return _near(replace(revision, prompt=prompt[:place] + worn + prompt[place:]))


def _added(revision: Revision, what: str) -> Revision:
    more = re.search(r"\bwith\b|有", revision.prompt)
    return _joined(revision, "more" if more else "add", what)


def _styled(revision: Revision, what: str) -> Revision:
    """In another style, in the place of one that the prompt has already."""
    for rule in rules("change", "styled"):
        revision = replace(revision, prompt=rule.sub("", revision.prompt))
    return _near(_joined(revision, "style", what), "style")


def _become(revision: Revision, what: str) -> Revision:
    return _near(replace(revision, prompt=what), "become")


def _coloured(revision: Revision, part: str) -> Revision | None:
    asked = asked_for(part)
    if asked is None:
        return None
    colour, thing = asked
    if not revision.prompt:
        return _near(replace(revision, prompt=part))
    if not thing or mentions(revision.prompt, thing):
        return _near(replace(revision, prompt=recoloured(revision.prompt, colour, thing)))
    if _is("become", part):
        return None
    return _other(revision, f"{colour} {thing}" if language_of(part) == "en" else part)


def _other(revision: Revision, part: str) -> Revision:
    return _joined(revision, "other", part) if part else _near(revision)


def _joined(revision: Revision, how: str, what: str) -> Revision:
    form = str(data()["change"]["joined"][language_of(revision.prompt or what)][how])
    return _near(replace(revision, prompt=form.format(prompt=revision.prompt, what=what)))


def _near(revision: Revision, kind: str = "change") -> Revision:
    return replace(revision, strength=max(revision.strength or 0, data()["strength"][kind]))
