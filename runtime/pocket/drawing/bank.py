"""The bank of thumbnails from which hints are made: one sheet a style, one cell a thing, in the concepts' order."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from PIL import Image

from runtime.pocket.drawing.concepts import STYLES, WEIGHTS

CELL, COLUMNS = 32, 40


def sheet(folder: Path, style: str) -> Path:
    """The file of a style's thumbnails."""
    return folder / f"bank-{style}.webp"


class Bank:
    """Thumbnails (32 × 32, RGBA) by thing and style."""

    def __init__(self, sheets: dict[str, Image.Image]) -> None:
        self._sheets = sheets

    @classmethod
    def load(cls, folder: Path) -> Bank:
        """What `write` wrote."""
        return cls({style: Image.open(sheet(folder, style)).convert("RGBA") for style in STYLES})

    def write(self, folder: Path) -> None:
        """One lossless file a style."""
        for style, image in self._sheets.items():
            image.save(sheet(folder, style), lossless=True, method=6)

    def thumbnail(self, concept: int, style: str) -> Image.Image:
        """A thing's picture in a style; transparent where there is none."""
        x, y = concept % COLUMNS * CELL, concept // COLUMNS * CELL
        return self._sheets[style].crop((x, y, x + CELL, y + CELL))

    def styles(self, concept: int) -> list[str]:
        """The styles in which there is a picture of it."""
        return [style for style in STYLES if self.thumbnail(concept, style).getchannel("A").getbbox()]


@lru_cache(maxsize=1)
def bank() -> Bank:
    """The committed one."""
    return Bank.load(WEIGHTS)
