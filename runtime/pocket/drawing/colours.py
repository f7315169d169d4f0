"""Eleven colours by their English names: giving a thing another colour, and naming the colour that a picture has."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Pixels = NDArray[np.float32]

COLOURS = {
    "red": (222, 40, 50),
    "orange": (250, 140, 30),
    "yellow": (252, 210, 50),
    "green": (60, 170, 70),
    "blue": (45, 120, 225),
    "purple": (140, 75, 200),
    "pink": (245, 130, 180),
    "brown": (140, 90, 60),
    "black": (45, 45, 50),
    "grey": (150, 150, 155),
    "white": (245, 245, 245),
}
"""Name to red, green and blue."""

CHROMATIC = 40
"""Difference of a pixel's largest and smallest channel from which it has a hue."""

HUE_REACH, NEUTRAL_REACH = 40, 70
"""Degrees of hue, and of 255 steps of brightness, that still belong to a thing's main colour."""

LEAST_SHARE = 0.4
"""Of a thing's pixels that must have its main colour, so that it can be given another."""


def recoloured(icon: Image.Image, colour: str) -> Image.Image | None:
    """The RGBA icon with its main colour replaced, light and shade kept; None where no colour is the main one."""
    pixels: Pixels = np.asarray(icon, np.float32)
    region = _main_region(pixels)
    if region is None:
        return None
    light = pixels[..., :3] @ np.array([0.3, 0.59, 0.11], np.float32)
    relative = light / max(float(np.median(light[region])), 25.0)
    target = np.array(COLOURS[colour], np.float32)
    shade = np.clip(relative, 0.25, 1.0)[..., None]
    shine = np.clip((relative - 1.0) * 0.8, 0.0, 0.85)[..., None]
    changed = target * shade + (255.0 - target * shade) * shine
    soft = Image.fromarray(region.astype(np.uint8) * 255).filter(ImageFilter.GaussianBlur(icon.width / 200))
    mask = np.asarray(soft, np.float32)[..., None] / 255.0
    pixels = np.concatenate([pixels[..., :3] * (1 - mask) + changed * mask, pixels[..., 3:]], -1)
    return Image.fromarray(pixels.round().astype(np.uint8), "RGBA")


def _main_region(pixels: Pixels) -> NDArray[np.bool_] | None:
    """Where the icon (height, width, RGBA) has its main colour."""
    opaque = pixels[..., 3] > 128
    hue, chroma, value = _hue_chroma_value(pixels[..., :3])
    coloured = opaque & (chroma > CHROMATIC)
    if coloured.sum() >= LEAST_SHARE * opaque.sum() > 0:
        votes = np.bincount((hue[coloured] // 10).astype(int) % 36, chroma[coloured], 36)
        around = sum(np.roll(votes, turn) for turn in range(-2, 3))
        away = np.abs((hue - (float(np.argmax(around)) * 10 + 5) + 180) % 360 - 180)
        region: NDArray[np.bool_] = coloured & (away <= HUE_REACH)
    else:
        neutral = opaque & ~coloured
        if not neutral.any():
            return None
        region = neutral & (np.abs(value - np.median(value[neutral])) <= NEUTRAL_REACH)
    return region if region.sum() >= LEAST_SHARE * opaque.sum() else None


def _hue_chroma_value(rgb: Pixels) -> tuple[Pixels, Pixels, Pixels]:
    high, low = rgb.max(-1), rgb.min(-1)
    chroma = high - low
    red, green, blue = np.moveaxis(rgb, -1, 0)
    safe = np.maximum(chroma, 1e-3)
    sector = np.where(
        high == red,
        ((green - blue) / safe) % 6,
        np.where(high == green, (blue - red) / safe + 2, (red - green) / safe + 4),
    )
    return (sector * 60).astype(np.float32), chroma, high


def named(rgb: Any) -> NDArray[np.str_]:
    """The colour name of every pixel (…, 3), by hue, chroma and brightness."""
    hue, chroma, value = _hue_chroma_value(np.asarray(rgb, np.float32))
    pale = chroma / np.maximum(value, 1)
    neutral = (chroma < 30) | (pale < 0.14)
    return np.select(
        [
            value < 60,
            neutral & (value > 215),
            neutral & (value < 90),
            neutral,
            ((hue >= 300) | (hue < 20)) & (pale < 0.6) & (value > 190),
            (hue >= 290) & (hue < 345),
            ((hue >= 345) | (hue < 48)) & (value < 185) & ~((pale > 0.7) & ((hue >= 345) | (hue < 12))),
            (hue >= 345) | (hue < 17),
            hue < 40,
            hue < 68,
            hue < 170,
            hue < 255,
        ],
        ["black", "white", "black", "grey", "pink", "pink", "brown", "red", "orange", "yellow", "green", "blue"],
        "purple",
    )


def shares(picture: Image.Image) -> dict[str, float]:
    """The share of each colour in what stands on the white ground, the largest first; empty for a blank picture."""
    rgb = np.asarray(picture.convert("RGB"))
    names, counts = np.unique(named(rgb[rgb.min(-1) < 238]), return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return {str(names[at]): float(counts[at] / counts.sum()) for at in order}
