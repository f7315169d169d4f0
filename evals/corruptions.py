"""Pictures made worse in the ways of ImageNet-C (Hendrycks & Dietterich 2019): noise, blur, weather, digital.

Severities 1 to 5 have the paper's parameters, which are for pictures of 224 pixels: lengths grow and shrink with the
shorter side; noise and JPEG are of each pixel, as in the paper. All chance follows from the picture and the kind, so a
picture is spoilt the same way every time, and more severe noise is the same noise, stronger. Left out of the paper's
fifteen: frost needs photographs that cannot be had, and glass, snow and elastic are no stronger at each severity.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.float64]
"""Of shape (height, width, 3), in [0, 1]."""

Random = np.random.Generator
Spoil = Callable[[Pixels, Any, float, Random], Pixels]
"""Takes the pixels, the severity's parameter, the shorter side over 224, and chance."""

SEVERITIES = (1, 2, 3, 4, 5)
SIDE = 224
PLASMA = 256
"""Side of a fog's map before it is fitted to the picture; a power of two."""


@dataclass(frozen=True)
class Kind:
    """A way to spoil pictures: its family in the paper, what it does, and its parameter at each severity."""

    family: str
    spoil: Spoil
    parameters: tuple[Any, ...]


def corrupted(picture: Image.Image, kind: str, severity: int) -> Image.Image:
    """An RGB picture, spoilt in the manner of a kind of `KINDS` at a severity of `SEVERITIES`."""
    chosen = KINDS[kind]
    pixels = np.asarray(picture) / 255
    digest = hashlib.sha256(kind.encode() + picture.tobytes()).digest()
    random = np.random.default_rng(int.from_bytes(digest[:8]))
    spoilt = chosen.spoil(pixels, chosen.parameters[severity - 1], min(picture.size) / SIDE, random)
    return _picture(spoilt)


def _picture(pixels: Pixels) -> Image.Image:
    return Image.fromarray(np.rint(pixels.clip(0, 1) * 255).astype(np.uint8))


def _gaussian_noise(pixels: Pixels, deviation: float, _: float, random: Random) -> Pixels:
    return pixels + deviation * random.standard_normal(pixels.shape)


def _shot_noise(pixels: Pixels, photons: float, _: float, random: Random) -> Pixels:
    return random.poisson(pixels * photons) / photons


def _impulse_noise(pixels: Pixels, share: float, _: float, random: Random) -> Pixels:
    chance = random.random(pixels.shape)
    return np.where(chance < share / 2, 0, np.where(chance > 1 - share / 2, 1, pixels))


def _defocus_blur(pixels: Pixels, radius: float, scale: float, _: Random) -> Pixels:
    """Each point becomes a disk, whose edge is a pixel wide."""
    reach = math.ceil(radius * scale) + 1
    away = np.hypot(*np.mgrid[-reach : reach + 1, -reach : reach + 1])
    return _filtered(pixels, (radius * scale + 0.5 - away).clip(0, 1))


def _motion_blur(pixels: Pixels, stroke: tuple[float, float], scale: float, random: Random) -> Pixels:
    """To one side along a line within 45 degrees of level, fading as half a bell curve."""
    radius, deviation = stroke[0] * scale, stroke[1] * scale
    angle = random.uniform(-math.pi / 4, math.pi / 4)
    reach = math.ceil(2 * radius) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    for along in np.arange(0, 2 * radius + 0.25, 0.25):
        x, y = reach + along * math.cos(angle), reach + along * math.sin(angle)
        left, top, weight = int(x), int(y), math.exp(-((along / deviation) ** 2) / 2)
        right, below = x - left, y - top
        spread = np.outer((1 - below, below), (1 - right, right))
        kernel[top : top + 2, left : left + 2] += weight * spread
    return _filtered(pixels, kernel)


def _zoom_blur(pixels: Pixels, zooms: tuple[float, float], _: float, __: Random) -> Pixels:
    """The mean of the picture and of its middle, enlarged step by step."""
    picture, total, factors = _picture(pixels), pixels.copy(), np.arange(1, *zooms)
    width, height = picture.size
    for factor in factors:
        left, top = (1 - 1 / factor) * width / 2, (1 - 1 / factor) * height / 2
        middle = (left, top, width - left, height - top)
        total += np.asarray(picture.resize(picture.size, Image.Resampling.BILINEAR, middle)) / 255
    return total / (len(factors) + 1)


