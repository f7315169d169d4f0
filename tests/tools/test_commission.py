"""What a request for a picture asks to be drawn, how many, and from which seed."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.pocket.training.phrasings import LANGUAGES, Lang, phrasings
from tools.commission import Commission, commission, without_count, without_seed


@pytest.mark.parametrize(
    ("asked", "prompt"),
    [
        ("draw a red apple", "a red apple"),
        ("Draw me a picture of a cat.", "a cat"),
        ("Can you draw two green apples?", "two green apples"),
        ("I'd like an image of a sunset, watercolour style.", "a sunset, watercolour style"),
        ("Now draw a whale instead.", "a whale"),
        ("and now a dog", "a dog"),
        ("a drawing of a cat", "a drawing of a cat"),
        ("make me a sticker of an owl", "a sticker of an owl"),
        ("Please paint a house by the sea for me", "a house by the sea"),
        ("a flat icon of a red apple", "a flat icon of a red apple"),
        ("画一只蓝色的鲸鱼", "一只蓝色的鲸鱼"),
        ("画一个红苹果", "一个红苹果"),
        ("帮我画只猫", "猫"),
        ("来一张红苹果的图片", "红苹果"),
        ("再画一只狗。", "一只狗"),
        ("幫我畫一隻貓", "一隻貓"),
        ("做个自行车的图标。", "自行车的图标"),
        ("画画家", "画家"),
        ("画张飞", "张飞"),
        ("帮我画一张床", "一张床"),
        ("draw 🐕", "🐕"),
        ("🍎", "🍎"),
        ("draw", ""),
        ("Draw me a picture.", ""),
        ("画", ""),
        ("  ", ""),
    ],
)
def test_the_subject_is_what_is_left_of_the_request(asked: str, prompt: str) -> None:
    assert commission(asked) == Commission(prompt)


@pytest.mark.parametrize(
    ("asked", "prompt", "count", "seed"),
    [
        ("three pictures of a cat, please", "a cat", 3, None),
        ("Draw 3 flat icons of a cat", "a flat icon of a cat", 3, None),
        ("two sketches of a boat", "a sketch of a boat", 2, None),
        ("a couple of pictures of dogs", "dogs", 2, None),
        ("Draw a cat with seed 42 three times", "a cat", 3, 42),
        ("Draw a red apple, seed 7", "a red apple", 1, 7),
        ("a dog (seed: 0)", "a dog", 1, 0),
        ("画红苹果，种子 7", "红苹果", 1, 7),
        ("画两张苹果的图", "苹果", 2, None),
        ("给我画三张猫", "猫", 3, None),
        ("画几张不同的猫", "猫", 3, None),
        ("画三张桌子", "三张桌子", 1, None),
        ("画三只猫", "三只猫", 1, None),
        ("draw three cats", "three cats", 1, None),
        ("draw 0 pictures of dogs", "dogs", 1, None),
        ("draw 1000 pictures of dogs", "dogs", 1000, None),
        ("第二张", "第二张", 1, None),
    ],
)
def test_how_many_and_from_which_seed(asked: str, prompt: str, count: int, seed: int | None) -> None:
    assert commission(asked) == Commission(prompt, count, seed)


@pytest.mark.parametrize(
    "asked", ["a photo of my street in the rain", "a photorealistic cat", "画一张猫的照片", "a selfie", "写实的猫"]
)
def test_a_photograph_is_noticed(asked: str) -> None:
    assert commission(asked).photograph


@pytest.mark.parametrize("asked", ["a photo camera", "a photo frame", "a camera", "一台照相机"])
def test_what_only_has_to_do_with_photographs_is_none(asked: str) -> None:
    assert not commission(asked).photograph


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phrasing_leaves_a_subject_and_the_same_one_again(language: Lang) -> None:
    """A prompt that is put back into words is the same prompt: "use these settings again" relies on it."""
    words, rng = phrasings(language), random.Random(7)
    groups = [group for group in words.groups["generate_image"] if group.when == "any"]
    asked = [words.fill(template, rng) for group in groups for template in group.templates]
    assert len(asked) > 60
    for text in asked:
        prompt = commission(text).prompt
        again = f"Draw {prompt}, seed 7" if language == "en" else f"画{prompt}，种子 7"
        if prompt:
            assert commission(again).prompt == commission(prompt).prompt, text
            assert commission(again).seed == 7


@settings(deadline=None)
@given(st.text(max_size=400))
def test_any_words_are_read_and_nothing_is_made_up(text: str) -> None:
    unseeded, seed = without_seed(text)
    left, count = without_count(unseeded)
    read = commission(text)
    assert read.prompt in left
    assert (read.count, read.seed) == (count or 1, seed)


def test_long_words_are_read_at_once() -> None:
    started = time.perf_counter()
    for text in (
        "draw " * 4000,
        "seed " * 4000,
        "画" * 20_000,
        "two " * 5000,
        "1" * 20_000,
        "," * 20_000,
        "a" + " " * 20_000 + "b",
    ):
        commission(text)
    assert time.perf_counter() - started < 2
