"""Indexing that is killed again and again, in real processes, while the files change."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from typing import TYPE_CHECKING

import numpy as np
import pytest

from memory.decode import decode
from memory.library import indexing
from memory.library.keys import vector_key
from tests.memory.pictures import file_of, files, photo
from tests.memory.projection import LIMITS, Projection, index, opened

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from pathlib import Path

    from memory.library.library import Library

KILLS = 20
# Each run is a process of its own; the server it is forked from has the slow imports behind it, and opens nothing.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    ["chromadb", "pillow_heif", "memory.documents.read", "memory.library.library", __name__]
)


def work(home: Path, album: Path, reports: Connection) -> None:
    """Index in small batches and say so after each."""
    indexing.BATCH = 3
    index(opened(home), album, report=lambda progress: reports.send(progress.done))


def killed_after(count: int, home: Path, album: Path) -> bool:
    """Index in another process, and kill it once it has reported so often; False if it ended before."""
    ours, theirs = PROCESSES.Pipe()
    worker = PROCESSES.Process(target=work, args=(home, album, theirs))
    worker.start()
    theirs.close()
    try:
        for _ in range(count):
            ours.recv()
    except EOFError:
        worker.join()
        assert worker.exitcode == 0
        return False
    worker.kill()
    worker.join()
    assert worker.exitcode == -signal.SIGKILL
    return True


def changed(album: Path, chance: random.Random, seed: int) -> None:
    """A picture comes, one goes, one becomes another, and a document grows."""
    present = sorted(path.name for path in album.glob("*.png"))
    (album / f"new{seed}.png").write_bytes(file_of(photo(seed=1000 + seed), "PNG"))
    (album / chance.choice(present)).write_bytes(file_of(photo(seed=2000 + seed), "PNG"))
    (album / chance.choice(present)).unlink()
    with (album / "notes.md").open("a") as notes:
        notes.write(f"# Note {seed}\n\nOf the day {seed}.\n\n")


@pytest.mark.timeout(600)
def test_killed_at_any_moment_it_ends_with_the_files_on_disk_once_each(home: Path, tmp_path: Path) -> None:
    chance = random.Random(20261123)
    album = tmp_path / "album"
    album.mkdir()
    for seed in range(60):
        (album / f"{seed}.png").write_bytes(file_of(photo(seed=seed), "PNG"))
    kills = 0
    for attempt in range(2 * KILLS):
        kills += killed_after(chance.randint(1, 4), home, album)
        if kills == KILLS:
            break
        changed(album, chance, attempt)
    assert kills == KILLS
    library = opened(home)
    assert index(library, album).failed == 0
    assert_is_what_lies_in(library, album, home)
    assert index(library, album).unchanged == len(files(album))
    library.close()


def assert_is_what_lies_in(library: Library, album: Path, home: Path) -> None:
    """Rows, vectors, thumbnails and passages stand for the files, once each and as they are now."""
    on_disk = sorted(path for path in album.iterdir() if path.suffix == ".png")
    pictures = library.pictures(limit=10_000)
    assert sorted(picture.path for picture in pictures) == on_disk
    keys = {vector_key(picture.id, picture.sha256): picture for picture in pictures}
    held = library._vectors.vectors("picture", list(keys))
    assert library._vectors.keys("picture") == set(held) == set(keys)
    for key, picture in keys.items():
        encoded = Projection().encode_images([decode(picture.path.read_bytes(), **LIMITS).image])[0]
        np.testing.assert_allclose(held[key], encoded, atol=1e-5)
    assert files(home / "thumbnails" / "ann") == {f"{picture.sha256[:2]}/{picture.sha256}.jpg" for picture in pictures}
    stats = library.stats()
    notes = (album / "notes.md").read_text().count("# Note")
    assert (stats.documents, stats.passages, len(library._vectors.keys("passage"))) == (1, notes, notes)
    assert stats.missing == 0
    for picture in pictures:
        hits = library.search_pictures(held[vector_key(picture.id, picture.sha256)], "test:projection", top=1)
        assert os.fspath(hits[0].picture.path) == os.fspath(picture.path)
