"""What indexing costs beside its encoder, and how fast and how exact the search is as the library grows."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from evals.bench.report import Measure
from evals.bench.serving import picture
from evals.subjects import linked_home
from memory.home import Home
from runtime.encoder.base import Encoder, PassageEncoder
from runtime.models import encoder, model_pool, passage_encoder
from runtime.presets import preset_of
from runtime.settings import Settings

PICTURES = 240
SIDES = (640, 480)
ROUNDS = 3
COUNTS = (1_000, 10_000, 100_000)
HELD_TO = COUNTS[-1]
"""The size that the limits are for."""

TOGETHER = 4
"""Pictures that are encoded again and again while the library is searched."""


def library(settings: Settings) -> list[Measure]:
    """Indexing over the encoder fed from memory, and searches among more and more vectors."""
    preset = preset_of(settings)
    with closing(model_pool(settings)) as pool, tempfile.TemporaryDirectory() as folder:
        pictures, passages = encoder(settings, preset, pool), passage_encoder(settings, preset, pool)
        return [
            *_indexing(settings, pictures, passages, Path(folder)),
            *_searching(pictures, Path(folder)),
        ]


def _indexing(settings: Settings, pictures: Encoder, passages: PassageEncoder, folder: Path) -> list[Measure]:
    """A library of its own each round; the fastest round of each kind counts, since a disturbance only slows."""
    from memory.library.measure import measure_throughput

    paths = _photographs(folder / "photographs")
    rounds = []
    for number in range(ROUNDS):
        with _emptied(settings, folder / str(number)) as home:
            rounds.append(measure_throughput(home.library, pictures, passages, paths))
    alone, indexing = max(each.encoder for each in rounds), max(each.indexing for each in rounds)
    shape = f"JPEG of {SIDES[0]} × {SIDES[1]}"
    return [
        Measure("encode_rate", alone, "pictures/s", note="the encoder, fed from memory"),
        Measure("index_rate", indexing, "pictures/s", note=f"{PICTURES} {shape}"),
        Measure("index_ratio", indexing / alone, "×", "least", 0.9, "indexing / encoding from memory"),
    ]


def _searching(pictures: Encoder, folder: Path) -> Iterator[Measure]:
    from memory.library.measure import measure_vectors

    shown = [picture() for _ in range(TOGETHER)]
    found = measure_vectors(folder, COUNTS, dimension=pictures.dimension, beside=lambda: pictures.encode_images(shown))
    for each in found:
        held = each.count == HELD_TO
        yield Measure(
            f"search_p95_{each.count}",
            each.p95_ms,
            "ms",
            "most" if held else "",
            30 if held else None,
            f"{each.count:,} vectors, pictures being encoded meanwhile; half within {each.p50_ms:.3g} ms",
        )
        yield Measure(
            f"recall_{each.count}",
            100 * each.recall,
            "%",
            "least" if held else "",
            98 if held else None,
            "of the ten that exact search finds",
        )
        yield Measure(f"memory_{each.count}", each.memory_mb, "MB", note="resident, to fill and to search")


@contextmanager
def _emptied(settings: Settings, folder: Path) -> Iterator[Home]:
    """A data directory that holds nothing."""
    folder.mkdir()
    with Home.open(settings.model_copy(update={"home": linked_home(settings, folder)})) as home:
        yield home


def _photographs(folder: Path) -> Sequence[Path]:
    """As large and as hard to decode as pictures of the web: smooth colours, with the grain of a sensor."""
    folder.mkdir()
    random = np.random.default_rng(0)
    paths = [folder / f"{number}.jpg" for number in range(PICTURES)]
    for path in paths:
        coarse = Image.fromarray(random.integers(0, 255, (12, 16, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize(SIDES, Image.Resampling.BICUBIC), np.int16)
        grain = random.normal(scale=6, size=smooth.shape).astype(np.int16)
        Image.fromarray(np.clip(smooth + grain, 0, 255).astype(np.uint8)).save(path, "JPEG", quality=85)
    return paths
