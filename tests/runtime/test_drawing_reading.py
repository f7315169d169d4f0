"""Prompts for icons: which things, colours, numbers and styles are read out of them, in two languages."""

from __future__ import annotations

import pytest

from runtime.pocket.drawing import repertoire
from runtime.pocket.drawing.colours import COLOURS
from runtime.pocket.drawing.concepts import concepts
from runtime.pocket.drawing.reading import read
from runtime.pocket.drawing.scene import plural

CAPTIONS = {
    "draw a red apple": "a flat icon of a red apple",
    "画一个红苹果": "a flat icon of a red apple",
    "a blue apple": "a flat icon of a blue apple",
    "an apple in blue": "a flat icon of a blue apple",
    "画一只蓝色的鲸鱼": "a flat icon of a blue whale",
    "two green apples": "a flat icon of two green apples",
    "两个绿苹果": "a flat icon of two green apples",
    "3 pink roses": "a flat icon of three pink roses",
    "a black cat": "a flat icon of a black cat",
    "a grey automobile": "a flat icon of a grey automobile",
    "a gray car": "a flat icon of a grey automobile",
    "a cat and a dog": "a flat icon of a cat and a dog",
    "a cat with a crown": "a flat icon of a cat with a crown",
    "一只戴着皇冠的青蛙": "a flat icon of a frog with a crown",
    "a 3d icon of a purple elephant": "a 3d icon of a purple elephant",
    "3d 火箭": "a 3d icon of a rocket",
    "卡通恐龙": "a cartoon of a t-rex",
    "a cartoon of a fox": "a cartoon of a fox",
    "a simple icon of an umbrella": "a simple icon of an umbrella",
    "an orange": "a flat icon of a tangerine",
    "an orange car": "a flat icon of an orange automobile",
    "a happy dog": "a flat icon of a dog",
    "👍": "a flat icon of a thumbs up",
    "长颈鹿": "a flat icon of a giraffe",
}


@pytest.mark.parametrize("prompt", CAPTIONS)
def test_a_prompt_is_read_for_things_colours_numbers_and_style(prompt: str) -> None:
    scene, _ = read(prompt)
    assert scene is not None
    assert scene.caption == CAPTIONS[prompt]


@pytest.mark.parametrize(
    "prompt",
    ["", "quantum chromodynamics", "a photo of my street in the rain", "make it green", "，。！", "the of and"],
)
def test_a_prompt_that_names_nothing_known_has_no_scene(prompt: str) -> None:
    assert read(prompt)[0] is None
    assert repertoire.known(prompt) == ()


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("a washing machine", {"en": "fax machine", "zh": "传真机"}),
        ("一台洗衣机", {"en": "fax machine", "zh": "传真机"}),
        ("a race on Mars", {"en": "person running", "zh": "跑步者"}),
        ("一艘潜水艇", {"en": "goggles", "zh": "护目镜"}),
        ("a red apple", {}),
        ("a big dog and a boat", {}),
        ("一只戴着皇冠的青蛙", {}),
        ("三个香蕉", {}),
        ("quantum chromodynamics", {}),
    ],
)
def test_what_is_drawn_for_want_of_a_name_is_told(prompt: str, said: dict[str, str]) -> None:
    assert repertoire.nearest(prompt) == said


def test_ten_thousand_characters_are_read_at_once() -> None:
    assert repertoire.known("a cat and " * 1000) == ("cat",)


def test_every_thing_is_found_by_its_own_name_and_its_emoji() -> None:
    names = [concept.name for concept in concepts()]
    assert len(set(names)) == len(names) == repertoire.count() >= 500
    lost = [name for name in names if name not in repertoire.known(f"a {name}")]
    assert len(lost) <= 0.02 * len(names), lost  # "cat with tears of joy" may be read as a cat with …
    emoji = [concept.emoji for concept in concepts()]
    assert sum(concept.name in repertoire.known(concept.emoji) for concept in concepts()) >= 0.98 * len(emoji)


def test_most_chinese_names_are_found() -> None:
    named = [(concept.name, concept.chinese[0]) for concept in concepts() if concept.chinese]
    found = [repertoire.known(chinese) for _, chinese in named]
    assert sum(bool(known) for known in found) >= 0.98 * len(named)


def test_numbers_beyond_what_fits_are_as_many_as_fit() -> None:
    scene, _ = read("five cats")
    assert scene is not None
    assert scene.items[0].count == 5


@pytest.mark.parametrize(("one", "many"), [("fox", "foxes"), ("cherry", "cherries"), ("key", "keys"), ("glasses",) * 2])
def test_plurals(one: str, many: str) -> None:
    assert plural(one) == many
    assert len(COLOURS) == 11
