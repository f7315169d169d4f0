"""The places that the library stands on, and how their failures are told."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import numpy as np
import pytest

from memory.home import Home
from memory.library.measure import measure_throughput, measure_vectors
from memory.library.places import Folder
from memory.library.store import MIGRATIONS, Store
from memory.library.vectors import About, Narrowed, Vectors
from runtime.errors import LibraryDamaged, SetupError
from runtime.settings import load_settings
from tests.memory.pictures import file_of, photo
from tests.memory.projection import Projection, index, opened

if TYPE_CHECKING:
    from pathlib import Path


def test_the_home_opens_a_library_when_it_is_asked_for(home: Path) -> None:
    with Home.open(load_settings(home=home, user="ann")) as opened_home:
        assert not (home / "library.sqlite").exists()
        library = opened_home.library
        assert library is opened_home.library
        assert library.count() == 0
        assert not (home / "chroma").exists()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        library.count()


def test_a_transaction_is_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    store = Store(tmp_path / "library.sqlite")

    def half() -> None:
        with store.transaction() as connection:
            connection.execute("INSERT INTO roots VALUES ('ann', X'2F')")
            raise KeyError

    with pytest.raises(KeyError):
        half()
    with store.reading() as connection:
        assert connection.execute("SELECT COUNT(*) FROM roots").fetchone() == (0,)
    store.close()


def test_a_newer_or_a_foreign_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    Store(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(SetupError, match="newer vistalk"):
        Store(path)
    path.write_bytes(b"something else" * 100)
    with pytest.raises(SetupError, match="cannot be read or saved: file is not a database"):
        Store(path)


def test_vectors_that_cannot_be_opened_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "chroma"
    folder.mkdir()
    (folder / "chroma.sqlite3").write_bytes(b"something else" * 100)
    vectors = Vectors(Folder(folder), "ann")
    with pytest.raises(LibraryDamaged, match="cannot be read"):
        vectors.keys("picture")
    vectors.close()


def test_vectors_are_narrowed_and_replaced(tmp_path: Path) -> None:
    vectors = Vectors(Folder(tmp_path / "chroma"), "ann")
    rows = np.eye(3, dtype=np.float32)
    assert vectors.nearest("picture", rows, 5) == [[], [], []]
    assert vectors.encoder("picture") is None
    vectors.create("picture", "one")
    vectors.put("picture", ["a", "b", "c"], rows, [About("x", 1.0), About("y", 2.0), About("x", 3.0)])

    def found(narrowed: Narrowed | None = None) -> list[str]:
        return [key for key, _ in vectors.nearest("picture", rows[1:2], 5, narrowed)[0]]

    assert found()[0] == "b"
    assert sorted(found(Narrowed(folders=["x"]))) == ["a", "c"]
    assert found(Narrowed(folders=["x"], since=2.0)) == ["c"]
    assert found(Narrowed(since=2.0, until=3.0)) == ["b"]
    vectors.put("picture", ["a"], rows[1:2], [About("x", 1.0)])
    assert sorted(found()[:2]) == ["a", "b"]
    vectors.delete("picture", ["a", "nothing"])
    assert vectors.keys("picture") == {"b", "c"}
    assert Vectors(Folder(tmp_path / "chroma"), "bob").keys("picture") == set()
    vectors.create("picture", "two")
    assert (vectors.encoder("picture"), vectors.keys("picture")) == ("two", set())
    vectors.close()


def test_the_vector_search_is_nearly_exact(tmp_path: Path) -> None:
    small, larger = measure_vectors(tmp_path, (50, 500), dimension=64, queries=40, beside=lambda: sum(range(1000)))
    assert (small.count, small.recall) == (50, 1.0)
    assert larger.recall >= 0.98
    assert 0 < larger.p50_ms <= larger.p95_ms


def test_throughput_is_measured_in_one_run(home: Path, tmp_path: Path) -> None:
    paths = [tmp_path / f"{seed}.png" for seed in range(5)]
    for seed, path in enumerate(paths):
        path.write_bytes(file_of(photo(seed=seed), "PNG"))
    library = opened(home)
    encoder = Projection()
    measured = measure_throughput(library, encoder, encoder, paths)
    assert (measured.pictures, library.count()) == (4, 5)
    assert encoder.images == 1 + 4 + 4
    assert measured.ratio == pytest.approx(measured.indexing / measured.encoder)
    assert index(library, *paths).unchanged == 5
    library.close()
