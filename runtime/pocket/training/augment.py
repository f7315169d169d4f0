"""Pictures as training sees them: squashed to the tower's side, and now and then cropped, mirrored or spoiled."""

from __future__ import annotations

import io
import random
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageEnhance, ImageFilter

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SPOILED = 0.25
"""Share of the pictures that get noise, blur, JPEG artefacts or another light."""


def load(path: Path, side: int, chance: random.Random, *, crop: bool, mirror: bool) -> torch.Tensor:
    """A file as a training picture: normalised pixels of shape (3, side, side)."""
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    if crop:
        image = _cropped(image, chance)
    image = image.resize((side, side), Image.Resampling.BICUBIC)
    if mirror and chance.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if chance.random() < SPOILED:
        image = chance.choice((_noisy, _blurred, _compressed, _lit))(image, chance)
    return normalised(image)


def normalised(image: Image.Image) -> torch.Tensor:
    """Pixels by ImageNet's mean and standard deviation, shape (3, height, width)."""
    pixels = torch.from_numpy(np.asarray(image, dtype=np.float32)) / 255
    return ((pixels - torch.tensor(MEAN)) / torch.tensor(STD)).permute(2, 0, 1)


def _cropped(image: Image.Image, chance: random.Random) -> Image.Image:
    width, height = (round(size * chance.uniform(0.8, 1.0)) for size in image.size)
    left, top = chance.randint(0, image.width - width), chance.randint(0, image.height - height)
    return image.crop((left, top, left + width, top + height))


def _noisy(image: Image.Image, chance: random.Random) -> Image.Image:
    pixels = np.asarray(image, dtype=np.float32)
    noise = np.random.default_rng(chance.getrandbits(32)).normal(0, chance.uniform(5, 35), pixels.shape)
    return Image.fromarray((pixels + noise).clip(0, 255).astype(np.uint8))


def _blurred(image: Image.Image, chance: random.Random) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(chance.uniform(0.5, 2.5)))


def _compressed(image: Image.Image, chance: random.Random) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=chance.randint(8, 40))
    return Image.open(buffer).convert("RGB")


def _lit(image: Image.Image, chance: random.Random) -> Image.Image:
    brighter = ImageEnhance.Brightness(image).enhance(chance.uniform(0.5, 1.6))
    return ImageEnhance.Contrast(brighter).enhance(chance.uniform(0.6, 1.4))
