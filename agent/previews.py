"""Small likenesses of pictures under way, for events: a preview is watched and never kept."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

SIDE = 64
"""Pixels of a preview's longest side, at most."""


def small_jpeg(image: Image.Image) -> str:
    """A JPEG of the picture, made smaller where it is large, in base64."""
    small = image.convert("RGB")
    small.thumbnail((SIDE, SIDE))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=80)
    return base64.b64encode(buffer.getvalue()).decode("ascii")
