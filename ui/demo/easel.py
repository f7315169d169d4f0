"""A small easel: solid-looking shapes painted on a transparent sheet, in units of a hundredth of its side.

Everything is drawn larger than it is shown, and depends on nothing but its arguments: the same at every call.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIDE = 512
"""Pixels of a finished picture's side."""
FINE = 2
"""How many times larger it is drawn, for smooth edges."""

Colour = tuple[int, int, int]
Point = tuple[float, float]
Light = Literal["flat", "tube", "ball", "down"]
"""How light falls: on a sheet, around an upright tube, on a ball, or fading downwards."""


class Easel:
    """A sheet with what was painted on it so far.

    Attributes:
        sheet: RGBA, `FINE` times `SIDE` pixels square, transparent where nothing was painted.
    """

    def __init__(self) -> None:
        self.sheet = Image.new("RGBA", (SIDE * FINE, SIDE * FINE))

    def shape(self, points: Sequence[Point], colour: Colour, light: Light = "flat", soft: float = 0) -> None:
        """A polygon; `soft` rounds its corners by about so much."""
        mask, pen = self._mask()
        pen.polygon([_scaled(*point) for point in points], fill=255)
        if soft:
            blurred = mask.filter(ImageFilter.GaussianBlur(soft * SIDE * FINE / 100))
            mask = blurred.point([max(0, min(255, (value - 112) * 8)) for value in range(256)])
        self._paint(mask, colour, light)

    def box(
        self,
        left: float,
        top: float,
        right: float,
        bottom: float,
        colour: Colour,
        light: Light = "flat",
        soft: float = 0,
    ) -> None:
        """An upright rectangle with corners rounded by the radius `soft`."""
        mask, pen = self._mask()
        pen.rounded_rectangle((*_scaled(left, top), *_scaled(right, bottom)), _scaled(soft)[0], fill=255)
        self._paint(mask, colour, light)

    def oval(self, left: float, top: float, right: float, bottom: float, colour: Colour, light: Light = "flat") -> None:
        """An ellipse in that box."""
        mask, pen = self._mask()
        pen.ellipse((*_scaled(left, top), *_scaled(right, bottom)), fill=255)
        self._paint(mask, colour, light)

    def stroke(self, points: Sequence[Point], width: float, colour: Colour, light: Light = "flat") -> None:
        """A line with round ends."""
        mask, pen = self._mask()
        pen.line([_scaled(*point) for point in points], fill=255, width=round(_scaled(width)[0]), joint="curve")
        for x, y in points:
            half = width / 2
            pen.ellipse((*_scaled(x - half, y - half), *_scaled(x + half, y + half)), fill=255)
        self._paint(mask, colour, light)

    def arc(
        self, box: tuple[float, float, float, float], start: float, end: float, width: float, colour: Colour
    ) -> None:
        """A part of an ellipse's rim, in degrees clockwise from three o'clock."""
        mask, pen = self._mask()
        pen.arc([*_scaled(*box[:2]), *_scaled(*box[2:])], start, end, fill=255, width=round(_scaled(width)[0]))
        self._paint(mask, colour, "down")

    def _mask(self) -> tuple[Image.Image, ImageDraw.ImageDraw]:
        mask = Image.new("L", self.sheet.size)
        return mask, ImageDraw.Draw(mask)

    def _paint(self, mask: Image.Image, colour: Colour, light: Light) -> None:
        """Cover the mask with the colour, lit across the box around it."""
        box = mask.getbbox()
        if box is None:
            return
        width, height = box[2] - box[0], box[3] - box[1]
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        match light:
            case "flat":
                bright = 1.0 - 0.05 * y - 0.05 * x
            case "tube":
                bright = 1.12 - 0.55 * np.abs(x + 0.3) ** 1.8
            case "ball":
                bright = 1.2 - 0.5 * np.hypot(x + 0.35, y + 0.4).clip(0, 1.3) ** 1.6
            case "down":
                bright = 1.12 - 0.28 * (y + 1)
        lit = np.clip(bright[..., None] * np.array(colour), 0, 255).round().astype(np.uint8)
        self.sheet.paste(Image.fromarray(lit), box, mask.crop(box))


def _scaled(*numbers: float) -> tuple[float, ...]:
    return tuple(number * SIDE * FINE / 100 for number in numbers)


def shade(colour: Colour, by: float) -> Colour:
    """The colour, darker where `by` is below 1 and lighter above."""
    red, green, blue = (max(0, min(255, round(part * by))) for part in colour)
    return red, green, blue
