"""An encoder for tests: honest arithmetic in place of a model, fast and the same everywhere."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from memory.library.library import Library
from memory.library.records import Outcome, Progress

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

LIMITS: dict[str, Any] = {"max_bytes": 200_000, "max_pixels": 1_000_000}


class Projection:
    """A fixed random projection of a picture's 8 × 8 colours; of a text, the sum of a random vector for each word."""

    def __init__(self, name: str = "test:projection", dimension: int = 32) -> None:
        self.id = name
        self.dimension = dimension
        self.images = 0
        self._matrix = np.random.default_rng(0).normal(size=(192, dimension))

    def encode_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        self.images += len(images)
        colours = np.array([np.asarray(image.convert("RGB").resize((8, 8)), np.float64).ravel() for image in images])
        return _unit((colours - 127.3) @ self._matrix)

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return _unit(np.array([sum(map(self._word, text.lower().split()), self._word("")) for text in texts]))

    encode_passages = encode_texts
    encode_queries = encode_texts

    def _word(self, word: str) -> NDArray[np.float64]:
        seed = int.from_bytes(hashlib.sha256(word.encode(errors="replace")).digest()[:8])
        return np.random.default_rng(seed).normal(size=self.dimension)


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    scaled: NDArray[np.float32] = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def opened(home: Path, user: str = "ann", **options: Any) -> Library:
    """A user's library in a data directory."""
    home.mkdir(parents=True, exist_ok=True)
    return Library(home, user, **{**LIMITS, **options})


def index(library: Library, *paths: Path, encoder: Projection | None = None, **options: Any) -> Outcome:
    """Index, and check what was reported on the way."""
    encoder = encoder or Projection()
    reports: list[Progress] = []
    given = {"cancel": threading.Event(), "report": reports.append, **options}
    outcome = library.index(paths, encoder, encoder, **given)
    if given["report"] == reports.append:
        done = [report.done for report in reports]
        assert done == sorted(done)
        last = reports[-1]
        assert (last.done, last.total, last.new, last.changed, last.unchanged, last.removed, last.failed) == (
            outcome.done,
            outcome.total,
            outcome.new,
            outcome.changed,
            outcome.unchanged,
            outcome.removed,
            outcome.failed,
        )
    return outcome


def vector_of(path: Path) -> NDArray[np.float32]:
    with Image.open(path) as image:
        vector: NDArray[np.float32] = Projection().encode_images([image])[0]
    return vector
