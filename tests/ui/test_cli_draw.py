"""`vistalk draw`, with a generator that takes no time."""

from __future__ import annotations

import errno
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from memory.lock import DataLock
from runtime.generator.base import Repertoire
from tests.ui.painter import Painter, install
from tests.ui.shelves import PAINTS
from tests.ui.terminal import Terminal


@pytest.fixture
def painter(monkeypatch: pytest.MonkeyPatch) -> Painter:
    return install(monkeypatch)


@pytest.fixture
def vistalk(painter: Painter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """In an empty folder of its own."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return Terminal(tmp_path)


def here() -> list[str]:
    return sorted(path.name for path in Path().iterdir())


def written(path: str) -> dict[str, Any]:
    """How the file says it was made."""
    with Image.open(path) as image:
        made: dict[str, Any] = json.loads(image.info["vistalk"])
        assert image.size == (made["width"], made["height"])
        assert image.info["Software"] == "vistalk"
        assert "trainedAlgorithmicMedia" in image.info["XML:com.adobe.xmp"]
        return made


def test_a_picture_is_drawn_and_its_file_says_how(vistalk: Terminal) -> None:
    done = vistalk("draw", " A red apple!\n", "--seed", "7")
    assert (done.code, done.out) == (0, "a-red-apple-7.png\n")
    assert done.err == "picture 1 of 1, seed 7\n"
    made = written("a-red-apple-7.png")
    assert (made["prompt"], made["seed"], made["model"], made["steps"]) == ("A red apple!", 7, "painter", 4)
    with Image.open("a-red-apple-7.png") as image:
        assert image.getpixel((5, 5)) == PAINTS["red"]


def test_everything_that_can_be_said_reaches_the_generator(vistalk: Terminal, painter: Painter) -> None:
    source = vistalk.picture()
    options = "--seed 3 --steps 9 --size 96x64 --guidance 4.5 --negative blur --strength 0.25 --from"
    done = vistalk("draw", "-", *options.split(), source, "-o", "out.PNG", typed="a blue house")
    assert (done.code, done.out) == (0, "out.PNG\n")
    [order] = painter.orders
    assert (order.prompt, order.negative, order.seeds) == ("a blue house", "blur", (3,))
    assert (order.width, order.height, order.steps, order.guidance, order.strength) == (96, 64, 9, 4.5, 0.25)
    assert order.source is not None
    assert order.source.size == (48, 32)
    assert written("out.PNG")["strength"] == 0.25


def test_several_pictures_have_seeds_that_follow_each_other(vistalk: Terminal) -> None:
    done = vistalk("draw", "a red apple", "--seed", "7", "--count", "3", "--json")
    assert done.err == ""
    assert done.json["cancelled"] is False
    pictures = done.json["pictures"]
    assert [one["seed"] for one in pictures] == [7, 8, 9]
    assert [Path(one["path"]).name for one in pictures] == here()
    assert {**written(pictures[1]["path"]), "path": pictures[1]["path"], "flagged": False} == pictures[1]
    vistalk("draw", "a red apple", "--seed", "7", "--count", "2", "-o", "apple.png")
    assert [name for name in here() if name.startswith("apple")] == ["apple-7.png", "apple-8.png"]


def test_without_a_seed_chance_chooses_one(vistalk: Terminal) -> None:
    first, second = (vistalk("draw", "a red apple", "--json").json["pictures"][0]["seed"] for _ in range(2))
    assert first != second


def test_only_the_file_that_was_named_is_written_over(vistalk: Terminal) -> None:
    for _ in range(3):
        vistalk("draw", "a red apple", "--seed", "7")
    assert here() == ["a-red-apple-7-2.png", "a-red-apple-7-3.png", "a-red-apple-7.png"]
    Path("sub").mkdir()
    Path("sub", "a-red-apple-7.png").touch()
    assert vistalk("draw", "a red apple", "--seed", "7", "-o", "sub").out == "sub/a-red-apple-7-2.png\n"
    Path("apple-7.png").write_text("mine", encoding="utf-8")
    vistalk("draw", "a red apple", "--seed", "7", "--count", "2", "-o", "apple.png")
    assert Path("apple-7.png").read_text(encoding="utf-8") == "mine"
    assert {"apple-7-2.png", "apple-8.png"} < set(here())
    vistalk("draw", "a red apple", "--seed", "7", "-o", "apple-7.png")
    assert written("apple-7.png")["seed"] == 7


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("画一个红苹果", "画一个红苹果-1.png"),
        ("../../etc/passwd", "etc-passwd-1.png"),
        ("/dev/null\x00\x1b[31m", "dev-null-31m-1.png"),
        ("💥🎉", "drawing-1.png"),
        ("red " * 100, "red-red-red-red-red-red-red-red-red-red-1.png"),
    ],
)
def test_no_prompt_leads_out_of_the_folder(vistalk: Terminal, prompt: str, name: str) -> None:
    assert vistalk("draw", "--seed", "1", "--", prompt).out == f"{name}\n"
    assert here() == [name]


@pytest.mark.parametrize(
    ("out", "fault"),
    [
        ("apple.jpg", "apple.jpg is no PNG file's name. Name it apple.png"),
        ("apple", "apple is no PNG file's name. Name it apple.png"),
        ("nowhere/apple.png", "The folder nowhere is not there."),
        ("full.png/apple.png", "The folder full.png is not there."),
    ],
)
def test_a_place_where_nothing_can_be_written_is_told_before_anything_is_drawn(
    vistalk: Terminal, painter: Painter, out: str, fault: str
) -> None:
    Path("full.png").touch()
    done = vistalk("draw", "a red apple", "-o", out)
    assert done.code == 1
    assert fault in " ".join(done.err.split())
    assert painter.orders == []


@pytest.mark.parametrize("size", ["", "128", "128x", "axb", "128x128x3", "-1x5"])
def test_a_size_that_is_none(vistalk: Terminal, size: str) -> None:
    done = vistalk("draw", "a red apple", "--size", size)
    assert done.code == 2
    assert "write width x height" in " ".join(done.err.split())


def test_a_disk_that_is_full_is_told_and_nothing_is_left(vistalk: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("memory.files.os.fsync", full)
    done = vistalk("draw", "a red apple", "--count", "2")
    assert done.code == 1
    assert "The disk is full" in done.err
    assert here() == []


def test_what_goes_wrong_later_leaves_what_was_drawn(
    vistalk: Terminal, painter: Painter, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = painter.draw

    def second_fails(order: Any, **options: Any) -> Any:
        return draw(order if order.seeds == (1,) else order.__class__("huge"), **options)

    monkeypatch.setattr(painter, "draw", second_fails)
    done = vistalk("draw", "a red apple", "--seed", "1", "--count", "3")
    assert done.code == 1
    assert "Memory ran out" in done.err
    assert here() == ["a-red-apple-1.png"]


def test_ctrl_c_stops_and_keeps_what_is_finished(vistalk: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = iter(range(100))
    install(monkeypatch, lambda: os.kill(os.getpid(), signal.SIGINT) if next(steps) == 5 else None)
    done = vistalk("draw", "a red apple", "--seed", "1", "--count", "3", "--json")
    assert done.code == 130
    assert done.json["cancelled"] is True
    assert [one["seed"] for one in done.json["pictures"]] == [1]
    assert here() == ["a-red-apple-1.png"]


@pytest.mark.parametrize(
    ("known", "prompt", "said"),
    [
        ((), "my uncle", "I know none of the things in “my uncle”. Photographs and everything else: laptop"),
        (("street",), "a photo of my street in the rain", "icons of 900 things, such as a red apple"),
        ((), "我的叔叔", "但是“我的叔叔”里没有我会画的东西"),
        (("apple",), " ", "What shall I draw?"),
    ],
)
def test_a_generator_of_icons_says_what_it_can_draw(
    vistalk: Terminal, painter: Painter, known: tuple[str, ...], prompt: str, said: str
) -> None:
    painter.able = Repertoire("icons", known, 900)
    done = vistalk("draw", prompt)
    assert (done.code, done.out, painter.orders) == (1, "", [])
    assert said in done.err


def test_a_generator_of_icons_draws_what_it_knows(vistalk: Terminal, painter: Painter) -> None:
    painter.able = Repertoire("icons", ("apple",), 900)
    assert vistalk("draw", "a red apple").code == 0


@pytest.mark.parametrize(("prompt", "said"), [("a pear", "the nearest: red apple."), ("梨", "最接近的是：红苹果。")])
def test_it_says_so_where_something_near_is_drawn(vistalk: Terminal, painter: Painter, prompt: str, said: str) -> None:
    painter.able = Repertoire("icons", ("red apple",), 900, {"en": "red apple", "zh": "红苹果"})
    done = vistalk("draw", prompt)
    assert (done.code, len(painter.orders)) == (0, 1)
    assert said in done.err


def test_what_the_models_own_checker_flags_is_not_written(vistalk: Terminal) -> None:
    done = vistalk("draw", "unfit", "--seed", "1")
    assert (done.code, done.out) == (1, "")
    assert "seed 1: the model's own checker" in done.err
    told = vistalk("draw", "unfit", "--seed", "1", "--json").json["pictures"][0]
    assert (told["path"], told["flagged"]) == (None, True)
    assert here() == []


def test_it_works_while_another_vistalk_has_the_data_directory(vistalk: Terminal, home: Path) -> None:
    home.mkdir()
    lock = DataLock(home)
    try:
        assert vistalk("draw", "a red apple").code == 0
    finally:
        lock.release()


def test_it_has_help(vistalk: Terminal) -> None:
    assert "--from FILE" in vistalk.plain("draw", "--help").out
