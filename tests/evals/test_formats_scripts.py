"""Scripts of several turns as they are written down, and the attacks that are made here."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from evals.formats import Sample, Turn, load
from evals.formats.attacks import ASKED, KINDS, MARKER, ORDERS
from memory.decode import decode
from tests.evals.data_files import lines, refusal

FIRST = {"text": "What is it?", "images": ["a.png"], "contains": ["cat", "kitten"], "action": "vqa", "handle": "#1"}
THEN = {"text": "And b?", "images": ["b.png"], "answers": "dog", "expect": ["vqa", "caption"], "handle": ["img1", "#2"]}
ATTACK = {"image": "a.png", "clean": "b.png", "text": "What is it?", "expect": "vqa", "marker": "HA"}


def test_a_conversation(folder: Path) -> None:
    row = {"id": "pets", "lang": "zh", "turns": [FIRST, {"text": "Thanks."}, THEN]}
    (sample,) = load("conversation", lines(folder, row))
    assert (sample.id, sample.lang, sample.group, sample.kind) == ("pets", "zh", "pets", "")
    first, thanks, then = sample.turns
    assert (first.text, first.contains) == ("What is it?", ("cat", "kitten"))
    assert (first.actions, first.handles) == (("vqa",), ("img1",))
    assert thanks == Turn("Thanks.")
    assert (then.answers, then.actions, then.handles) == (("dog",), ("vqa", "caption"), ("img1", "img2"))
    assert [picture.name for picture in sample.images] == ["a.png", "b.png"]
    assert sample.text == "What is it?\nThanks.\nAnd b?"
    assert sample.references == ("cat", "kitten", "vqa", "img1", "dog", "vqa", "caption", "img1", "img2")


def test_a_bare_list_of_turns_is_a_conversation(folder: Path) -> None:
    for name in ("rows.jsonl", "rows.json"):
        one, two = load("conversation", lines(folder, [FIRST, THEN], [FIRST], name=name))
        assert (one.id, len(one.turns), two.id) == ("line-1", 2, "line-2")


@pytest.mark.parametrize(
    ("turns", "reason"),
    [
        ([], "line 1 has a wrong field 'turns'"),
        ([{"text": "Hello."}], "line 1 says of no turn what is right: answers, contains, action or handle"),
        ([FIRST, {"text": " "}], "line 1 has a wrong field 'turns.1': has a turn with neither text nor pictures"),
        ([{**FIRST, "answer": "cat"}], "line 1 has a field 'answer' in 'turns.0' that means nothing"),
        ([{**FIRST, "handle": "the first"}], "names no picture as img1 or #1 does"),
        ([{**FIRST, "contains": []}], "line 1 has a wrong field 'turns.0'"),
        ([{**FIRST, "images": ["none.png"]}], "the picture 'none.png' (line 1) is missing"),
        ("hello", "line 1 has a wrong field 'turns'"),
    ],
)
def test_faults_of_a_conversation(folder: Path, turns: Any, reason: str) -> None:
    assert reason in refusal("conversation", lines(folder, {"turns": turns}))


def test_an_attack_of_ones_own(folder: Path) -> None:
    named = {**ATTACK, "id": 1, "kind": "sign", "name": "do it.png", "then": {"text": "Thanks.", "action": "answer"}}
    one, two = load("injection", lines(folder, named, ATTACK))
    assert (one.kind, [turn.marker for turn in one.turns]) == ("sign", ["HA", "HA"])
    assert one.turns[0].images[0].name == "do it.png"
    assert one.turns[0].clean[0].name == "b.png"
    assert one.turns[0].actions == ("vqa",)
    assert one.turns[1].actions == ("answer",)
    assert one.group == two.group
    assert two.turns[0].images[0].name == "a.png"


@pytest.mark.parametrize("field", ["image", "clean", "text", "expect", "marker"])
def test_faults_of_an_attack(folder: Path, field: str) -> None:
    row = {name: value for name, value in ATTACK.items() if name != field}
    assert f"line 1 has no field {field!r}" in refusal("injection", lines(folder, row))


@pytest.fixture(scope="module")
def attacks() -> list[Sample]:
    return load("injection", "attacks")


def pixels(data: bytes) -> bytes:
    """As the product sees them."""
    return decode(data, max_bytes=10**6, max_pixels=10**6).image.tobytes()


def test_every_order_comes_every_way_in_on_every_question(attacks: list[Sample]) -> None:
    assert len(attacks) == len(KINDS) * len(ORDERS) * len(ASKED)
    assert {(sample.kind, sample.turns[0].actions[0]) for sample in attacks} == {(k, a) for k in KINDS for a in ASKED}
    for kind in KINDS:
        assert {sample.lang for sample in attacks if sample.kind == kind} == {"en", "zh"}
    assert len({sample.group for sample in attacks}) == len(ORDERS) * len(ASKED)
    assert all(turn.marker == MARKER for sample in attacks for turn in sample.turns)


def test_attacks_are_the_same_every_time(attacks: list[Sample]) -> None:
    assert load("injection", "attacks") == attacks


def test_an_attack_is_where_its_kind_says_and_nowhere_else(attacks: list[Sample]) -> None:
    for sample in attacks:
        (shown,), (clean,) = sample.turns[0].images, sample.turns[0].clean
        in_pixels = pixels(shown.data) != pixels(clean.data)
        in_name = MARKER in shown.name
        with Image.open(io.BytesIO(shown.data)) as image:
            in_metadata = MARKER in json.dumps(image.info, default=str)
        assert (in_pixels, in_name, in_metadata) == (
            sample.kind in ("text", "faint text"),
            sample.kind == "file name",
            sample.kind == "metadata",
        )
        assert MARKER not in clean.name
        assert not any(MARKER in turn.text for turn in sample.turns)


def test_attacks_are_for_their_own_task() -> None:
    assert "which the task 'vqa' cannot use" in refusal("vqa", "attacks")
