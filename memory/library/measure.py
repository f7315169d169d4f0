"""How fast and how exact the library is, measured on what is there: the vector search, and indexing as a whole."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import psutil

from memory.decode import decode
from memory.library.indexing import BATCH
from memory.library.places import Folder
from memory.library.preparing import MOST_SIDE
from memory.library.vectors import About, Vectors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from PIL import Image

    from memory.library.library import Library
    from runtime.encoder.base import Encoder, PassageEncoder

_TOP = 10
_SPREAD = 0.7  # of a vector around its cluster's centre, in units of the centres' own
_BIG = 10**9


@dataclass(frozen=True, slots=True)
class VectorNumbers:
    """How searching so many vectors went.

    Attributes:
        count: vectors.
        recall: of the ten that exact search finds, the fraction found.
        p50_ms: half of the queries were answered in this many milliseconds.
        p95_ms: 95 in 100 were.
        put_ms: milliseconds to keep one vector.
        memory_mb: resident memory that opening, filling and searching took, in megabytes.
    """

    count: int
    recall: float
    p50_ms: float
    p95_ms: float
    put_ms: float
    memory_mb: float


@dataclass(frozen=True, slots=True)
class Throughput:
    """Pictures a second: of the encoder alone, fed from memory, and of indexing the same files."""

    pictures: int
    encoder: float
    indexing: float

    @property
    def ratio(self) -> float:
        """1 when reading, decoding and writing are wholly hidden behind the encoder."""
        return self.indexing / self.encoder


def measure_vectors(
    folder: Path,
    counts: Sequence[int] = (1_000, 10_000, 100_000),
    *,
    dimension: int = 384,
    queries: int = 200,
    seed: int = 0,
    beside: Callable[[], object] | None = None,
) -> list[VectorNumbers]:
    """Fill and search a store of each size with vectors in clusters, as those of pictures are.

    Args:
        folder: an empty folder, for the stores.
        counts: sizes, the smallest first so that memory is counted to its own.
        dimension: of the vectors.
        queries: how many searches, near the same clusters.
        seed: for the vectors.
        beside: called again and again on another thread while the searches go on, such as an encoder's work.
    """
    return [_measured(folder / str(count), count, dimension, queries, seed, beside) for count in counts]


def measure_throughput(
    library: Library, encoder: Encoder, passages: PassageEncoder, paths: Sequence[Path]
) -> Throughput:
    """Encode pictures from memory, then index their files, in one run. The first picture opens and loads all there is.

    Args:
        library: it must not know the files yet.
        encoder: the pictures' encoder.
        passages: the documents' encoder; not used.
        paths: two or more picture files, as many as fit into memory.
    """
    first, *rest = paths
    images = [_decoded(path) for path in rest]
    library.index([first], encoder, passages, cancel=threading.Event(), report=lambda _: None)
    began = time.perf_counter()
    for at in range(0, len(images), BATCH):
        encoder.encode_images(images[at : at + BATCH])
    alone = time.perf_counter() - began
    outcome = library.index(rest, encoder, passages, cancel=threading.Event(), report=lambda _: None)
    return Throughput(len(rest), len(rest) / alone, outcome.new / outcome.seconds)


def _decoded(path: Path) -> Image.Image:
    image = decode(path.read_bytes(), max_bytes=_BIG, max_pixels=_BIG).image
    image.thumbnail((MOST_SIDE, MOST_SIDE))
    return image


def _measured(
    folder: Path, count: int, dimension: int, queries: int, seed: int, beside: Callable[[], object] | None
) -> VectorNumbers:
    random = np.random.default_rng(seed)
    centres = random.normal(size=(max(1, count // 200), dimension))
    held, asked = _near(random, centres, count), _near(random, centres, queries)
    process = psutil.Process()
    before = process.memory_info().rss
    vectors = Vectors(Folder(folder), "measured")
    vectors.create("picture", "random")
    began = time.perf_counter()
    for at in range(0, count, BATCH):
        keys = [str(number) for number in range(at, min(count, at + BATCH))]
        vectors.put("picture", keys, held[at : at + BATCH], [About("folder", 0.0)] * len(keys))
    put = time.perf_counter() - began
    found, seconds = _searched(vectors, asked, beside)
    memory = process.memory_info().rss - before
    vectors.close()
    exact = (set(np.argsort(-(held @ row))[:_TOP].tolist()) for row in asked)
    recall = sum(len(best & got) / len(best) for best, got in zip(exact, found, strict=True)) / queries
    p50, p95 = np.quantile(seconds, [0.5, 0.95]) * 1000
    return VectorNumbers(count, recall, float(p50), float(p95), put / count * 1000, memory / 1e6)


def _near(random: np.random.Generator, centres: NDArray[np.float64], count: int) -> NDArray[np.float32]:
    rows = centres[random.integers(len(centres), size=count)]
    rows += random.normal(scale=_SPREAD, size=rows.shape)
    unit: NDArray[np.float32] = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit


@contextmanager
def _busy(work: Callable[[], object] | None) -> Iterator[None]:
    """Within, another thread does this work over and over."""
    done = threading.Event()

    def repeat() -> None:
        while work is not None and not done.is_set():
            work()

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _searched(
    vectors: Vectors, asked: NDArray[np.float32], beside: Callable[[], object] | None
) -> tuple[list[set[int]], list[float]]:
    found, seconds = [], []
    with _busy(beside):
        vectors.nearest("picture", asked[:1], _TOP)  # opens the index
        for row in asked:
            began = time.perf_counter()
            near = vectors.nearest("picture", row[None], _TOP)[0]
            seconds.append(time.perf_counter() - began)
            found.append({int(key) for key, _ in near})
    return found, seconds
