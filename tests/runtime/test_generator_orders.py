"""Wrong orders are refused in one sentence, before anything is looked for or loaded."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from runtime.errors import BadOrder
from runtime.generator.base import Order
from runtime.generator.leased import GeneratorSpec, LeasedGenerator
from runtime.generator.orders import Sizes, check_size, checked
from runtime.pool import ModelPool

SIZES = Sizes(usual=512, unit=8, least=64, most=1024)


def nothing() -> GeneratorSpec:
    pytest.fail("the model was looked for")


@pytest.mark.parametrize(
    ("wrong", "limit"),
    [
        ({"prompt": ""}, "no words"),
        ({"prompt": " \n\t\u3000"}, "no words"),
        ({"prompt": "\u200b\u200d\ufeff"}, "no words"),
        ({"prompt": "a" * 10_000}, "10,000 characters, and at most 2,000"),
        ({"negative": "a" * 2001}, "negative prompt has 2,001"),
        ({"seeds": ()}, "From 1 to 64"),
        ({"seeds": tuple(range(65))}, "not 65"),
        ({"seeds": (-1,)}, "-1 is not"),
        ({"seeds": (2**63,)}, "whole number from 0"),
        ({"steps": 0}, "1 to 150 steps, and not in 0"),
        ({"steps": -3}, "not in -3"),
        ({"steps": 151}, "not in 151"),
        ({"guidance": -0.1}, "from 0 to 50"),
        ({"guidance": 51.0}, "from 0 to 50"),
        ({"guidance": float("nan")}, "nan is not"),
        ({"guidance": float("inf")}, "inf is not"),
        ({"strength": 0.5}, "needs a picture"),
        ({"source": Image.new("RGB", (9, 9)), "strength": 0.0}, "from 0.01 to 1"),
        ({"source": Image.new("RGB", (9, 9)), "strength": 1.1}, "1.1 is not"),
        ({"source": Image.new("RGB", (9, 9)), "strength": float("nan")}, "nan is not"),
    ],
)
def test_each_wrong_order_is_one_sentence(wrong: dict[str, Any], limit: str) -> None:
    with pytest.raises(BadOrder) as caught:
        LeasedGenerator(ModelPool(0), nothing).draw(Order(**{"prompt": "a red apple"} | wrong))
    assert limit in caught.value.message
    assert caught.value.message.endswith(".")
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 150


@pytest.mark.parametrize("prompt", ["🍎", "👩‍👩‍👧", "苹果", "?", "a" * 2000])
def test_unusual_words_are_words(prompt: str) -> None:
    assert checked(Order(prompt)).prompt == prompt


def test_words_come_as_a_tokenizer_takes_them() -> None:
    order = checked(Order("  a \ud800 cup \n", negative=" plate "))
    assert (order.prompt, order.negative) == ("a ? cup", "plate")
    assert order.prompt.encode("utf-8")


@pytest.mark.parametrize("side", [0, -8, 56, 63, 65, 100, 1032, 10**9])
@pytest.mark.parametrize("name", ["width", "height"])
def test_other_sizes_are_refused_with_what_there_is(name: str, side: int) -> None:
    with pytest.raises(BadOrder, match=f"from 64 to 1024 pixels in steps of 8, and {side} is not"):
        check_size(Order("a cup", **{name: side}), SIZES)  # type: ignore[arg-type]


def test_a_model_of_one_size_says_which() -> None:
    one = Sizes(128, 128, 128, 128)
    check_size(Order("a cup", width=128, height=128), one)
    with pytest.raises(BadOrder, match=r"^This model draws pictures of 128×128 pixels, and no others\.$"):
        check_size(Order("a cup", width=256), one)


@settings(deadline=None)
@given(
    width=st.integers(1, 20_000),
    height=st.integers(1, 20_000),
    sizes=st.sampled_from([SIZES, Sizes(128, 128, 128, 128), Sizes(1024, 16, 128, 2048), Sizes(60, 8, 60, 120)]),
)
def test_any_source_gets_a_size_that_can_be_drawn(width: int, height: int, sizes: Sizes) -> None:
    made = sizes.of(Order("a cup", source=Image.new("1", (width, height))))
    check_size(Order("a cup", width=made[0], height=made[1]), sizes)
    if 1 / 3 < width / height < 3 and sizes is SIZES:
        assert made[0] / made[1] == pytest.approx(width / height, rel=0.05)


def test_a_size_that_is_asked_for_wins_over_the_sources() -> None:
    assert SIZES.of(Order("a cup", width=64, source=Image.new("RGB", (9, 99)))) == (64, 512)
    assert SIZES.of(Order("a cup")) == (512, 512)
