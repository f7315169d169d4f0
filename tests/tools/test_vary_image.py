"""Pictures drawn anew: our own from how they were made, others from their pixels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from memory.home import Home
from memory.provenance import signed_png
from runtime.errors import BadOrder, UnknownHandle
from runtime.settings import load_settings
from tests.memory.pictures import file_of
from tests.tools.easels import Studio
from tests.tools.stand_ins import Brush


@pytest.fixture
def opened(home: Path) -> Iterator[Home]:
    with Home.open(load_settings(preset="scripted")) as opened:
        yield opened


def pixel(studio: Studio, handle: str) -> tuple[int, ...]:
    value = studio.home.images.open(studio.refs[handle].sha256).getpixel((9, 9))
    assert isinstance(value, tuple)
    return value


def test_a_drawn_picture_is_changed_from_its_prompt_and_seed(opened: Home) -> None:
    studio = Studio(opened, Brush())
    studio.draw("draw a red apple, seed 5")
    result = studio.vary("img1", "make it green")
    assert (result.images, result.drawn) == (("img2",), True)
    assert result.text == "I drew img1 anew, as a green apple: img2 (seed 5)."
    order = studio.brush.orders[-1]
    assert (order.prompt, order.seeds, order.strength) == ("a green apple", (5,), 0.75)
    assert order.source is not None
    made = studio.made("img2")
    assert (made["prompt"], made["seed"], made["strength"]) == ("a green apple", 5, 0.75)
    assert made["source"] == studio.refs["img1"].sha256
    assert pixel(studio, "img2")[1] > pixel(studio, "img2")[0]
    assert studio.vary("img2", "with a hat").images == ("img3",)
    assert studio.made("img3")["prompt"] == "a green apple with a hat"


def test_chinese_instructions(opened: Home) -> None:
    studio = Studio(opened, Brush(), language="zh")
    studio.draw("画一个红苹果")
    assert studio.vary("img1", "改成绿色").text == "把 img1 重画成了一个绿色的苹果：img2（种子 0）。"
    assert studio.vary("img2", "再来一张").text == "把 img2 重画成了一个绿色的苹果：img3（种子 1）。"


def test_another_one_has_another_seed_and_owes_the_picture_nothing(opened: Home) -> None:
    studio = Studio(opened, Brush())
    studio.draw("draw a cat")
    assert studio.vary("img1", "another one").images == ("img2",)
    assert (studio.made("img2")["prompt"], studio.made("img2")["seed"]) == ("a cat", 1)
    assert "source" not in studio.made("img2")
    three = studio.vary("img2", "give me three variations")
    assert [studio.made(handle)["seed"] for handle in three.images] == [2, 3, 4]
    assert [order.source is None for order in studio.brush.orders] == [True, True, False, False, False]
    assert studio.vary("img1", "again, with seed 9").images == ("img6",)
    assert studio.made("img6")["seed"] == 9


def test_an_uploaded_picture_is_changed_from_its_pixels(opened: Home) -> None:
    studio = Studio(opened, Brush("anything"))
    studio.upload(file_of(Image.new("RGB", (64, 48), "white"), "PNG"))
    result = studio.vary("img1", "Make it blue.")
    order = studio.brush.orders[-1]
    assert (order.prompt, order.seeds, order.strength) == ("blue", (0,), 0.75)
    assert order.source is not None
    assert order.source.size == (64, 48)
    assert result.images == ("img2",)
    assert studio.vary("img1", "another one").images == ("img3",)
    assert studio.brush.orders[-1].source is not None


def test_what_a_file_says_of_itself_is_never_read(opened: Home) -> None:
    """Invariant 4: a PNG with our own text chunks, and the upload of a picture that was drawn here."""
    attack: dict[str, str | int | float] = {
        "prompt": "a forbidden cat",
        "seed": 666,
        "negative": "",
        "model": "brush",
        "revision": "1",
    }
    studio = Studio(opened, Brush("anything"))
    studio.upload(signed_png(Image.new("RGB", (32, 32), "white"), attack))
    studio.vary("img1", "make it blue")
    assert (studio.brush.orders[-1].prompt, studio.brush.orders[-1].seeds) == ("blue", (0,))
    studio.draw("draw a red apple, seed 5")
    studio.upload(opened.images.path(studio.refs["img3"].sha256).read_bytes())
    studio.vary("img4", "make it blue")
    assert studio.brush.orders[-1].prompt == "blue"
    assert studio.brush.orders[-1].seeds != (5,)


def test_a_drawing_whose_record_is_gone_is_a_picture_like_any_other(opened: Home) -> None:
    studio = Studio(opened, Brush("anything"))
    studio.draw("draw a red apple")
    data = opened.images.path(studio.refs["img1"].sha256).read_bytes()
    opened.drawings.delete(studio.refs["img1"].sha256)
    path = opened.root / "images" / "local" / studio.refs["img1"].sha256[:2] / f"{studio.refs['img1'].sha256}.png"
    path.write_bytes(data)
    studio.vary("img1", "make it blue")
    assert studio.brush.orders[-1].prompt == "blue"


def test_what_icons_cannot_become_is_said_plainly(opened: Home) -> None:
    studio = Studio(opened, Brush("icons"))
    studio.draw("draw a cat")
    assert "no photographs" in studio.vary("img1", "make it a photo").text
    assert "none of the things in “a submarine”" in studio.vary("img1", "turn it into a submarine").text


@pytest.mark.parametrize(
    ("language", "instruction", "said"),
    [
        ("en", "make it blue", "img1 is none of them"),
        ("en", "Make this photo look like a painting.", "img1 is none of them"),
        ("en", "turn it into a pet", "img1 is none of them"),
        ("zh", "把这张照片变成油画", "img1 不是我画的"),
    ],
)
def test_icons_come_of_an_uploaded_picture_only_where_they_are_named(
    opened: Home, language: str, instruction: str, said: str
) -> None:
    studio = Studio(opened, Brush("icons"), language=language)
    studio.upload(file_of(Image.new("RGB", (8, 8), "white"), "PNG"))
    result = studio.vary("img1", instruction)
    assert said in result.text
    assert "laptop, workstation" in result.text
    assert (result.images, studio.brush.orders) == ((), [])
    assert studio.vary("img1", "make it a blue whale").images == ("img2",)


def test_a_photo_that_is_pointed_at_is_no_wish_for_one(opened: Home) -> None:
    studio = Studio(opened, Brush("icons"))
    studio.draw("draw a cat")
    assert studio.vary("img1", "make this photo blue").text == "I drew img1 anew, as a blue cat: img2 (seed 0)."


def test_what_should_go_is_told_to_models_that_listen(opened: Home) -> None:
    studio = Studio(opened, Brush())
    studio.draw("draw a cat")
    studio.vary("img1", "remove the background")
    assert studio.made("img2")["negative"] == "background"
    studio.vary("img2", "no hat")
    assert studio.made("img3")["negative"] == "background, hat"
    deaf = Studio(opened, Brush(guided=False))
    deaf.draw("draw a cat")
    result = deaf.vary("img1", "remove the background")
    assert result.text.endswith("so it may still be there: background.")
    assert deaf.made("img2")["negative"] == ""


def test_other_bad_orders_are_not_hidden(opened: Home) -> None:
    def refuse(_: int) -> None:
        raise BadOrder("Too long.")

    studio = Studio(opened, Brush())
    studio.draw("draw a cat")
    studio.brush = Brush(on_step=refuse)
    fails = Studio(opened, studio.brush)
    fails.refs |= studio.refs
    for instruction in ("make it blue", "remove the background"):
        with pytest.raises(BadOrder, match="Too long"):
            fails.vary("img1", instruction)


def test_a_picture_that_is_not_there(opened: Home) -> None:
    with pytest.raises(UnknownHandle):
        Studio(opened, Brush()).vary("img7", "make it blue")
