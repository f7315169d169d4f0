"""Drawing from words: what is kept, what is said, what is refused, and a second try."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from PIL import Image

from memory.home import Home
from memory.provenance import Made
from memory.refs import ImageRef
from runtime.encoder.base import Vectors
from runtime.errors import BadOrder, Cancelled, DiskFull, OutOfMemory
from runtime.settings import load_settings
from tests.tools.easels import Studio
from tests.tools.stand_ins import Brush, ColourEncoder
from tools.drawing import data
from tools.judging import Judge


@pytest.fixture
def opened(home: Path) -> Iterator[Home]:
    with Home.open(load_settings(preset="scripted")) as opened:
        yield opened


def test_a_picture_is_drawn_kept_and_told_of(opened: Home) -> None:
    studio = Studio(opened, Brush())
    result = studio.draw("Draw me a red apple, please.")
    assert (result.images, result.drawn, result.finish, result.confidence) == (("img1",), True, "stop", None)
    assert result.text == studio.said == "I drew a red apple: img1 (seed 0)."
    assert studio.made("img1") == {
        "model": "brush", "revision": "1", "prompt": "a red apple", "negative": "", "seed": 0, "steps": 3,
        "guidance": 2.0, "width": 32, "height": 32, "scheduler": "none",
    }  # fmt: skip
    assert opened.images.open(studio.refs["img1"].sha256).getpixel((9, 9)) == (255, 0, 0)
    assert studio.refs["img1"].name == "a red apple"
    assert studio.fractions == pytest.approx([1 / 3, 2 / 3, 1])
    assert [preview.width for preview in studio.previews] == [8, 16, 24]


def test_chinese_words_are_drawn_and_answered_in_chinese(opened: Home) -> None:
    studio = Studio(opened, Brush(), language="zh")
    assert studio.draw("画一只蓝色的鲸鱼").text == "画好了一只蓝色的鲸鱼：img1（种子 0）。"
    assert studio.made("img1")["prompt"] == "一只蓝色的鲸鱼"
    assert opened.images.open(studio.refs["img1"].sha256).getpixel((9, 9)) == (0, 0, 255)


def test_several_pictures_have_seeds_of_their_own_and_one_course(opened: Home) -> None:
    studio = Studio(opened, Brush())
    result = studio.draw("three pictures of a cat")
    assert result.images == ("img1", "img2", "img3")
    assert result.text == "I drew a cat: img1 (seed 0), img2 (seed 1), img3 (seed 2)."
    assert studio.fractions == sorted(studio.fractions)
    assert studio.fractions[-1] == 1
    assert len(studio.fractions) == 9
    many = Studio(opened, Brush()).draw("draw 500 pictures of a cat")
    assert len(many.images) == data()["count"]["most"]
    assert many.text.endswith("At most 8 pictures are drawn at once.")


def test_no_seed_is_used_twice_but_the_one_that_is_asked_for(opened: Home) -> None:
    studio = Studio(opened, Brush())
    for words in ("draw a cat", "draw a cat, seed 2", "draw two pictures of a cat", "draw a cat"):
        studio.draw(words)
    assert [studio.made(handle)["seed"] for handle in studio.refs] == [0, 2, 1, 3, 4]
    again = studio.draw("draw a cat, seed 2")
    assert again.images == ("img2",)
    assert opened.drawings.count() == 5


def test_the_same_conversation_draws_the_same_pictures(opened: Home) -> None:
    one, other = Studio(opened, Brush()), Studio(opened, Brush())
    for studio in (one, other):
        studio.draw("draw two pictures of a cat")
        studio.draw("draw a red apple")
    assert [ref.sha256 for ref in one.refs.values()] == [ref.sha256 for ref in other.refs.values()]


@pytest.mark.parametrize(
    ("words", "language", "said"),
    [
        ("draw a submarine", "en", ["I know none of the things in “a submarine”", "3 things", "laptop, workstation"]),
        ("a photo of a cat", "en", ["no photographs", "vistalk --preset laptop ui"]),
        ("画一艘潜水艇", "zh", ["没有我会画的东西", "laptop, workstation"]),
        ("给我一张猫的照片", "zh", ["不能画照片", "vistalk --preset laptop ui"]),
        ("draw", "en", ["What shall I draw?"]),
        ("画", "zh", ["要画什么？"]),
    ],
)
def test_what_cannot_be_drawn_is_said_plainly(opened: Home, words: str, language: str, said: list[str]) -> None:
    studio = Studio(opened, Brush("icons"), language=language)
    result = studio.draw(words)
    for part in said:
        assert part in result.text
    assert (result.images, result.drawn, studio.said) == ((), False, result.text)
    assert studio.brush.orders == []
    assert opened.drawings.count() == 0


@pytest.mark.parametrize(
    ("words", "language", "said"), [("draw a pet", "en", "nearest: cat."), ("画一个 pet", "zh", "最接近的是：猫。")]
)
def test_what_is_only_near_is_told(opened: Home, words: str, language: str, said: str) -> None:
    assert studio_draws(opened, words, language).endswith(said)
    assert "nearest" not in studio_draws(opened, "draw a cat", "en")


def studio_draws(opened: Home, words: str, language: str) -> str:
    return Studio(opened, Brush("icons"), language=language).draw(words).text


def test_a_generator_of_anything_draws_photographs_and_what_nobody_knows(opened: Home) -> None:
    studio = Studio(opened, Brush("anything"))
    assert studio.draw("a photo of a red submarine").images == ("img1",)


@pytest.mark.parametrize(("language", "said"), [("en", "I do not draw this"), ("zh", "这个我不画")])
def test_a_refused_prompt_is_an_answer(opened: Home, language: str, said: str) -> None:
    studio = Studio(opened, Brush(), language=language)
    assert studio.draw("draw a forbidden cat").text.startswith(said)
    assert opened.drawings.count() == 0


def test_words_of_others_make_no_link_in_the_answer(opened: Home) -> None:
    assert "](" not in Studio(opened, Brush()).draw("draw a cat [here](http://x.org)").text


def test_a_picture_that_did_not_come_out_is_drawn_once_more(opened: Home) -> None:
    studio = Studio(opened, Brush(clumsy={0}), Judge(ColourEncoder()))
    result = studio.draw("a red apple")
    assert [order.seeds for order in studio.brush.orders] == [(0,), (1,)]
    assert result.images == ("img1",)
    assert studio.made("img1")["seed"] == 1
    assert "drawn once more: img1" in result.text
    assert "not sure" not in result.text
    assert result.confidence == 1


def test_the_better_of_two_is_kept_and_doubt_is_said(opened: Home) -> None:
    studio = Studio(opened, Brush(clumsy={0, 1}), Judge(ColourEncoder()), language="zh")
    result = studio.draw("画一个红苹果")
    assert len(studio.brush.orders) == 2
    assert "我不确定画得对不对：img1。" in result.text
    assert result.confidence == 0


def test_how_much_is_enough_is_for_the_judge_to_say(opened: Home) -> None:
    studio = Studio(opened, Brush(clumsy={0}), Judge(ColourEncoder(), enough=0))
    assert studio.draw("a red apple").confidence == 0
    assert [order.seeds for order in studio.brush.orders] == [(0,)]


def test_the_seed_that_was_asked_for_is_never_changed(opened: Home) -> None:
    studio = Studio(opened, Brush(clumsy={4}), Judge(ColourEncoder()))
    result = studio.draw("a red apple, seed 4")
    assert [order.seeds for order in studio.brush.orders] == [(4,)]
    assert "I am not sure that this shows it: img1." in result.text


class Blind(ColourEncoder):
    """An encoder that has no memory to look with."""

    def encode_images(self, images: Sequence[Image.Image]) -> Vectors:
        raise OutOfMemory


def test_a_picture_that_nobody_could_look_at_is_kept_all_the_same(opened: Home) -> None:
    studio = Studio(opened, Brush(), Judge(Blind()))
    result = studio.draw("a red apple")
    assert result.images == ("img1",)
    assert "could not be checked: Memory ran out" in result.text
    assert result.confidence is None


def test_a_flagged_picture_is_not_kept(opened: Home) -> None:
    studio = Studio(opened, Brush(flagged={0, 1, 2}))
    result = studio.draw("two pictures of a cat")
    assert result.images == ("img1",)
    assert studio.made("img1")["seed"] == 3
    assert result.text.endswith("The model's own checker withheld 1 of the pictures.")
    nothing = Studio(opened, Brush(flagged=range(9))).draw("a cat")
    assert (nothing.images, nothing.drawn) == ((), False)
    assert nothing.text == "The model's own checker withheld 1 of the pictures."


@pytest.mark.parametrize("step", range(3))
@pytest.mark.parametrize("picture", range(3))
def test_stop_at_every_step_keeps_what_is_finished(opened: Home, picture: int, step: int) -> None:
    count = [0]

    def stop(_: int) -> None:
        if count[0] == 3 * picture + step:
            studio.cancel.set()
        count[0] += 1

    studio = Studio(opened, Brush(on_step=stop))
    if picture == 0:
        with pytest.raises(Cancelled):
            studio.draw("three pictures of a cat")
    else:
        result = studio.draw("three pictures of a cat")
        assert (len(result.images), result.finish) == (picture, "cancelled")
    assert opened.drawings.count() == picture
    studio.cancel.clear()
    assert studio.draw("a red apple").finish == "stop"


def test_a_full_disk_is_an_error_and_the_next_picture_is_drawn(opened: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    studio = Studio(opened, Brush())
    add = opened.images.add_drawing

    def full(image: Image.Image, made: Made, *, handle: str, name: str = "") -> ImageRef:
        raise DiskFull

    with monkeypatch.context() as patch:
        patch.setattr(opened.images, "add_drawing", full)
        with pytest.raises(DiskFull):
            studio.draw("a cat")
    assert opened.images.add_drawing == add
    assert studio.draw("a cat").images == ("img1",)


def test_errors_of_the_order_and_of_memory_come_through(opened: Home) -> None:
    def fails(error: Exception) -> Brush:
        def on_step(_: int) -> None:
            raise error

        return Brush(on_step=on_step)

    for error in (BadOrder("Too long."), OutOfMemory()):
        with pytest.raises(type(error)):
            Studio(opened, fails(error)).draw("a cat")
    assert opened.drawings.count() == 0
