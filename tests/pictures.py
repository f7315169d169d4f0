"""Pictures that tests draw themselves."""

from __future__ import annotations

import io
from importlib.resources import files

from PIL import Image, ImageDraw, ImageFont


def beach() -> Image.Image:
    """A drawing of a red ball on a beach under a blue sky."""
    image = Image.new("RGB", (480, 360), (120, 180, 230))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 150, 480, 220), fill=(40, 100, 170))
    draw.rectangle((0, 220, 480, 360), fill=(225, 200, 150))
    draw.ellipse((200, 210, 290, 300), fill=(200, 30, 30))
    return image


def screenshot(lines: list[str]) -> Image.Image:
    """Black lines of text on white, like a window of a program."""
    image = Image.new("RGB", (640, 60 + 50 * len(lines)), "white")
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        draw.text((40, 30 + 50 * number), line, fill="black", font=ImageFont.load_default(size=28))
    return image


def png(image: Image.Image) -> bytes:
    """The picture as a PNG file."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def photograph(name: str) -> bytes:
    """A photograph in the public domain or CC0 that the package scikit-image carries."""
    return files("skimage").joinpath("data", name).read_bytes()
