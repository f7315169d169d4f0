"""Boxes and heat are drawn where they are."""

from __future__ import annotations

import io

from PIL import Image

from ui.boxes import COLOUR, SIDE, with_boxes, with_heat


def drawn(size: tuple[int, int], *boxes: tuple[float, float, float, float]) -> tuple[Image.Image, Image.Image]:
    """A white picture before and after."""
    picture = Image.new("RGB", size, "white")
    return picture, Image.open(io.BytesIO(with_boxes(picture, boxes)))


def is_red(image: Image.Image, x: int, y: int) -> bool:
    pixel = image.getpixel((x, y))
    assert isinstance(pixel, tuple)
    return all(abs(a - b) < 60 for a, b in zip(pixel, COLOUR, strict=True))


def test_the_outline_is_on_the_edges_and_the_inside_is_left_alone() -> None:
    before, after = drawn((200, 100), (0.25, 0.2, 0.75, 0.8))
    assert after.size == (200, 100)
    for x, y in [(50, 50), (149, 50), (100, 20), (100, 79)]:
        assert is_red(after, x, y)
    for x, y in [(100, 50), (10, 10), (190, 50)]:
        assert not is_red(after, x, y)
    assert before.getcolors() == [(200 * 100, (255, 255, 255))]


def test_a_large_picture_is_made_smaller_and_the_boxes_with_it() -> None:
    _, after = drawn((4 * SIDE, 2 * SIDE), (0.5, 0.5, 1, 1))
    assert after.size == (SIDE, SIDE // 2)
    assert is_red(after, SIDE // 2 + 1, SIDE * 3 // 8)
    assert not is_red(after, SIDE // 4, SIDE // 4)


def test_boxes_over_the_edge_are_cut() -> None:
    _, after = drawn((100, 100), (-0.5, -0.5, 0.5, 0.5))
    assert is_red(after, 50, 20)


def test_heat_is_painted_where_it_is() -> None:
    picture = Image.new("RGB", (200, 100), "white")
    after = Image.open(io.BytesIO(with_heat(picture, [[0.0, 1.0], [0.0, 0.0]])))
    assert after.size == (200, 100)
    assert is_red(after, 190, 5)
    assert not is_red(after, 10, 5)
    assert not is_red(after, 190, 95)
    assert picture.getcolors() == [(200 * 100, (255, 255, 255))]
