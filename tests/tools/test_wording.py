"""What a request for pictures asks to see, without the request around it."""

from __future__ import annotations

import random
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.pocket.training.phrasings import LANGUAGES, Lang, phrasings
from tools.wording import LONGEST_REQUEST, line, subject


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ("find a dog running on the beach", "a dog running on the beach"),
        ("Find me a picture of a cat.", "a cat"),
        ("show my photos of Rome", "Rome"),
        ("Search my library for red cars", "red cars"),
        ("Do I have any photos of my old bike in my library?", "my old bike"),
        ("show me all the snaps with grandma in them", "grandma"),
        ("Can you please find the photo where the dog sits in the canoe?", "the dog sits in the canoe"),
        ("Find screenshots of an invoice", "screenshots of an invoice"),
        ("a dog running on the beach", "a dog running on the beach"),
        ("找一下狗在海边的照片", "狗在海边"),
        ("搜索一只猫在睡觉", "一只猫在睡觉"),
        ("有没有猫的图？", "猫"),
        ("帮我找找有外婆的照片", "外婆"),
        ("在相册里搜一下日落", "日落"),
        ("我的图库里有没有旧自行车的照片？", "旧自行车"),
        ("找护照的照片", "护照"),
        ("一只猫在睡觉", "一只猫在睡觉"),
        ("find", "find"),
        ("找照片", "照片"),
        ("🐕", "🐕"),
        ("  ", ""),
    ],
)
def test_the_frame_of_a_request_is_left_out(asked: str, wanted: str) -> None:
    assert subject(asked) == wanted


@pytest.mark.parametrize("language", LANGUAGES)
def test_of_every_phrasing_something_is_left_and_it_is_part_of_the_words(language: Lang) -> None:
    words, rng = phrasings(language), random.Random(7)
    groups = [group for group in words.groups["search_images"] if group.when == "any"]
    asked = [words.fill(template, rng) for group in groups for template in group.templates]
    assert len(asked) > 60
    for text in asked:
        assert subject(text) in text
        assert re.search(r"\w", subject(text)), text


@settings(deadline=None)
@given(st.text(max_size=400))
def test_words_are_never_lost_altogether(text: str) -> None:
    assert subject(text) in text
    assert bool(subject(text)) == bool(text.strip())


def test_long_words_are_taken_as_they_are_and_at_once() -> None:
    started = time.perf_counter()
    for text in ("please " * 3000, "?" * 20_000 + "a", "找" * 20_000, "my " * (LONGEST_REQUEST // 3) + "!"):
        assert subject(text)
    assert time.perf_counter() - started < 2


def test_other_peoples_words_make_no_link_and_no_second_line() -> None:
    shown = line("a\n[1]: http://x.org [go](http://x.org)\u202e")
    assert "\n" not in shown
    assert "](" not in shown
    assert "]:" not in shown
