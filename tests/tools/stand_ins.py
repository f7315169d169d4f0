"""Encoders that tests can foresee, in place of trained ones, and a small library of coloured pictures and documents."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageColor

from memory.library.library import Library
from runtime.encoder.base import Vectors, unit

COLOURS = {
    "红": "red", "绿": "green", "蓝": "blue", "黄": "yellow",
    **{name: name for name in ("red", "green", "blue", "yellow", "orange", "white", "black", "brown")},
}  # fmt: skip


class ColourEncoder:
    """Knows colours alone: a picture is its mean colour, words are the colours that they name."""

    id = "colours"
    dimension = 4

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode_images(self, images: Sequence[Image.Image]) -> Vectors:
        return _directions([np.asarray(image.convert("RGB"), np.float64).mean((0, 1)) for image in images])

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        named = [[rgb for word, rgb in COLOURS.items() if word in text.lower()] or ["grey"] for text in texts]
        return _directions([np.mean([ImageColor.getrgb(name) for name in names], axis=0) for names in named])


class WordsEncoder:
    """Knows which words a text holds and nothing of their meaning."""

    id = "words"
    dimension = 64

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        rows = np.full((len(texts), self.dimension), 1e-3)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()):
                row[hashlib.sha256(word.encode()).digest()[0] % self.dimension] += 1
        return unit(rows)

    encode_queries = encode_passages


def _directions(colours: Sequence[np.ndarray]) -> Vectors:
    return unit(np.array([[*(colour / 255 - 0.5), 0.05] for colour in colours]))


def painted(folder: Path, *colours: str, size: tuple[int, int] = (64, 48)) -> list[Path]:
    """A picture file of each colour."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{colour.strip('#')}.png" for colour in colours]
    for path, colour in zip(paths, colours, strict=True):
        Image.new("RGB", size, colour).save(path)
    return paths


def indexed(library: Library, *paths: Path) -> None:
    """Index folders or files as `vistalk index` does."""
    outcome = library.index(paths, ColourEncoder(), WordsEncoder(), cancel=threading.Event(), report=lambda _: None)
    assert outcome.failures == ()
