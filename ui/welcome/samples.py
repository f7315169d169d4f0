"""Pictures to try vistalk with, drawn on the spot; they may be used for anything (CC0)."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from ui.demo.photos import photographed
from ui.demo.products import draw, in_studio

LAWN = 1
"""The place of `photographed` where the mug stands."""


def _mug() -> Image.Image:
    return photographed(draw("mug-blue"), LAWN)


def _umbrella() -> Image.Image:
    return in_studio(draw("umbrella-red"))


def _sign() -> Image.Image:
    """A shop's sign with its hours."""
    board = Image.new("RGB", (640, 480), (214, 220, 224))
    pen = ImageDraw.Draw(board)
    pen.rounded_rectangle((50, 60, 590, 420), 28, fill=(38, 92, 70), outline=(246, 242, 230), width=8)
    for line, (height, size) in {"OPEN": (150, 110), "9 am to 6 pm": (270, 62), "closed on Sunday": (350, 48)}.items():
        pen.text((320, height), line, (246, 242, 230), ImageFont.load_default(size), anchor="mm")
    return board


SAMPLES: dict[str, Callable[[], Image.Image]] = {"mug": _mug, "umbrella": _umbrella, "sign": _sign}
"""By the names that the texts use."""


@cache
def sample(name: str) -> bytes:
    """One of them, as a JPEG."""
    buffer = io.BytesIO()
    SAMPLES[name]().save(buffer, "JPEG", quality=88)
    return buffer.getvalue()
