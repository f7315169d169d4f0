"""Runs of indexing that are stopped, that fail, and that go on beside searches."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from memory.library import indexing
from memory.library.library import Library
from runtime.errors import GenerationFailed, ModelNotPresent
from tests.memory.projection import Projection, index, vector_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from memory.library.records import Progress


def test_stopping_keeps_what_was_indexed(library: Library, album: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "BATCH", 2)
    cancel = threading.Event()

    def stop(progress: Progress) -> None:
        if progress.new == 2:
            cancel.set()

    outcome = index(library, album, cancel=cancel, report=stop)
    assert outcome.cancelled
    assert 2 <= outcome.new == library.stats().pictures + library.stats().documents <= 4
    rest = index(library, album)
    assert (rest.cancelled, rest.new + outcome.new, rest.unchanged) == (False, 7, outcome.new)


def test_captions_and_texts_are_made_once(library: Library, album: Path) -> None:
    made: list[tuple[int, int]] = []

    def describe(image: Image.Image) -> str:
        made.append(image.size)
        return "a red kite"

    index(library, album, describe=describe, read=lambda _: "SALE")
    assert len(made) == 6
    assert {(p.caption, p.text) for p in library.pictures()} == {("a red kite", "SALE")}
    index(library, album, describe=describe, again=True)
    assert len(made) == 6
    assert {(p.caption, p.text) for p in library.pictures()} == {("a red kite", "SALE")}


def test_a_picture_that_cannot_be_described_is_indexed_without(library: Library, album: Path) -> None:
    def describe(image: Image.Image) -> str:
        raise GenerationFailed("The model stopped.")

    outcome = index(library, album, describe=describe)
    assert (outcome.new, outcome.failed, library.count()) == (7, 6, 6)
    assert {failure.reason for failure in outcome.failures} == {"The model stopped."}


def test_a_model_that_is_not_there_ends_the_run(library: Library, album: Path) -> None:
    def describe(image: Image.Image) -> str:
        raise ModelNotPresent("The model is not here.")

    with pytest.raises(ModelNotPresent):
        index(library, album, describe=describe)


def test_an_encoder_that_fails_ends_the_run_and_what_was_kept_stays(
    library: Library, album: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "BATCH", 2)
    encoder = Projection()
    encode = encoder.encode_images

    def third_time_fails(images: list[Image.Image]) -> NDArray[np.float32]:
        if encoder.images == 4:
            raise GenerationFailed
        return encode(images)

    monkeypatch.setattr(encoder, "encode_images", third_time_fails)
    with pytest.raises(GenerationFailed):
        index(library, album, encoder=encoder)
    assert (library.count(), library.stats().documents) == (4, 1)
    assert index(library, album).new == 2


def test_searches_go_on_while_another_thread_indexes(library: Library, album: Path) -> None:
    index(library, album / "0.png")
    vector = vector_of(album / "0.png")
    answers: list[int] = []

    def search(progress: Progress) -> None:
        thread = threading.Thread(
            target=lambda: answers.append(len(library.search_pictures(vector, "test:projection")) + library.count())
        )
        thread.start()
        thread.join(30)

    index(library, album, report=search)
    assert answers[0] == 2
    assert answers[-1] == 12
