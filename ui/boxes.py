"""Draw the places that a result rests on."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw

Box = tuple[float, float, float, float]
"""Left, top, right, bottom as fractions of width and height."""

SIDE = 1024
"""Longest side of the drawing, in pixels."""

COLOUR = (226, 61, 40)


def with_boxes(image: Image.Image, boxes: Sequence[Box]) -> bytes:
    """A JPEG of the RGB picture, made smaller where it is large, with the boxes outlined."""
    drawn = image.copy()
    drawn.thumbnail((SIDE, SIDE))
    pen = ImageDraw.Draw(drawn)
    width, height = drawn.size
    line = max(2, max(drawn.size) // 300)
    for left, top, right, bottom in boxes:
        pen.rectangle((left * width, top * height, right * width, bottom * height), outline=COLOUR, width=line)
    buffer = io.BytesIO()
    drawn.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
