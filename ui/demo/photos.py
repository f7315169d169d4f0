"""Pictures as a customer might send them: a product on a table, a lawn or a carpet, tilted, badly lit, with noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from ui.demo.easel import SIDE

WIDTH, HEIGHT = 720, 600
GROUNDS = ("table", "lawn", "carpet")

Scene = NDArray[np.float64]
"""Height, width, RGB; 0 to 255."""


def photographed(product: Image.Image, number: int) -> Image.Image:
    """A cut-out product somewhere at a customer's home; each number is another place, always the same."""
    chance = np.random.default_rng(number)
    ground = Image.fromarray(_ground(GROUNDS[number % len(GROUNDS)], chance).clip(0, 255).astype(np.uint8))
    tilted = product.rotate(chance.uniform(12, 28) * (-1) ** number, Image.Resampling.BICUBIC, expand=True)
    side = round(SIDE * chance.uniform(0.95, 1.1))
    tilted = tilted.resize((side, side * tilted.height // tilted.width), Image.Resampling.LANCZOS)
    left, top = (WIDTH - side) // 2 + int(chance.integers(-60, 60)), (HEIGHT - tilted.height) // 2
    outline = tilted.getchannel("A")
    ground.paste((20, 18, 16), (left + 14, top + 16), outline.point([value // 2 for value in range(256)]))
    ground = ground.filter(ImageFilter.GaussianBlur(2))
    ground.paste(tilted, (left, top), outline)
    seen = np.asarray(ground, dtype=np.float64) * _lamplight(chance) + chance.normal(0, 5, (HEIGHT, WIDTH, 1))
    return Image.fromarray(seen.clip(0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.7))


def _ground(kind: str, chance: np.random.Generator) -> Scene:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    match kind:
        case "table":  # boards with a grain that runs along them
            board = (y // 120).astype(int)
            tone = chance.uniform(-14, 14, board.max() + 1)[board]
            grain = 10 * np.sin(y / 3 + 6 * np.sin(x / 170 + board)) + tone - 40 * (y % 120 < 3)
            colour, pattern = (150, 108, 70), grain
        case "lawn":
            colour, pattern = (92, 128, 58), _rough(chance, 2) * 30 + _rough(chance, 24) * 24
        case _:  # a woven carpet
            weave = 12 * np.sign(np.sin(x / 4) * np.sin(y / 4)) + _rough(chance, 60) * 14
            colour, pattern = (156, 146, 134), weave
    return np.asarray(np.array(colour) + pattern[..., None], dtype=np.float64)


def _rough(chance: np.random.Generator, grain: int) -> Scene:
    """Smooth noise between -1 and 1 in patches of so many pixels; height, width."""
    coarse = chance.uniform(-1, 1, (HEIGHT // grain + 2, WIDTH // grain + 2)).astype(np.float32)
    return np.asarray(Image.fromarray(coarse).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC), dtype=np.float64)


def _lamplight(chance: np.random.Generator) -> Scene:
    """Warm light that falls off from one corner."""
    y, x = np.mgrid[0 : 1 : HEIGHT * 1j, 0 : 1 : WIDTH * 1j]
    far = np.hypot(x - chance.uniform(0, 1), y - chance.uniform(0, 0.4))
    return np.asarray((1.12 - 0.4 * far)[..., None] * np.array([1.03, 1.0, 0.92]), dtype=np.float64)
