"""Hints for the pocket generator: icons put on a page, blurred, recoloured, and what their colour is called."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from runtime.pocket.drawing.bank import CELL, COLUMNS, Bank, bank
from runtime.pocket.drawing.colours import COLOURS, recoloured, shares
from runtime.pocket.drawing.composing import SIDE, arranged, blurred, composed
from runtime.pocket.drawing.concepts import STYLES, concepts
from runtime.pocket.drawing.hints import hint_for
from runtime.pocket.drawing.scene import Item, Scene


def ball(colour: str | tuple[int, int, int], side: int = SIDE) -> Image.Image:
    icon = Image.new("RGBA", (side, side))
    ImageDraw.Draw(icon).ellipse((side // 8, side // 8, side * 7 // 8 - 1, side * 7 // 8 - 1), fill=colour)
    return icon


def spots(picture: Image.Image) -> int:
    """How many separate things stand on the white page."""
    dark = np.asarray(picture.convert("L")) < 200
    count = 0
    while dark.any():
        y, x = np.argwhere(dark)[0]
        reached, edge = np.zeros_like(dark), [(y, x)]
        while edge:
            y, x = edge.pop()
            if 0 <= y < dark.shape[0] and 0 <= x < dark.shape[1] and dark[y, x] and not reached[y, x]:
                reached[y, x] = True
                edge += [(y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)]
        dark &= ~reached
        count += 1
    return count


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_as_many_are_drawn_as_asked_for_and_none_is_cut_off(count: int) -> None:
    for seed in range(5):
        places = arranged(Scene((Item("ball", None, count),)), random.Random(seed))
        page = composed(places, [ball("black")])
        assert spots(page) == count
        edge = np.asarray(page)[[0, -1]]
        assert edge.min() == 255


def test_a_hat_stands_above_what_wears_it_and_another_thing_beside_it() -> None:
    worn = arranged(Scene((Item("cat"), Item("top hat")), relation="with"), random.Random(0))
    held = arranged(Scene((Item("cat"), Item("umbrella")), relation="with"), random.Random(0))
    assert worn[1].y < worn[0].y < held[1].y
    assert worn[1].size < worn[0].size


def test_turning_and_mirroring_keep_the_middle() -> None:
    place = replace(arranged(Scene((Item("ball"),)), random.Random(0))[0], x=0.5, y=0.5, degrees=30, mirrored=True)
    rows, columns = np.nonzero(np.asarray(composed([place], [ball("black", CELL)]).convert("L")) < 128)
    assert abs(rows.mean() - (SIDE - 1) / 2) < 1.5
    assert abs(columns.mean() - (SIDE - 1) / 2) < 1.5


def test_blurring_leaves_so_much_detail_and_the_mean() -> None:
    stripes = Image.fromarray(np.tile(np.array([[0], [255]], np.uint8), (SIDE // 2, SIDE))).convert("RGB")
    grey = np.asarray(blurred(stripes, 16))
    assert grey.shape == (SIDE, SIDE, 3)
    assert abs(grey.astype(int) - 127).max() <= 1


@pytest.mark.parametrize("colour", [colour for colour in COLOURS if colour != "white"])
@pytest.mark.parametrize("before", ["red", "grey"])
def test_a_recoloured_thing_has_the_colour_by_name(before: str, colour: str) -> None:
    changed = recoloured(ball(COLOURS[before]), colour)
    assert changed is not None
    assert next(iter(shares(composed(arranged(Scene((Item("x"),)), random.Random(0)), [changed])))) == colour


def test_what_has_no_one_colour_is_not_recoloured() -> None:
    rainbow = Image.new("RGBA", (60, 10))
    for at, colour in enumerate(("red", "yellow", "green", "blue", "magenta", "black")):
        rainbow.paste(COLOURS.get(colour, (200, 0, 200)), (at * 10, 0, at * 10 + 10, 10))
    assert recoloured(rainbow, "blue") is None
    assert recoloured(Image.new("RGBA", (8, 8)), "blue") is None
    assert shares(Image.new("RGB", (8, 8), "white")) == {}


def test_the_bank_gives_back_what_was_written(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("bank")
    sheets = {style: Image.new("RGBA", (COLUMNS * CELL, CELL)) for style in STYLES}
    sheets["flat"].paste(ball("red", CELL), (3 * CELL, 0))
    Bank(sheets).write(folder)
    read = Bank.load(folder)
    assert read.thumbnail(3, "flat").tobytes() == ball("red", CELL).tobytes()
    assert read.styles(3) == ["flat"]
    assert read.styles(2) == []


def test_every_thing_has_thumbnails_in_two_styles_or_more() -> None:
    assert min(len(bank().styles(number)) for number in range(len(concepts()))) >= 2


def test_the_hint_follows_seed_colour_and_source() -> None:
    scene = Scene((Item("red apple", "blue"),))

    def hint(seed: int, **options: object) -> Image.Image:
        return hint_for(scene, concepts(), bank(), random.Random(seed), **options)  # type: ignore[arg-type]

    assert hint(1).tobytes() == hint(1).tobytes() != hint(2).tobytes()
    assert next(iter(shares(hint(1)))) == "blue"
    source = composed(arranged(Scene((Item("x"),)), random.Random(0)), [ball(COLOURS["green"])])
    assert next(iter(shares(hint(1, source=source)))) == "blue"
    near, far = (np.asarray(hint(1, source=source, strength=strength), int) for strength in (0.1, 1.0))
    recoloured_source = np.asarray(hint(1, source=source, strength=0.01), int)
    assert abs(near - recoloured_source).mean() < abs(far - recoloured_source).mean()
