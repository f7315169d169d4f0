"""A picture that anyone can name, drawn here so that it is nobody else's: a brown dog that runs across a meadow."""

from __future__ import annotations

import random

from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT, HORIZON = 640, 480, 134
FINE = 3
"""It is drawn so many times larger, and then made smaller, for smooth edges."""

Colour = tuple[int, int, int]
GRASS: Colour = (96, 150, 62)
FUR: Colour = (122, 82, 48)


def dog_on_grass() -> Image.Image:
    """The drawing, 640 by 480; the same at every call."""
    chance = random.Random(1)
    drawing = _meadow(chance)
    dog = _dog_shape().filter(ImageFilter.GaussianBlur(FINE * 1.2))
    shadow = Image.new("L", drawing.size)
    ImageDraw.Draw(shadow).ellipse(_scaled(150, 360, 520, 400), fill=110)
    drawing.paste(_darker(GRASS, 75), mask=shadow.filter(ImageFilter.GaussianBlur(FINE * 6)))
    drawing.paste(_fur(chance), mask=dog)
    pen = ImageDraw.Draw(drawing)
    pen.ellipse(_scaled(484, 172, 494, 182), fill=(15, 10, 8))  # eye
    pen.ellipse(_scaled(546, 180, 562, 194), fill=(12, 10, 10))  # nose
    pen.line(_scaled(432, 222, 470, 252), fill=(190, 40, 40), width=7 * FINE)  # collar
    return drawing.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def _scaled(*numbers: float) -> list[float]:
    return [FINE * number for number in numbers]


def _darker(colour: Colour, by: int) -> Colour:
    red, green, blue = (max(0, min(255, part - by)) for part in colour)
    return red, green, blue


def _meadow(chance: random.Random) -> Image.Image:
    """Sky, firs on the horizon, and grass."""
    width, height, horizon = WIDTH * FINE, HEIGHT * FINE, HORIZON * FINE
    meadow = Image.new("RGB", (width, height), GRASS)
    pen = ImageDraw.Draw(meadow)
    for y in range(horizon):
        share = y / horizon
        pen.line((0, y, width, y), fill=(int(150 + 70 * share), int(180 + 45 * share), int(210 + 25 * share)))
    for left in range(-20, width, 26 * FINE):
        top = horizon - chance.uniform(0.1, 0.22) * height
        foot = horizon + 10 * FINE
        fir = [(left, foot), (left + 20 * FINE, top), (left + 40 * FINE, foot)]
        pen.polygon(fir, fill=(40 + chance.randint(0, 20), 70 + chance.randint(0, 20), 48))
    for _ in range(12_000):
        x, foot = chance.randint(0, width), chance.randint(horizon, height)
        blade = (4 + 14 * (foot - horizon) / (height - horizon)) * FINE / 2
        pen.line(
            (x, foot, x + chance.uniform(-0.6, 0.6) * blade, foot - blade), fill=_darker(GRASS, chance.randint(-35, 35))
        )
    return meadow.filter(ImageFilter.GaussianBlur(FINE * 0.8))


def _dog_shape() -> Image.Image:
    """White where the dog is: a body, a head and four legs at a run."""
    shape = Image.new("L", (WIDTH * FINE, HEIGHT * FINE))
    pen = ImageDraw.Draw(shape)
    for oval in [(210, 215, 440, 310), (370, 205, 470, 300), (452, 150, 522, 212)]:
        pen.ellipse(_scaled(*oval), fill=255)
    for corners in [
        (420, 230, 470, 175, 505, 215, 455, 290),  # neck
        (500, 170, 556, 184, 556, 200, 505, 210),  # muzzle
        (462, 158, 446, 210, 478, 196),  # ear
    ]:
        pen.polygon(_scaled(*corners), fill=255)
    for thickness, bend in [
        (22, (240, 285, 200, 330, 158, 352)),
        (20, (258, 290, 232, 345, 196, 378)),
        (22, (430, 285, 470, 335, 516, 352)),
        (20, (412, 290, 438, 350, 478, 380)),
        (13, (222, 250, 178, 226, 140, 214)),  # tail
    ]:
        pen.line(_scaled(*bend), fill=255, width=thickness * FINE, joint="curve")
    return shape


def _fur(chance: random.Random) -> Image.Image:
    """Strokes of brown, darker towards the belly."""
    fur = Image.new("RGB", (WIDTH * FINE, HEIGHT * FINE), FUR)
    pen = ImageDraw.Draw(fur)
    for _ in range(15_000):
        x, y = chance.uniform(120, 570), chance.uniform(140, 400)
        stroke = (x, y, x - chance.uniform(2, 6), y + chance.uniform(0.5, 3))
        pen.line(_scaled(*stroke), fill=_darker(FUR, chance.randint(-26, 22) + int((y - 240) / 8)), width=FINE)
    return fur
