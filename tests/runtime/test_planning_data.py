"""The examples for learning to plan: what every one of them must keep, and that they are far from what is measured."""

from __future__ import annotations

import json
import random
import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from runtime.pocket.training import phrasings as words
from runtime.pocket.training.phrasings import LANGUAGES, REFERENCES, SLOT, Lang, phrasings
from runtime.pocket.training.planning import ACTIONS, LOOKING, PlanningExample, examples, plain
from runtime.pocket.training.references import ORDER, missing, missing_several

ROOT = Path(__file__).parents[2]
CHATS = words.FOLDER.parent / "chats.toml"
REPLIES = CHATS.with_name("replies.toml")
HELD_OUT = ROOT / "evals" / "data" / "planning.jsonl"
# What anybody says, in one way only: it may be both learned and measured.
COMMONPLACE = {
    "hi",
    "hello",
    "thanks",
    "thank you",
    "good morning",
    "what can you do",
    "你好",
    "谢谢",
    "再见",
    "早上好",
}


@pytest.fixture(scope="module")
def sample() -> list[PlanningExample]:
    return list(examples(seed=7, count=6000))


def test_the_same_seed_gives_the_same_examples(sample: list[PlanningExample]) -> None:
    assert list(examples(seed=7, count=300)) == sample[:300]
    assert list(examples(seed=8, count=300)) != sample[:300]


def test_actions_and_languages_are_balanced(sample: list[PlanningExample]) -> None:
    counts = Counter((example.action, example.lang) for example in sample)
    assert set(counts) == {(action, lang) for action in ACTIONS for lang in LANGUAGES}
    assert set(counts.values()) == {6000 // len(counts)}


def test_messages_hardly_repeat(sample: list[PlanningExample]) -> None:
    assert len({example.text for example in sample}) > 0.85 * len(sample)


def test_every_example_is_consistent(sample: list[PlanningExample]) -> None:
    for example in sample:
        assert example.text.strip()
        assert "{" not in example.text + "".join(example.earlier)
        assert set(example.use) <= set(example.handles)
        assert example.new == example.handles[len(example.handles) - len(example.new) :]
        assert len(example.handles) <= 4
        assert len(example.earlier) <= 2
        assert bool(example.use) <= (example.action in LOOKING)


def test_looking_needs_a_picture(sample: list[PlanningExample]) -> None:
    """Only a search can do without."""
    looking = [example for example in sample if example.action in LOOKING and example.action != "search_images"]
    assert all(example.use for example in looking)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_words_about_a_picture_are_asked_back_without_one(lang: Lang) -> None:
    """The same words are learned both ways: with a picture as its action, without as a question back."""
    asked = [e for e in examples(seed=3, count=12_000) if e.lang == lang and e.action == "ask_user" and not e.handles]
    said = " ".join(plain(example.text) for example in asked)
    for action in ("caption", "vqa", "read_text", "vary_image"):
        fixed = {plain(t) for g in phrasings(lang).groups[action] for t in g.templates if "{" not in t and len(t) > 3}
        assert any(template in said for template in fixed), action


def test_a_picture_named_but_not_there_is_asked_back(sample: list[PlanningExample]) -> None:
    for example in sample:
        named = {f"img{number}" for number in re.findall(r"img(\d+)", example.text.lower())}
        if not named <= set(example.handles):
            assert example.action == "ask_user", example
        elif named and example.action in LOOKING:
            assert set(example.use) == named, example


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    "handles", [(), ("img1",), ("img1", "img2"), ("img3", "img7"), ("img3", "img4", "img5", "img6")]
)
def test_what_is_missing_is_not_there(lang: Lang, handles: tuple[str, ...]) -> None:
    known, rng = phrasings(lang), random.Random(7)
    there = {phrase for place in ORDER[: len(handles)] for phrase in known.references[place]}
    for _ in range(300):
        phrase = missing(known, handles, rng)
        assert phrase not in there
        assert not {f"img{number}" for number in re.findall(r"\d+", phrase)} & set(handles)
        several = missing_several(known, handles, rng)
        named = {f"img{number}" for number in re.findall(r"img(\d+)", several)}
        assert not named or not named <= set(handles)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_picture_may_be_missing_where_others_are(lang: Lang, sample: list[PlanningExample]) -> None:
    asked = [e for e in sample if e.lang == lang and e.action == "ask_user"]
    assert 0.35 < sum(bool(e.handles) for e in asked) / len(asked) < 0.6
    places = [phrase for place in ORDER[2:] for phrase in phrasings(lang).references[place]]
    assert any(len(e.handles) == 2 and any(phrase in e.text for phrase in places) for e in asked)


