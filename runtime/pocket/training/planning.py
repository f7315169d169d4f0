"""Examples for learning to plan: a message and its circumstances, and the action it wants.

Messages come from templates (see `phrasings/`), so their number is endless; what is learned from them is measured on
messages that people wrote (`evals/data`), never on these.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import repeat

from runtime.pocket.training.phrasings import LANGUAGES, Group, Lang, Phrasings, phrasings
from runtime.pocket.training.references import missing, missing_several, to_one, to_several
from runtime.pocket.training.surface import lowered, roughen

ACTIONS = (
    "answer",
    "ask_user",
    "caption",
    "vqa",
    "read_text",
    "generate_image",
    "vary_image",
    "search_images",
    "search_documents",
    "remember",
    "recall",
    "forget",
)
LOOKING = ("caption", "vqa", "read_text", "vary_image", "search_images")


@dataclass(frozen=True)
class PlanningExample:
    """A user's turn and what it asks for.

    Attributes:
        text: the message.
        lang: its language.
        handles: the pictures of the conversation, oldest first.
        new: those attached to this message, the last of `handles`.
        earlier: what the same user said before, oldest first.
        action: the one to take.
        use: the pictures it concerns, in their order; none for actions that look at no picture.
    """

    text: str
    lang: Lang
    handles: tuple[str, ...]
    new: tuple[str, ...]
    earlier: tuple[str, ...]
    action: str
    use: tuple[str, ...]


def plain(text: str) -> str:
    """Return a message without what does not tell it from another: case, spaces, punctuation."""
    return "".join(letter for letter in text.lower() if letter.isalnum())


def examples(seed: int, count: int, without: Collection[str] = ()) -> Iterator[PlanningExample]:
    """Yield `count` examples, the same for the same seed, with every action in every language equally often.

    Messages that are `plain`ly one of `without`, say of those to measure with, are left out.
    """
    barred = {plain(text) for text in without}
    rng = random.Random(seed)
    pairs = [(action, lang) for action in ACTIONS for lang in LANGUAGES]
    for number in range(count):
        if number % len(pairs) == 0:
            rng.shuffle(pairs)
        action, lang = pairs[number % len(pairs)]
        made = (_example(action, lang, rng) for _ in repeat(None))
        yield next(example for example in made if plain(example.text) not in barred)


def _example(action: str, lang: Lang, rng: random.Random) -> PlanningExample:
    words = phrasings(lang)
    why = rng.choices(("vague", "lost", "unknown"), (36, 24, 40))[0] if action == "ask_user" else ""
    if why == "unknown":
        return _unknown_picture(words, lang, rng)
    lost = why == "lost"
    group, template = _pick(_pictured(words) if lost else words.groups[action], rng)
    handles, new = ((), ()) if lost else _pictures(group.when, "{pics}" in template, rng)
    text, use = _referring(words.fill(template, rng), group, words, handles, new, rng)
    return PlanningExample(
        text=roughen(text, lang, rng),
        lang=lang,
        handles=handles,
        new=new,
        earlier=_earlier(words, lang, handles, rng, group),
        action=action,
        use=use if action in LOOKING else (),
    )


def _unknown_picture(words: Phrasings, lang: Lang, rng: random.Random) -> PlanningExample:
    """A request about a picture that the conversation does not have, mostly where others are there."""
    pointing = [t for group in _pictured(words) for t in group.templates if "{pic}" in t or "{pics}" in t]
    handles, new = _pictures(rng.choices(("picture", "empty"), (85, 15))[0], False, rng)
    text = words.fill(rng.choice(pointing), rng).replace("{pic}", missing(words, handles, rng))
    text = text.replace("{pics}", missing_several(words, handles, rng))
    earlier = _earlier(words, lang, handles, rng)
    return PlanningExample(roughen(text, lang, rng), lang, handles, new, earlier, "ask_user", ())


def _pictured(words: Phrasings) -> tuple[Group, ...]:
    return tuple(g for action in LOOKING for g in words.groups[action] if g.about_pictures and not g.after)


def _pick(groups: tuple[Group, ...], rng: random.Random) -> tuple[Group, str]:
    """Any template of any group, all alike."""
    group = rng.choices(groups, [len(g.templates) for g in groups])[0]
    return group, rng.choice(group.templates)


def _pictures(when: str, many: bool, rng: random.Random) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Which pictures are there, and which of them came with the message."""
    if when == "empty":
        return (), ()
    if many or when == "several":
        total = rng.choice((2, 2, 2, 3, 3, 4))
        fresh = rng.choice((0, 1, 2, 2))
    elif when == "single":
        total, fresh = 1, rng.choice((0, 1))
    elif when in ("picture", "attached"):
        total = rng.choices((1, 2, 3, 4), (45, 25, 20, 10))[0]
        fresh = rng.choices((0, 1, 2), (0 if when == "attached" else 45, 45, 10))[0]
    else:
        total = rng.choices((0, 1, 2, 3, 4), (45, 25, 15, 10, 5))[0]
        fresh = 0 if when == "alone" else rng.choices((0, 1, 2), (85, 12, 3))[0]
    numbers = sorted(rng.sample(range(1, 9), total)) if rng.random() < 0.1 else range(1, total + 1)
    handles = tuple(f"img{number}" for number in numbers)
    return handles, handles[max(0, total - fresh) :]


def _referring(
    text: str, group: Group, words: Phrasings, handles: tuple[str, ...], new: tuple[str, ...], rng: random.Random
) -> tuple[str, tuple[str, ...]]:
    """Name the pictures meant; a message that names none means the attached ones, or else the newest."""
    if "{pics}" in text:
        phrase, use = to_several(words, handles, new, rng)
        return text.replace("{pics}", phrase), use
    if group.action == "vqa" and handles and group.when == "picture" and "{pic}" not in text and rng.random() < 0.25:
        text = rng.choice(words.references["pointers"]).replace("{text}", lowered(text))
    if "{pic}" in text:
        phrase, use = to_one(words, handles, new, rng)
        return text.replace("{pic}", phrase), use
    if group.when == "several":
        return text, new if len(new) > 1 else handles
    if group.about_pictures:
        return text, handles[-1:] if group.action == "vary_image" or not new else new
    return text, ()


def _earlier(
    words: Phrasings, lang: Lang, handles: tuple[str, ...], rng: random.Random, group: Group | None = None
) -> tuple[str, ...]:
    """What was said before, of any kind, so that it tells nothing; only a follow-up has what it follows."""
    said = [_remark(words, lang, handles, rng) for _ in range(rng.choices((0, 1, 2), (50, 30, 20))[0])]
    if group and group.after:
        before = words.fill(rng.choice(group.after), rng)
        said = [*said[:1], roughen(before, lang, rng)]
    elif group and group.when == "following" and not said:
        said = [_remark(words, lang, handles, rng)]
    return tuple(said)


def _remark(words: Phrasings, lang: Lang, handles: tuple[str, ...], rng: random.Random) -> str:
    groups = tuple(
        g
        for action in ACTIONS
        for g in words.groups[action]
        if not g.after and (g.when in ("any", "alone") or (g.when == "picture" and handles))
    )
    _, template = _pick(groups, rng)
    text = words.fill(template, rng)
    if "{pics}" in text:
        text = text.replace("{pics}", rng.choice(words.references["both"]))
    if "{pic}" in text:
        text = text.replace("{pic}", to_one(words, handles, (), rng)[0])
    return roughen(text, lang, rng)
