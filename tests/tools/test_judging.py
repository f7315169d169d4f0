"""Whether a picture shows what it should."""

from __future__ import annotations

import threading

import pytest
from PIL import Image

from runtime.errors import Cancelled
from runtime.vlm.scripted import Rule, ScriptedModel
from tests.tools.stand_ins import ColourEncoder
from tools.judging import Judge

RED = Image.new("RGB", (32, 32), "red")


def judged(prompt: str, *, yes: float | None = None, cancel: bool = False) -> float:
    stop = threading.Event()
    if cancel:
        stop.set()
    rules = [Rule(when=f'show "{prompt}"', actions=("yes",), confidence=yes or 1), Rule(error="not asked")]
    return Judge(ColourEncoder(), None if yes is None else ScriptedModel(rules=rules)).score(RED, prompt, stop)


def test_the_encoder_compares_with_unrelated_words() -> None:
    assert judged("a red apple") == 1
    assert judged("a green apple") == 0


def test_the_model_is_asked_too() -> None:
    assert judged("a red apple", yes=0.8) == pytest.approx((1 + 0.8) / 2)
    assert judged("a green apple", yes=0.8) == pytest.approx((0 + 0.8) / 2)


def test_an_unrelated_thing_that_was_asked_for_is_not_compared_with() -> None:
    encoder = ColourEncoder()
    Judge(encoder).score(RED, "a red car", threading.Event())
    assert "a red car" in encoder.asked
    assert "a car" not in encoder.asked
    assert "a dog" in encoder.asked


def test_stop() -> None:
    with pytest.raises(Cancelled):
        judged("a red apple", cancel=True)
