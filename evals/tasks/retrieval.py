"""Pictures found by words and words by pictures, over everything that the data hold.

With k captions a picture the protocol is that of Karpathy and Fei-Fei (2015): every caption looks for its one picture
among all, every picture for any of its captions among all. `r5` is the share whose right one is among the first five;
from image to text that is any-hit, and is named so: one of a picture's captions is enough. Ties count as lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cached_property, partial

import numpy as np

from evals.formats import PICTURE_TO_WORDS, WORDS_TO_PICTURE, Picture, Sample
from evals.metrics.ranking import best_rank, first, within
from evals.records import Record
from evals.tasks.base import Findings, Found, Search, Task
from evals.tasks.searching import SCORE, SHOWN, chance_of, marks
from memory.decode import decode
from runtime import models
from runtime.encoder.base import Encoder, Vectors
from runtime.presets import preset_of
from runtime.settings import Settings

DIRECTIONS = {WORDS_TO_PICTURE: "text_to_image", PICTURE_TO_WORDS: "image_to_text_any"}
DEPTHS = (1, 5, 10)
DECODED_TOGETHER = 64


class PictureFinder:
    """Ranks by exact cosine. Words are encoded alone, as when somebody types them; what is searched, beforehand."""

    def __init__(
        self, encoder: Encoder, settings: Settings, samples: Sequence[Sample], others: Sequence[Picture] = ()
    ) -> None:
        self._encoder = encoder
        own = [picture for sample in samples for picture in sample.images]
        gallery = {picture.key: picture for picture in (*own, *others)}
        self._names = [picture.name for picture in gallery.values()]
        self._places = {key: place for place, key in enumerate(gallery)}
        self._pictures = _encoded(encoder, list(gallery.values()), settings)
        self._captions = [sample for sample in samples if sample.kind == WORDS_TO_PICTURE]

    def find(self, sample: Sample) -> Found:
        """Raises what the encoder does."""
        (picture,) = sample.images
        here = self._places[picture.key]
        if sample.kind == WORDS_TO_PICTURE:
            scores = self._pictures @ self._encoder.encode_texts([sample.text])[0]
            return _found(scores, [here], self._names)
        scores = self._words @ self._pictures[here]
        right = [place for place, caption in enumerate(self._captions) if caption.images[0].key == picture.key]
        return _found(scores, right, [caption.text for caption in self._captions])

    @cached_property
    def _words(self) -> Vectors:
        return self._encoder.encode_texts([caption.text for caption in self._captions])


def _encoded(encoder: Encoder, pictures: Sequence[Picture], settings: Settings) -> Vectors:
    """A row a picture, decoded as the product decodes them, a few at a time.

    Raises:
        ImageRejected: one of them is no picture that the library would take.
    """
    limits = {"max_bytes": settings.max_upload_bytes, "max_pixels": settings.max_pixels}
    parts = []
    for start in range(0, len(pictures), DECODED_TOGETHER):
        some = pictures[start : start + DECODED_TOGETHER]
        parts.append(encoder.encode_images([decode(each.read(), name=each.name, **limits).image for each in some]))
    return np.concatenate(parts)


def _found(scores: Vectors, right: Sequence[int], names: Sequence[str]) -> Found:
    shown = [names[place] for place in first(scores, right, SHOWN)]
    return Found(best_rank(scores, right), len(scores), len(right), shown)


def _encoder(settings: Settings) -> tuple[str, str]:
    preset = preset_of(settings)
    with closing(models.model_pool(settings)) as pool:
        return preset.encoder, models.encoder(settings, preset, pool).id


@contextmanager
def _opened(settings: Settings, samples: Sequence[Sample], others: Sequence[Picture]) -> Iterator[PictureFinder]:
    with closing(models.model_pool(settings)) as pool:
        yield PictureFinder(models.encoder(settings, preset_of(settings), pool), settings, samples, others)


def findings(records: Sequence[Record]) -> Findings:
    """Recall at each depth and the median rank, both ways, beside what a random order would give."""
    means, medians = {}, {}
    chance: dict[str, float] = {}
    for kind, direction in DIRECTIONS.items():
        asked = [record for record in records if record.kind == kind]
        if not asked:
            continue
        searched = [record for record in asked if not record.error]
        for depth in DEPTHS:
            means[f"{direction}_r{depth}"] = marks(asked, partial(within, most=depth))
            chance[f"{direction}_r{depth}"] = chance_of(searched, depth)
        medians[f"median_rank_{direction}"] = marks(searched, lambda rank: float(rank or 0))
    return Findings(means, {"chance": chance}, {}, medians=medians)


RETRIEVAL = Task(
    "retrieval",
    "pictures found by words and words by pictures, by the encoder alone",
    1,
    SCORE,
    search=Search(_encoder, _opened, findings),
)
