"""Putting icons on a white page by rule, and blurring what comes of it into the hint that the model draws from."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from PIL import Image

from runtime.pocket.drawing.scene import Scene

SIDE = 128
WORN = ("hat", "cap", "crown", "helmet", "ribbon")
"""A thing with such a word in its name stands on what it is with; others beside it, below."""

GRIDS = {
    1: [(0.5, 0.5)],
    2: [(0.27, 0.5), (0.73, 0.5)],
    3: [(0.5, 0.28), (0.27, 0.72), (0.73, 0.72)],
    4: [(0.28, 0.28), (0.72, 0.28), (0.28, 0.72), (0.72, 0.72)],
    5: [(0.22, 0.25), (0.78, 0.25), (0.5, 0.5), (0.22, 0.75), (0.78, 0.75)],
}
"""How many there are to the centres of their places, as fractions of the page."""

SIZES = {1: 1.0, 2: 0.5, 3: 0.48, 4: 0.46, 5: 0.38}
"""How many there are to the size of each, as a fraction of the page."""


@dataclass(frozen=True)
class Place:
    """Where one icon goes: which item of the scene it is of, centre and size in fractions of the page, turn."""

    item: int
    x: float
    y: float
    size: float
    degrees: float = 0.0
    mirrored: bool = False


def arranged(scene: Scene, chance: random.Random) -> list[Place]:
    """Places for all that the scene shows, varied by chance."""
    if len(scene.items) == 2 and scene.relation == "with":
        worn = any(word in WORN for word in scene.items[1].name.split())
        places = [Place(0, 0.5, 0.6, 0.78), Place(1, 0.5, 0.2, 0.42) if worn else Place(1, 0.78, 0.76, 0.42)]
    else:
        of = [at for at, item in enumerate(scene.items) for _ in range(item.count)]
        number = min(len(of), max(GRIDS))
        places = [Place(item, x, y, SIZES[number]) for item, (x, y) in zip(of, GRIDS[number], strict=False)]
    mirrored = [chance.random() < 0.5 for _ in scene.items]
    return [
        replace(
            place,
            x=place.x + chance.uniform(-0.02, 0.02),
            y=place.y + chance.uniform(-0.02, 0.02),
            size=place.size * chance.uniform(0.9, 1.0),
            degrees=chance.uniform(-7, 7),
            mirrored=mirrored[place.item],
        )
        for place in places
    ]


def shaken(places: Sequence[Place], chance: random.Random) -> list[Place]:
    """The places moved a little, as two drawings of one thing differ."""
    return [
        replace(
            place,
            x=place.x + chance.uniform(-0.015, 0.015),
            y=place.y + chance.uniform(-0.015, 0.015),
            size=place.size * chance.uniform(0.95, 1.05),
            degrees=place.degrees + chance.uniform(-3, 3),
        )
        for place in places
    ]


def composed(places: Sequence[Place], icons: Sequence[Image.Image]) -> Image.Image:
    """The icons (RGBA squares, one for each item) in their places on a white page, RGB."""
    page = Image.new("RGB", (SIDE, SIDE), "white")
    for place in places:
        icon = icons[place.item]
        if place.mirrored:
            icon = icon.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        scale = icon.width / (place.size * SIDE)
        turn = math.radians(place.degrees)
        across, along = scale * math.cos(turn), scale * math.sin(turn)
        x, y, middle = place.x * SIDE, place.y * SIDE, icon.width / 2
        # From a page's pixel to the icon's: the inverse of turning, scaling and moving it there.
        back = (across, along, middle - across * x - along * y, -along, across, middle + along * x - across * y)
        resample = Image.Resampling.BICUBIC if scale < 1.5 else Image.Resampling.BILINEAR
        source = icon if scale < 1.5 else icon.reduce(round(scale))
        if source is not icon:
            back = tuple(value * source.width / icon.width for value in back)  # type: ignore[assignment]
        drawn = source.convert("RGBa").transform((SIDE, SIDE), Image.Transform.AFFINE, back, resample).convert("RGBA")
        page.paste(drawn, (0, 0), drawn)
    return page


def blurred(picture: Image.Image, detail: int) -> Image.Image:
    """The picture (RGB) at the model's size with no more than `detail` rows and columns of it left."""
    small = picture.resize((detail, detail), Image.Resampling.BOX)
    return small.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