def test_the_first_picture_is_the_first(sample: list[PlanningExample]) -> None:
    firsts = [e for e in sample if e.action in LOOKING and ("first picture" in e.text or "第一张图" in e.text)]
    assert firsts
    assert all(example.use[0] == "img1" for example in firsts)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_templates_use_known_slots(lang: Lang) -> None:
    known = phrasings(lang)
    for groups in known.groups.values():
        for group in groups:
            for template in (*group.templates, *group.after):
                slots = {slot for _, slot in SLOT.findall(template)}
                assert slots <= {*known.slots, *REFERENCES}, template
                assert group.about_pictures or not slots & set(REFERENCES), template
                assert SLOT.sub("", template).count("{") == 0, template


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_action_has_many_templates_and_no_template_has_two_actions(lang: Lang) -> None:
    groups = phrasings(lang).groups
    assert set(groups) == set(ACTIONS)
    for action in ACTIONS:
        assert len({template for group in groups[action] for template in group.templates}) >= 60, action
    owners: dict[str, set[str]] = {}
    for action in ACTIONS:
        for group in groups[action]:
            if not group.after and group.when != "empty":  # these mean another thing after other words or pictures
                for template in group.templates:
                    owners.setdefault(template.lower(), set()).add(action)
    assert {template: actions for template, actions in owners.items() if len(actions) > 1} == {}


@pytest.fixture(scope="module")
def held_out() -> list[str]:
    return [json.loads(line)["text"] for line in HELD_OUT.read_text(encoding="utf-8").splitlines()]


def test_no_measured_message_is_written_here(held_out: list[str]) -> None:
    """They were written apart; training on one of them would make its score worthless."""
    groups = [group for lang in LANGUAGES for groups in phrasings(lang).groups.values() for group in groups]
    written = {plain(template) for group in groups for template in (*group.templates, *group.after)}
    chats = tomllib.loads(CHATS.read_text(encoding="utf-8"))
    written |= {plain(prompt) for prompts in chats.values() for prompt in prompts}
    assert written & {plain(text) for text in held_out} <= {plain(text) for text in COMMONPLACE}


def test_no_measured_message_is_learned(held_out: list[str]) -> None:
    """Filled slots may hit upon one by chance: training leaves those out, and only those."""
    barred = {plain(text) for text in held_out}
    assert all(plain(example.text) not in barred for example in examples(seed=0, count=40_000, without=held_out))


def test_leaving_out_is_by_words_alone(sample: list[PlanningExample]) -> None:
    unwanted = sample[0].text
    made = list(examples(seed=7, count=1, without=[f" {unwanted.upper()}!"]))
    assert plain(made[0].text) != plain(unwanted)
    assert made[0].action == sample[0].action


def test_there_are_chats_to_keep_talking() -> None:
    chats = tomllib.loads(CHATS.read_text(encoding="utf-8"))
    assert len(set(chats["en"])) == len(chats["en"]) >= 250
    assert len(set(chats["zh"])) == len(chats["zh"]) >= 110


@pytest.mark.parametrize("lang", LANGUAGES)
def test_written_replies_are_short_and_in_their_language(lang: Lang) -> None:
    pairs = tomllib.loads(REPLIES.read_text(encoding="utf-8"))[lang]
    assert len(pairs) >= 170
    said = Counter(plain(message) for message, _ in pairs)
    assert [message for message, times in said.items() if times > 1 or not message] == []
    for message, reply in pairs:
        assert message == message.strip()
        assert reply == reply.strip()
        assert 0 < len(reply) <= 200, message
        if lang == "zh":
            assert re.search(r"[\u4e00-\u9fff]", reply), message