def _fog(pixels: Pixels, weather: tuple[float, float], _: float, random: Random) -> Pixels:
    thickness, decay = weather
    height, width = pixels.shape[:2]
    drawn = Image.fromarray(_plasma(decay, random)[:SIDE, :SIDE].astype(np.float32))
    haze = np.asarray(drawn.resize((max(width, height),) * 2, Image.Resampling.BILINEAR))[:height, :width, None]
    brightest = float(pixels.max())
    return (pixels + thickness * haze) * brightest / (brightest + thickness)


def _brightness(pixels: Pixels, more: float, _: float, __: Random) -> Pixels:
    """The value of HSV is raised; hue and saturation stay, and black, which has neither, becomes grey."""
    value: Pixels = pixels.max(2, keepdims=True)
    raised = (value + more).clip(0, 1)
    return np.where(value > 0, pixels * raised / np.maximum(value, 1e-6), raised)


def _contrast(pixels: Pixels, left: float, _: float, __: Random) -> Pixels:
    mean: Pixels = pixels.mean((0, 1))
    return (pixels - mean) * left + mean


def _pixelate(pixels: Pixels, left: float, scale: float, _: Random) -> Pixels:
    """Down to a share of the size and up again, by boxes."""
    picture, block = _picture(pixels), 1 + (1 / left - 1) * scale
    small = (max(1, int(picture.width / block)), max(1, int(picture.height / block)))
    coarse = picture.resize(small, Image.Resampling.BOX).resize(picture.size, Image.Resampling.NEAREST)
    return np.asarray(coarse) / 255


def _jpeg(pixels: Pixels, quality: int, _: float, __: Random) -> Pixels:
    stored = io.BytesIO()
    _picture(pixels).save(stored, "JPEG", quality=quality)
    with Image.open(stored) as picture:
        return np.asarray(picture) / 255


def _filtered(pixels: Pixels, kernel: Pixels) -> Pixels:
    import cv2

    return np.asarray(cv2.filter2D(pixels, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT_101))


def _plasma(decay: float, random: Random) -> Pixels:
    """A fractal height map in [0, 1] by the diamond-square method; each finer step wavers less by `decay`."""
    heights = np.zeros((PLASMA, PLASMA))
    step, waver = PLASMA, 1.0
    while step >= 2:
        half = step // 2
        corners = heights[::step, ::step]
        beside = corners + np.roll(corners, -1, 0)
        middle = (beside + np.roll(beside, -1, 1)) / 4
        centres = middle + waver * random.uniform(-1, 1, middle.shape)
        heights[half::step, half::step] = centres
        above = (corners + np.roll(corners, -1, 1) + centres + np.roll(centres, 1, 0)) / 4
        aside = (corners + np.roll(corners, -1, 0) + centres + np.roll(centres, 1, 1)) / 4
        heights[::step, half::step] = above + waver * random.uniform(-1, 1, above.shape)
        heights[half::step, ::step] = aside + waver * random.uniform(-1, 1, aside.shape)
        step, waver = half, waver / decay
    heights -= heights.min()
    return heights / float(heights.max())


KINDS = {
    "gaussian_noise": Kind("noise", _gaussian_noise, (0.08, 0.12, 0.18, 0.26, 0.38)),
    "shot_noise": Kind("noise", _shot_noise, (60, 25, 12, 5, 3)),
    "impulse_noise": Kind("noise", _impulse_noise, (0.03, 0.06, 0.09, 0.17, 0.27)),
    "defocus_blur": Kind("blur", _defocus_blur, (3, 4, 6, 8, 10)),
    "motion_blur": Kind("blur", _motion_blur, ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15))),
    "zoom_blur": Kind("blur", _zoom_blur, ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03))),
    "fog": Kind("weather", _fog, ((1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4))),
    "brightness": Kind("weather", _brightness, (0.1, 0.2, 0.3, 0.4, 0.5)),
    "contrast": Kind("digital", _contrast, (0.4, 0.3, 0.2, 0.1, 0.05)),
    "pixelate": Kind("digital", _pixelate, (0.6, 0.5, 0.4, 0.3, 0.25)),
    "jpeg": Kind("digital", _jpeg, (25, 18, 15, 10, 7)),
}
