"""Encoders and a generator that tests can foresee, in place of trained ones, and a small library of coloured pictures
and documents.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageColor

from memory.library.library import Library
from runtime.encoder.base import Vectors, unit
from runtime.errors import BadOrder, Cancelled, PromptRefused
from runtime.generator.base import Drawing, Order, Repertoire, Stage, ignore

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


class Brush:
    """A generator that fills a picture with the colour that the prompt names, a little different for each seed.

    Args:
        kind: what it says that it can draw; as "icons" it knows apples, cats and whales, and a cat is its nearest to a
            pet.
        clumsy: seeds from which it draws the opposite colour.
        flagged: seeds whose pictures it flags.
        guided: whether it can be told what not to draw.
        on_step: called in every step, with the number of pictures begun before.
    """

    id = "brush"
    revision = "1"
    steps = 3

    def __init__(
        self,
        kind: Literal["icons", "anything"] = "icons",
        *,
        clumsy: Collection[int] = (),
        flagged: Collection[int] = (),
        guided: bool = True,
        on_step: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.orders: list[Order] = []
        self._kind, self._clumsy, self._flagged, self._guided, self._on_step = kind, clumsy, flagged, guided, on_step

    def repertoire(self, prompt: str) -> Repertoire:
        if self._kind == "anything":
            return Repertoire("anything", (), 0)
        things = {"apple": "apple", "苹果": "apple", "cat": "cat", "猫": "cat", "whale": "whale", "鲸鱼": "whale"}
        if "pet" in prompt:
            return Repertoire("icons", ("cat",), 3, {"en": "cat", "zh": "猫"})
        return Repertoire("icons", tuple({thing for word, thing in things.items() if word in prompt}), 3)

    def draw(
        self, order: Order, *, on_stage: Callable[[Stage], None] = ignore, cancel: threading.Event | None = None
    ) -> list[Drawing]:
        if "forbidden" in order.prompt:
            raise PromptRefused
        if order.negative and not self._guided:
            raise BadOrder("No negative prompts.")
        return [self._draw(order, number, on_stage, cancel) for number in range(1, len(order.seeds) + 1)]

    def _draw(
        self, order: Order, number: int, on_stage: Callable[[Stage], None], cancel: threading.Event | None
    ) -> Drawing:
        seed = order.seeds[number - 1]
        self.orders.append(order)
        named = [name for word, name in COLOURS.items() if word in order.prompt.lower()] or ["brown"]
        colour = np.array(ImageColor.getrgb(named[0]))
        colour = 255 - colour if seed in self._clumsy else colour
        pixels = np.full((32, 32, 3), colour, np.uint8)
        pixels[0] = np.random.default_rng(seed).integers(0, 256, (32, 3))
        image = Image.fromarray(pixels)
        for step in range(1, self.steps + 1):
            self._on_step(len(self.orders) - 1)
            if cancel and cancel.is_set():
                raise Cancelled
            on_stage(Stage(number, len(order.seeds), step, self.steps, image.resize((8 * step, 8 * step))))
        made: dict[str, str | int | float] = {
            "model": self.id, "revision": self.revision, "prompt": order.prompt, "negative": order.negative,
            "seed": seed, "steps": self.steps, "guidance": 2.0, "width": 32, "height": 32, "scheduler": "none",
        }  # fmt: skip
        if order.source is not None and order.strength is not None:
            made["strength"] = order.strength
            image = Image.blend(order.source.resize((32, 32)), image, order.strength)
        return Drawing(image, seed, made, seed in self._flagged)


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
