"""Pictures as tensors and back."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image


def scaled(pixels: NDArray[np.uint8]) -> torch.Tensor:
    """Pictures (…, height, width, 3) of bytes as (…, 3, height, width) in [-1, 1]."""
    return torch.from_numpy(pixels.copy()).movedim(-1, -3).float() / 127.5 - 1


def to_tensor(picture: Image.Image) -> torch.Tensor:
    """An RGB picture as (1, 3, height, width) in [-1, 1]."""
    return scaled(np.asarray(picture)[None])


def to_image(picture: torch.Tensor) -> Image.Image:
    """The RGB picture of (1, 3, height, width) in [-1, 1]."""
    pixels = ((picture[0].permute(1, 2, 0) + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    return Image.fromarray(pixels.cpu().numpy())
