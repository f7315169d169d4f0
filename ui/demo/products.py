"""The shop's twelve kinds of product, each drawn in any colour. Units are those of `Easel`."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, radians, sin

from PIL import Image, ImageDraw, ImageFilter

from ui.demo.easel import SIDE, Colour, Easel, Point, shade

COLOURS: dict[str, Colour] = {
    "black": (52, 52, 58),
    "blue": (44, 96, 176),
    "brown": (134, 88, 52),
    "green": (58, 136, 84),
    "grey": (140, 146, 152),
    "oak": (206, 164, 108),
    "orange": (236, 134, 44),
    "pink": (232, 138, 164),
    "purple": (122, 82, 158),
    "red": (200, 50, 48),
    "turquoise": (48, 168, 170),
    "white": (232, 230, 224),
    "yellow": (238, 196, 52),
}
METAL = (172, 176, 182)
INK = (48, 48, 54)
LEAF = (70, 140, 66)
SOIL = (88, 62, 46)
PAPER = (246, 242, 230)


def draw(name: str) -> Image.Image:
    """A product of that name, such as "mug-red", cut out: RGBA, `SIDE` pixels square."""
    kind, colour = name.split("-")
    easel = Easel()
    KINDS[kind](easel, COLOURS[colour])
    return easel.sheet.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def in_studio(product: Image.Image) -> Image.Image:
    """The cut-out product with its shadow before a bright wall, RGB."""
    left, _, right, bottom = product.getbbox() or (0, 0, SIDE, SIDE)
    wall = Image.linear_gradient("L").resize(product.size).point([246 - value // 12 for value in range(256)])
    shadow = Image.new("L", product.size)
    depth = SIDE // 26
    ImageDraw.Draw(shadow).ellipse((left, bottom - depth, right, bottom + depth // 2), fill=120)
    scene = Image.merge("RGB", (wall, wall, wall))
    scene.paste((60, 60, 66), mask=shadow.filter(ImageFilter.GaussianBlur(SIDE // 60)))
    scene.paste(product, mask=product)
    return scene


def mug(easel: Easel, colour: Colour) -> None:
    """A mug with its handle at the right."""
    easel.arc((56, 38, 84, 70), 0, 360, 5, shade(colour, 0.9))
    easel.box(24, 28, 68, 82, colour, "tube", soft=6)
    easel.oval(24, 23, 68, 34, shade(colour, 1.1))
    easel.oval(27, 25, 65, 33, shade(colour, 0.55))


def chair(easel: Easel, colour: Colour) -> None:
    """A wooden chair with a high back, seen from the front at the left."""
    for x in (33, 66):
        easel.stroke([(x, 14), (x, 84)], 4, shade(colour, 0.82), "tube")
    for y in (20, 30, 40):
        easel.box(33, y - 3, 66, y + 3, colour, "down", soft=2)
    for x in (24, 75):
        easel.stroke([(x, 58), (x - 1 if x < 50 else x + 1, 92)], 4.5, colour, "tube")
    easel.shape([(31, 50), (68, 50), (79, 60), (20, 60)], shade(colour, 1.08), "down", soft=1)
    easel.box(20, 59, 79, 64, shade(colour, 0.75), soft=1.5)
    easel.box(25, 76, 74, 78.5, shade(colour, 0.7))


def lamp(easel: Easel, colour: Colour) -> None:
    """A table lamp: a coloured shade on a metal foot."""
    easel.oval(32, 84, 68, 92, shade(METAL, 0.8), "tube")
    easel.box(48, 46, 52, 88, METAL, "tube")
    easel.oval(43, 70, 57, 84, colour, "ball")
    easel.shape([(36, 12), (64, 12), (80, 50), (20, 50)], colour, "tube")
    easel.oval(20, 46.5, 80, 53.5, shade(colour, 0.8))
    easel.oval(23, 47.5, 77, 52.8, (255, 238, 186))


def bag(easel: Easel, colour: Colour) -> None:
    """A hand bag with a flap and a metal clasp."""
    easel.arc((32, 8, 68, 68), 180, 360, 4, shade(colour, 0.7))
    easel.shape([(22, 38), (78, 38), (86, 86), (14, 86)], colour, "down", soft=3)
    easel.shape([(21, 37), (79, 37), (76, 58), (50, 66), (24, 58)], shade(colour, 1.14), "down", soft=2)
    easel.stroke([(25, 58), (50, 65), (75, 58)], 0.8, shade(colour, 0.6))
    easel.box(45, 58, 55, 69, (214, 178, 84), "tube", soft=2)


def bottle(easel: Easel, colour: Colour) -> None:
    """A drinking bottle with a metal cap."""
    easel.box(42, 8, 58, 22, METAL, "tube", soft=2)
    easel.box(44, 20, 56, 32, shade(colour, 0.8), "tube")
    easel.box(33, 28, 67, 92, colour, "tube", soft=9)
    easel.box(33, 50, 67, 70, shade(colour, 1.35), "tube")
    easel.box(33, 84, 67, 86, shade(colour, 0.6), "tube")


def clock(easel: Easel, colour: Colour) -> None:
    """A round wall clock that shows ten past ten."""
    easel.oval(12, 12, 88, 88, colour, "ball")
    easel.oval(19, 19, 81, 81, PAPER, "ball")
    for hour in range(12):
        length = 6 if hour % 3 == 0 else 3
        easel.stroke([_hand(30 * hour, 28), _hand(30 * hour, 28 - length)], 1.4, INK)
    easel.stroke([(50, 50), _hand(305, 15)], 2.6, INK)
    easel.stroke([(50, 50), _hand(60, 23)], 1.8, INK)
    easel.oval(47.5, 47.5, 52.5, 52.5, colour, "ball")


def cushion(easel: Easel, colour: Colour) -> None:
    """A square cushion with a striped cover."""
    cover = [(12, 16), (50, 21), (88, 16), (83, 50), (88, 84), (50, 79), (12, 84), (17, 50)]
    easel.shape(cover, colour, "ball", soft=3)
    for y in (32, 44, 56, 68):
        easel.stroke([(19, y), (50, y + 1.5), (81, y)], 2.2, shade(colour, 1.45), "tube")
    easel.oval(47, 47, 53, 53, shade(colour, 0.6), "ball")


def plant(easel: Easel, colour: Colour) -> None:
    """A house plant in a coloured pot."""
    for lean, top in ((-34, 34), (34, 32), (-28, 20), (28, 18), (-14, 11), (15, 9), (0, 5)):
        middle, half = (50 + lean * 0.55, (64 + top) / 2), 6 - abs(lean) / 20
        across = (half * (64 - top) / 60, half * lean / 60)  # at a right angle to the leaf
        left, right = ((middle[0] + s * across[0], middle[1] + s * across[1]) for s in (-1, 1))
        easel.shape([(50, 64), left, (50 + lean, top), right], shade(LEAF, 1.2 - abs(lean) / 90), "down", soft=1)
        easel.stroke([(50, 64), middle, (50 + lean * 0.93, top + 4)], 0.6, shade(LEAF, 0.7))
    easel.shape([(32, 62), (68, 62), (62, 92), (38, 92)], colour, "tube", soft=1)
    easel.box(29, 59, 71, 67, shade(colour, 1.1), "tube", soft=2)
    easel.oval(33, 57.5, 67, 62.5, SOIL)


def umbrella(easel: Easel, colour: Colour) -> None:
    """An open umbrella with a hooked handle."""
    easel.stroke([(50, 8), (50, 80)], 2, METAL, "tube")
    easel.arc((50, 74, 64, 92), 0, 180, 3.4, (120, 78, 46))
    easel.stroke([(51.4, 70), (51.4, 82)], 3.4, (120, 78, 46), "tube")
    for left, right, bright in ((8, 92, 0.8), (20, 80, 1.0), (36, 64, 1.2)):
        dome = [_dome(left, right, angle) for angle in range(180, 361, 6)]
        easel.shape([*dome, *_scallops(left, right)], shade(colour, bright), "down")


def shirt(easel: Easel, colour: Colour) -> None:
    """A T-shirt laid flat."""
    easel.oval(34, 9, 66, 25, shade(colour, 0.55))  # the inside of its back
    neck = [(50 + 15 * cos(radians(angle)), 14 + 11 * sin(radians(angle))) for angle in range(0, 181, 12)]
    body = [*neck, (32, 14), (8, 32), (17, 47), (28, 40), (28, 88), (72, 88), (72, 40), (83, 47), (92, 32), (68, 14)]
    easel.shape(body, colour, "tube", soft=0.6)
    easel.stroke([(x, y + 1) for x, y in neck], 1.6, shade(colour, 0.75))
    for x in (28, 72):
        easel.stroke([(x, 36), (x, 44)], 0.8, shade(colour, 0.7))


def shoe(easel: Easel, colour: Colour) -> None:
    """A sports shoe from the side, its tip at the right."""
    upper = [(10, 36), (22, 32), (36, 34), (50, 48), (72, 56), (88, 62), (92, 74), (10, 74)]
    easel.shape(upper, colour, "down", soft=2)
    easel.shape([(12, 34), (24, 32), (35, 35), (32, 42), (14, 42)], shade(colour, 0.5), soft=1)
    easel.shape([(72, 57), (88, 62), (92, 74), (70, 74)], shade(colour, 1.3), "down", soft=1)
    easel.stroke([(18, 66), (34, 54), (48, 66)], 3, PAPER)
    for x, y in ((40, 42), (46, 47), (52, 51), (58, 54)):
        easel.stroke([(x, y), (x + 6, y - 4)], 1.6, PAPER)
    easel.box(8, 72, 94, 81, PAPER, "down", soft=3)
    easel.box(8, 78, 94, 82, shade(colour, 0.6), soft=2)


def book(easel: Easel, colour: Colour) -> None:
    """A bound book, seen from the front and a little from the side."""
    easel.shape([(74, 14), (82, 19), (82, 91), (74, 86)], shade(PAPER, 0.9), "tube")
    easel.shape([(26, 86), (74, 86), (82, 91), (33, 91)], shade(PAPER, 0.8))
    easel.box(20, 12, 75, 87, colour, "flat", soft=1.5)
    easel.box(20, 12, 27, 87, shade(colour, 0.7), "tube", soft=1.5)
    easel.box(34, 24, 68, 44, PAPER, soft=1)
    for y, right in ((30, 63), (37, 56)):
        easel.stroke([(39, y), (right, y)], 1.6, INK)
    easel.oval(42, 58, 60, 76, shade(colour, 1.4), "ball")


def _hand(angle: float, length: float) -> Point:
    """A point of the clock's face; angles from twelve o'clock."""
    return 50 + length * sin(radians(angle)), 50 - length * cos(radians(angle))


def _dome(left: float, right: float, angle: float) -> Point:
    middle, half = (left + right) / 2, (right - left) / 2
    return middle + half * cos(radians(angle)), 52 + 38 * sin(radians(angle))


def _scallops(left: float, right: float) -> list[Point]:
    """The lower edge of an umbrella, from right to left."""
    return [(right - (right - left) * i / 18, 52 - 4 * abs(sin(radians(30 * i)))) for i in range(19)]


KINDS: dict[str, Callable[[Easel, Colour], None]] = {
    drawn.__name__: drawn
    for drawn in (mug, chair, lamp, bag, bottle, clock, cushion, plant, umbrella, shirt, shoe, book)
}
