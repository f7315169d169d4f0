"""The held-out sets of the package are whole, balanced, without repetitions, and each picture has a named source."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

import evals
from evals.formats import load

DATA = Path(evals.__file__).parent / "data"
PRESENT = ("answer", "ask_user", "caption", "vqa", "read_text")
LATER = ("generate_image", "vary_image", "search_images", "search_documents", "remember", "recall", "forget")
KINDS = {
    "animals",
    "colours",
    "counts",
    "food",
    "objects",
    "outdoors",
    "people",
    "rooms",
    "sports",
    "vehicles",
    "yes/no",
}


@pytest.mark.parametrize(
    ("name", "actions", "least"),
    [("planning_heldout.jsonl", PRESENT, 40), ("planning_heldout_all.jsonl", LATER, 20)],
)
def test_every_action_has_enough_messages(name: str, actions: tuple[str, ...], least: int) -> None:
    samples = load("planning", DATA / name)
    classes = Counter((sample.lang, sample.references[0]) for sample in samples)
    assert set(classes) == {(lang, action) for lang in ("en", "zh") for action in actions}
    assert min(classes.values()) >= least
    assert {action for sample in samples for action in sample.references} == set(actions)


def test_no_message_comes_twice() -> None:
    messages = Counter(
        "".join(filter(str.isalnum, sample.text.lower()))
        for path in DATA.glob("planning*.jsonl")
        for sample in load("planning", path)
    )
    assert [message for message, times in messages.items() if times > 1] == []


def test_looking_needs_a_picture() -> None:
    for sample in load("planning", DATA / "planning_heldout.jsonl"):
        assert sample.count > 0 or sample.references in (("answer",), ("ask_user",)), sample.text


def test_outside_has_150_questions_of_every_kind() -> None:
    samples = load("vqa", DATA / "outside.jsonl")
    kinds = Counter(sample.kind for sample in samples)
    assert len(samples) == 150
    assert set(kinds) == KINDS
    assert min(kinds.values()) >= 5
    assert {sample.lang for sample in samples} == {"en"}


def test_outside_has_as_many_yes_as_no() -> None:
    samples = load("vqa", DATA / "outside.jsonl")
    answers = Counter(sample.references for sample in samples if sample.kind == "yes/no")
    assert set(answers) == {("yes",), ("no",)}
    assert abs(answers["yes",] - answers["no",]) <= 0.1 * answers.total()


def test_the_chinese_questions_are_about_the_same_pictures() -> None:
    samples = load("vqa", DATA / "outside_zh.jsonl")
    assert {sample.lang for sample in samples} == {"zh"}
    about = [(sample.group, sample.kind) for sample in samples]
    assert about == [(sample.group, sample.kind) for sample in load("vqa", DATA / "outside.jsonl")]


@pytest.mark.parametrize("name", ["outside.jsonl", "outside_zh.jsonl"])
def test_no_question_comes_twice(name: str) -> None:
    questions = Counter((sample.group, sample.text) for sample in load("vqa", DATA / name))
    assert max(questions.values()) == 1


def test_every_picture_is_used_and_has_a_source() -> None:
    pictures = sorted((DATA / "outside" / "images").iterdir())
    used = {image.path for sample in load("vqa", DATA / "outside.jsonl") for image in sample.images}
    assert used == set(pictures)
    named = [
        line.split("`")[1]
        for line in (DATA / "outside" / "SOURCES.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| `")
    ]
    assert sorted(named) == [picture.name for picture in pictures]


def test_every_picture_is_a_small_webp() -> None:
    for path in (DATA / "outside" / "images").iterdir():
        with Image.open(path) as picture:
            picture.load()
            assert picture.format == "WEBP"
            assert max(picture.size) <= 320
