"""The pocket generator with its real weights draws what it is asked for, in two languages."""

from __future__ import annotations

import time

import pytest

from runtime.generator.base import Drawing, Order, Stage
from runtime.models import generator, model_pool
from runtime.pocket.drawing.colours import shares
from runtime.presets import preset_of
from runtime.settings import load_settings

pytestmark = [pytest.mark.pocket, pytest.mark.usefixtures("pocket"), pytest.mark.timeout(300)]


def drawn(prompt: str, *seeds: int, stages: list[Stage] | None = None) -> list[Drawing]:
    settings = load_settings(generator="pocket")
    made = generator(settings, preset_of(settings), model_pool(settings))
    return made.draw(Order(prompt, seeds=seeds), on_stage=(stages if stages is not None else []).append)


def test_a_seed_is_a_picture_whatever_is_drawn_beside_it() -> None:
    stages: list[Stage] = []
    since = time.process_time()
    one, two = drawn("a red apple", 1, 2, stages=stages)
    assert time.process_time() - since < 60
    (again,) = drawn("a red apple", 2)
    assert one.image.size == (128, 128)
    assert two.image.tobytes() == again.image.tobytes() != one.image.tobytes()
    assert stages[0].preview is not None


@pytest.mark.parametrize(
    ("prompt", "colour"), [("a red apple", "red"), ("画一只蓝色的鲸鱼", "blue"), ("a green automobile", "green")]
)
def test_the_colour_asked_for_is_the_main_one(prompt: str, colour: str) -> None:
    (picture,) = drawn(prompt, 0)
    assert next(iter(shares(picture.image))) == colour
