"""Instructions worked into prompts: colours, things added and taken away, another one."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.pocket.training.phrasings import LANGUAGES, Lang, phrasings
from tools.colours import asked_for, recoloured
from tools.revising import Revision, revised


@pytest.mark.parametrize(
    ("prompt", "instruction", "wanted"),
    [
        ("a red apple", "make it blue", "a blue apple"),
        ("a red apple", "Make img1 green.", "a green apple"),
        ("a red apple", "now in blue please", "a blue apple"),
        ("a red apple", "change the colour to green", "a green apple"),
        ("an apple", "make it green", "a green apple"),
        ("an apple", "make it orange", "an orange apple"),
        ("an orange", "make it blue", "a blue orange"),
        ("an old house", "make it light blue", "a light blue old house"),
        ("a flat icon of an apple", "make it orange", "a flat icon of an orange apple"),
        ("two red apples", "make them yellow", "two yellow apples"),
        ("a red panda", "make it blue", "a blue red panda"),
        ("a blue cat with a green hat", "make the hat red", "a blue cat with a red hat"),
        ("a cat with a hat", "make it white", "a white cat with a hat"),
        ("a cat with a hat", "make the hat white", "a cat with a white hat"),
        ("a cat", "make the sky blue", "a cat, blue sky"),
        ("a cat", "the second with a hat", "a cat with a hat"),
        ("a cat", "Give it a blue hat", "a cat with a blue hat"),
        ("a cat", "put a hat on it", "a cat with a hat"),
        ("a cat with a hat", "add a red ball", "a cat with a hat and a red ball"),
        ("a cat with a hat", "without the hat", "a cat"),
        ("a red apple", "turn it green and add a leaf", "a green apple with a leaf"),
        ("a red apple", "turn the apple into a pear", "a red pear"),
        ("a red apple", "turn it into a banana", "a banana"),
        ("a red apple", "make it a green pear", "a green pear"),
        ("a cat", "in watercolour style", "a cat, watercolour style"),
        ("a cat, watercolour style", "make it a cartoon", "a cat, cartoon style"),
        ("a dog", "Make it darker", "a dog, darker"),
        ("一只蓝色的鲸鱼", "改成绿色", "一只绿色的鲸鱼"),
        ("红苹果", "改成绿色的", "绿色的苹果"),
        ("三只黑猫", "变成白色的", "三只白色的猫"),
        ("一杯红茶", "换成绿色", "一杯绿色的红茶"),
        ("一只猫", "第二张换成黑色", "一只黑色的猫"),
        ("一只猫", "给它戴上帽子", "一只戴帽子的猫"),
        ("一只猫", "加上一顶帽子", "一只猫，有一顶帽子"),
        ("一只猫", "把它变成一只狗", "一只狗"),
        ("红苹果", "把苹果换成梨", "红梨"),
        ("一只猫，水彩风格", "改成卡通风格", "一只猫，卡通风格"),
        ("a red apple", "改成绿色", "a green apple"),
        ("一只蓝色的鲸鱼", "make it pink", "一只粉红色的鲸鱼"),
        ("a cat", "Make this photo look like a painting", "a cat, painting style"),
        ("a cat", "make it look sad", "a cat, sad"),
        ("一只猫", "把这张照片变成水彩", "一只猫，水彩风格"),
        ("", "make it blue", "blue"),
        ("", "turn it into a watercolour", "watercolour style"),
    ],
)
def test_the_change_is_worked_into_the_prompt(prompt: str, instruction: str, wanted: str) -> None:
    revision = revised(prompt, instruction)
    assert (revision.prompt, revision.negative, revision.fresh) == (wanted, "", False)
    assert revision.strength is not None
    assert 0 < revision.strength <= 1


@pytest.mark.parametrize(
    "instruction",
    ["another one", "Another version of img1.", "again", "try again", "one more", "two more", "再来一张", "换一个版本",
     "重新画一张", "img1再来一个版本。", "再来一次"],
)  # fmt: skip
def test_another_one_is_the_same_words_from_another_seed(instruction: str) -> None:
    assert revised("a cat", instruction) == Revision("a cat", fresh=True)


@pytest.mark.parametrize("instruction", ["three variations of img1", "something similar", "再来一张类似的"])
def test_a_variation_stays_near_the_picture(instruction: str) -> None:
    revision = revised("a cat", instruction)
    assert (revision.prompt, revision.fresh) == ("a cat", True)
    assert revision.strength is not None


def test_another_one_with_something_is_both() -> None:
    revision = revised("a cat", "another one with a hat")
    assert (revision.prompt, revision.fresh) == ("a cat with a hat", True)


def test_what_is_not_in_the_prompt_is_what_should_not_be_seen() -> None:
    assert (revised("a cat", "remove the background").prompt, revised("a cat", "no hat").negative) == ("a cat", "hat")
    assert revised("一只猫", "去掉背景").negative == "背景"


def test_how_much_can_be_said() -> None:
    some, little, all_of_it = (
        revised("a cat", words).strength
        for words in ("make it blue", "make it slightly blue", "make it completely blue")
    )
    assert some is not None
    assert little is not None
    assert all_of_it is not None
    assert little < some < all_of_it


def test_colours_are_told_from_things() -> None:
    assert asked_for("make the hat red") == ("red", "make hat")
    assert asked_for("改成绿色的") == ("绿色的", "改成")
    assert asked_for("a bowl of fruit") is None
    assert asked_for("a cup of green tea") is None
    assert recoloured("an orange cat eating an orange", "green") == "a green cat eating an orange"
    assert recoloured("a cat on a red sofa", "green") == "a green cat on a red sofa"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phrasing_gives_a_prompt_that_keeps_the_subject_or_names_another(language: Lang) -> None:
    words, rng = phrasings(language), random.Random(7)
    asked = [words.fill(t, rng) for group in words.groups["vary_image"] for t in group.templates]
    assert len(asked) > 60
    prompt = "a red apple" if language == "en" else "一个红苹果"
    kept = ["apple" in (new := revised(prompt, text).prompt) or "苹果" in new for text in asked]
    assert sum(kept) / len(kept) > 0.9


@settings(deadline=None)
@given(prompt=st.text(max_size=80), instruction=st.text(min_size=1, max_size=200))
def test_any_instruction_gives_something_to_draw(prompt: str, instruction: str) -> None:
    revision = revised(prompt, instruction)
    if prompt.strip(" ,，") or instruction.strip():
        assert revision.prompt


def test_long_instructions_are_read_at_once() -> None:
    started = time.perf_counter()
    for text in (
        "another " * 2500,
        "make it " * 2500,
        "a " * 10_000,
        "把" * 20_000,
        "red " * 5000,
        "it, add " * 2500,
        "0" * 20_000,
        "a one " * 50,
    ):
        revised("a cat", text)
    assert time.perf_counter() - started < 3
