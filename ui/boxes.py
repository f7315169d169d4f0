"""Draw the places that a result rests on: boxes, or a heat map."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

Box = tuple[float, float, float, float]
"""Left, top, right, bottom as fractions of width and height."""

SIDE = 1024
"""Longest side of the drawing, in pixels."""

COLOUR = (226, 61, 40)

STRONGEST = 200
"""Of 255: how much of the paint the warmest place gets."""


def with_boxes(image: Image.Image, boxes: Sequence[Box]) -> bytes:
    """A JPEG of the RGB picture, made smaller where it is large, with the boxes outlined."""
    drawn = _smaller(image)
    pen = ImageDraw.Draw(drawn)
    width, height = drawn.size
    line = max(2, max(drawn.size) // 300)
    for left, top, right, bottom in boxes:
        pen.rectangle((left * width, top * height, right * width, bottom * height), outline=COLOUR, width=line)
    return _jpeg(drawn)


def with_heat(image: Image.Image, heat: Sequence[Sequence[float]]) -> bytes:
    """A JPEG of the RGB picture, made smaller where it is large, painted over more the higher the values, 0 to 1."""
    drawn = _smaller(image)
    grid = Image.fromarray((np.array(heat) * STRONGEST).astype(np.uint8))
    paint = Image.new("RGB", drawn.size, COLOUR)
    return _jpeg(Image.composite(paint, drawn, grid.resize(drawn.size, Image.Resampling.BICUBIC)))


def _smaller(image: Image.Image) -> Image.Image:
    drawn = image.copy()
    drawn.thumbnail((SIDE, SIDE))
    return drawn


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
