"""Encoders whose model is leased from the pool for each batch, so that others take turns and it may be unloaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from runtime.encoder.base import TextModel, Vectors
from runtime.pool import ModelPool, ModelSpec

if TYPE_CHECKING:
    from PIL import Image

    from runtime.encoder.openclip import OpenClipModel, Prepare

IMAGES_AT_ONCE, TEXTS_AT_ONCE = 16, 32

T = TypeVar("T")


@dataclass(frozen=True)
class EncoderSpec:
    """What is known of an encoder before its weights are loaded.

    Attributes:
        id, dimension: see `Encoder`.
        prepare: makes its way to turn pictures into pixels.
        model: how to load it.
        reword: what is done to every text first.
    """

    id: str
    dimension: int
    prepare: Callable[[], Prepare]
    model: ModelSpec[OpenClipModel]
    reword: Callable[[str], str] = str


class LeasedEncoder:
    """An `Encoder` whose files are looked for on first use.

    Every property and method raises what `find` does, such as ModelNotPresent, and the next use looks again.
    """

    def __init__(self, pool: ModelPool, find: Callable[[], EncoderSpec]) -> None:
        self._pool = pool
        self._find = find

    @cached_property
    def _spec(self) -> EncoderSpec:
        return self._find()

    @cached_property
    def _prepare(self) -> Prepare:
        return self._spec.prepare()

    @property
    def id(self) -> str:
        """See `Encoder`."""
        return self._spec.id

    @property
    def dimension(self) -> int:
        """See `Encoder`."""
        return self._spec.dimension

    def encode_images(self, images: Sequence[Image.Image]) -> Vectors:
        """One vector a picture; pictures are prepared while others may use the model.

        Raises:
            GenerationFailed, OutOfMemory, ModelTooLarge, Cancelled
        """
        parts = [_none(self.dimension)]
        for some in _batches(images, IMAGES_AT_ONCE):
            pixels = self._prepare(some)
            with self._pool.lease(self._spec.model) as model:
                parts.append(model.encode_pixels(pixels))
        return np.concatenate(parts)

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """One vector a text.

        Raises:
            GenerationFailed, OutOfMemory, ModelTooLarge, Cancelled
        """
        parts = [_none(self.dimension)]
        for some in _batches([self._spec.reword(text) for text in texts], TEXTS_AT_ONCE):
            with self._pool.lease(self._spec.model) as model:
                parts.append(model.encode_texts(some))
        return np.concatenate(parts)


@dataclass(frozen=True)
class PassageSpec:
    """What is known of a passage encoder before its weights are loaded; the two prefixes go before a text."""

    id: str
    dimension: int
    model: ModelSpec[TextModel]
    query_prefix: str = ""
    passage_prefix: str = ""


class LeasedPassageEncoder:
    """A `PassageEncoder` whose files are looked for on first use, as for `LeasedEncoder`."""

    def __init__(self, pool: ModelPool, find: Callable[[], PassageSpec]) -> None:
        self._pool = pool
        self._find = find

    @cached_property
    def _spec(self) -> PassageSpec:
        return self._find()

    @property
    def id(self) -> str:
        """See `PassageEncoder`."""
        return self._spec.id

    @property
    def dimension(self) -> int:
        """See `PassageEncoder`."""
        return self._spec.dimension

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """One vector a passage.

        Raises:
            GenerationFailed, OutOfMemory, ModelTooLarge, Cancelled
        """
        return self._encode([self._spec.passage_prefix + text for text in texts])

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """One vector a question; raises what `encode_passages` does."""
        return self._encode([self._spec.query_prefix + text for text in texts])

    def _encode(self, texts: Sequence[str]) -> Vectors:
        vectors = np.empty((len(texts), self.dimension), np.float32)
        by_length = sorted(range(len(texts)), key=lambda place: len(texts[place]))  # so that little is padded
        for places in _batches(by_length, TEXTS_AT_ONCE):
            with self._pool.lease(self._spec.model) as model:
                vectors[places] = model.encode([texts[place] for place in places])
        return vectors


def _none(dimension: int) -> Vectors:
    return np.empty((0, dimension), np.float32)


def _batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
