from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from memory.library.keys import vector_key
from memory.library.library import Library
from memory.library.records import Filters
from memory.library.vectors import About
from runtime.errors import (
    BadDate,
    EncoderChanged,
    ImageMissing,
    LibraryEmpty,
    NothingToIndex,
    UnknownPicture,
)
from tests.memory.pictures import file_of, files, photo
from tests.memory.projection import Projection, index, opened, vector_of

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_indexed_is_found(library: Library, album: Path) -> None:
    outcome = index(library, album)
    assert (outcome.total, outcome.done, outcome.new, outcome.failed, outcome.cancelled) == (7, 7, 7, 0, False)
    hits = library.search_pictures(vector_of(album / "3.png"), "test:projection", top=3)
    assert len(hits) == 3
    assert hits[0].picture.path == album / "3.png"
    assert hits[0].score == pytest.approx(1, abs=1e-5)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert (hits[0].picture.width, hits[0].picture.height) == (48, 32)
    assert library.picture(hits[0].picture.id) == hits[0].picture
    assert hits[0].picture.present


def test_what_is_unchanged_is_not_encoded_again(library: Library, album: Path) -> None:
    index(library, album)
    encoder = Projection()
    outcome = index(library, album, encoder=encoder)
    assert (outcome.unchanged, outcome.done, encoder.images) == (7, 7, 0)
    os.utime(album / "0.png", (1, 1))
    outcome = index(library, album, encoder=encoder)
    assert (outcome.unchanged, outcome.changed, encoder.images) == (7, 0, 0)
    assert next(p for p in library.pictures() if p.path.name == "0.png").modified == 1


def test_what_changed_is_encoded_again(library: Library, album: Path) -> None:
    index(library, album)
    before = next(p for p in library.pictures() if p.path.name == "0.png")
    (album / "0.png").write_bytes(file_of(photo(60, 20, seed=77), "PNG"))
    outcome = index(library, album)
    assert (outcome.changed, outcome.unchanged, outcome.new) == (1, 6, 0)
    after = library.picture(before.id)
    assert (after.width, after.height) == (60, 20)
    hit = library.search_pictures(vector_of(album / "0.png"), "test:projection", top=1)[0]
    assert (hit.picture, round(hit.score, 4)) == (after, 1)
    assert library.count() == 6


def test_a_picture_that_comes_back_as_it_was(library: Library, album: Path) -> None:
    first = (album / "0.png").read_bytes()
    index(library, album)
    (album / "0.png").write_bytes(file_of(photo(seed=77), "PNG"))
    index(library, album)
    (album / "0.png").write_bytes(first)
    assert index(library, album).changed == 1
    hit = library.search_pictures(vector_of(album / "0.png"), "test:projection", top=1)[0]
    assert (hit.picture.path, round(hit.score, 4)) == (album / "0.png", 1)


def test_what_is_gone_is_removed_under_the_indexed_folder_only(library: Library, album: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "9.png").write_bytes(file_of(photo(seed=9), "PNG"))
    index(library, album, other)
    (album / "sea" / "4.png").unlink()
    (album / "returns.md").unlink()
    (other / "9.png").unlink()
    assert [picture.present for picture in library.pictures() if picture.path.name in {"4.png", "9.png"}] == [False] * 2
    assert library.stats().missing == 3
    outcome = index(library, album)
    assert (outcome.removed, outcome.unchanged) == (2, 5)
    assert {picture.path.name for picture in library.pictures()} == {
        "0.png",
        "1.png",
        "2.png",
        "3.png",
        "5.png",
        "9.png",
    }
    with pytest.raises(LibraryEmpty):
        library.search_passages("sofa", np.ones(32, np.float32), "test:projection")


def test_a_folder_that_is_not_there_removes_nothing(library: Library, album: Path, tmp_path: Path) -> None:
    index(library, album)
    album.rename(tmp_path / "unplugged")
    outcome = index(library, album)
    assert outcome.failures[0].reason == f"The folder {album} is not there."
    assert (outcome.removed, library.count()) == (0, 6)
    assert not library.stats().folders[0].present


def test_without_paths_all_that_was_named_is_indexed(library: Library, album: Path) -> None:
    with pytest.raises(NothingToIndex):
        index(library)
    index(library, album)
    (album / "new.png").write_bytes(file_of(photo(seed=50), "PNG"))
    outcome = index(library)
    assert (outcome.new, outcome.unchanged) == (1, 7)


def test_another_encoder_is_refused_until_asked_again(library: Library, album: Path) -> None:
    index(library, album)
    other = Projection("test:other", dimension=16)
    with pytest.raises(EncoderChanged, match=r"test:projection\) than test:other.* --again"):
        index(library, album, encoder=other)
    with pytest.raises(EncoderChanged):
        library.check("test:projection", "test:other")
    with pytest.raises(EncoderChanged):
        library.search_pictures(np.ones(16, np.float32), "test:other")
    outcome = index(library, album / "sea", encoder=other, again=True)
    assert (outcome.changed, other.images) == (7, 6)
    assert library.stats().encoder == library.stats().passage_encoder == "test:other"
    with Image.open(album / "2.png") as image:
        hits = library.search_pictures(other.encode_images([image])[0], "test:other", top=1)
    assert hits[0].picture.path.name == "2.png"


def test_once_all_is_removed_another_encoder_is_welcome(library: Library, album: Path) -> None:
    index(library, album)
    assert library.remove(album) == 7
    assert index(library, album, encoder=Projection("test:other", dimension=16)).new == 7


def test_lost_vectors_are_made_again(home: Path, album: Path, tmp_path: Path) -> None:
    with_vectors = opened(home)
    index(with_vectors, album)
    with_vectors.close()
    moved = tmp_path / "moved"  # Chroma cannot open a place twice in a process once its files are gone
    moved.mkdir()
    (home / "library.sqlite").rename(moved / "library.sqlite")
    library = opened(moved)
    assert library.count() == 6
    outcome = index(library, album)
    assert (outcome.changed, outcome.unchanged) == (7, 0)
    assert len(library.search_pictures(vector_of(album / "1.png"), "test:projection")) == 6
    library.close()


def test_vectors_without_rows_are_ignored_and_swept(library: Library, album: Path) -> None:
    index(library, album)
    picture = library.pictures()[0]
    stray = vector_of(picture.path)[None]
    library._vectors.put("picture", ["f" * 32 + ".0", f"{picture.id}.0"], np.repeat(stray, 2, 0), [About("x", 0.0)] * 2)
    hits = library.search_pictures(stray[0], "test:projection")
    assert [hit.picture.path for hit in hits].count(picture.path) == 1
    assert len(hits) == 6
    index(library, album)
    assert library._vectors.keys("picture") == {vector_key(p.id, p.sha256) for p in library.pictures()}


def test_filters(library: Library, album: Path) -> None:
    os.utime(album / "1.png", (0, 1_588_300_000))  # 2020-05-01
    index(library, album)
    vector = vector_of(album / "0.png")

    def found(**filters: object) -> set[str]:
        narrowed = Filters(**filters)  # type: ignore[arg-type]
        hits = {hit.picture.path.name for hit in library.search_pictures(vector, "test:projection", filters=narrowed)}
        assert hits == {picture.path.name for picture in library.pictures(filters=narrowed)}
        assert len(hits) == library.count(narrowed)
        return hits

    assert found(folder=album / "sea") == {"4.png", "5.png"}
    assert found(folder=album) == found()
    assert len(found()) == 6
    assert found(folder=album.parent / "albums") == found(folder=album / "se") == set()
    assert found(until="2020-05-02") == {"1.png"}
    assert found(since="2020-04-30", until="2020-05-02", folder=album) == {"1.png"}
    assert len(found(since="2020-05-03")) == 5
    with pytest.raises(BadDate, match="'yesterday' is not a day"):
        found(since="yesterday")
    with pytest.raises(BadDate):
        found(until="9999-12-31")


def test_the_list_is_newest_first_and_paged(library: Library, album: Path) -> None:
    for seed in range(6):
        os.utime(next(album.rglob(f"{seed}.png")), (0, 1_600_000_000 + 1000 * seed))
    index(library, album)
    assert [p.path.stem for p in library.pictures(limit=4)] == ["5", "4", "3", "2"]
    assert [p.path.stem for p in library.pictures(offset=4, limit=4)] == ["1", "0"]


def test_one_picture_and_more_asked_for_than_there_are(library: Library, tmp_path: Path) -> None:
    picture = tmp_path / "only.jpg"
    picture.write_bytes(file_of(photo(), "JPEG"))
    assert index(library, picture).new == 1
    assert len(library.search_pictures(vector_of(picture), "test:projection", top=500)) == 1
    assert library.search_pictures(vector_of(picture), "test:projection", top=0) == []


def test_nothing_indexed(library: Library) -> None:
    with pytest.raises(LibraryEmpty, match="No picture"):
        library.search_pictures(np.ones(32, np.float32), "any")
    with pytest.raises(LibraryEmpty, match="No document"):
        library.search_passages("words", np.ones(32, np.float32), "any")
    with pytest.raises(UnknownPicture):
        library.picture("0" * 32)
    assert library.pictures() == []
    assert library.duplicates() == []
    stats = library.stats()
    assert (stats.pictures, stats.documents, stats.passages, stats.folders, stats.encoder) == (0, 0, 0, (), "")


def test_stats(library: Library, album: Path) -> None:
    index(library, album)
    stats = library.stats()
    assert (stats.pictures, stats.documents, stats.missing) == (6, 1, 0)
    assert stats.passages >= 1
    assert stats.encoder == stats.passage_encoder == "test:projection"
    folder = stats.folders[0]
    assert (folder.path, folder.pictures, folder.documents, folder.missing, folder.present) == (album, 6, 1, 0, True)
    assert stats.bytes > 10_000


def test_removing_leaves_the_files_alone(library: Library, album: Path, home: Path) -> None:
    before = files(album)
    index(library, album)
    (album / "copy.png").write_bytes((album / "0.png").read_bytes())
    index(library, album)
    assert library.remove(album / "0.png") == 1
    assert len(files(home / "thumbnails")) == 6  # the copy still uses that of 0.png
    assert library.remove(album / "sea") == 2
    assert len(files(home / "thumbnails")) == 4
    assert library.remove(album) == 5
    assert library.remove(album) == 0
    assert files(home / "thumbnails") == set()
    assert library._vectors.keys("picture") == library._vectors.keys("passage") == set()
    assert library.stats().folders == ()
    assert files(album) == before | {"copy.png"}


def test_thumbnails_are_small_jpegs_and_come_back_when_lost(library: Library, tmp_path: Path, home: Path) -> None:
    path = tmp_path / "large.jpg"
    path.write_bytes(file_of(photo(900, 600), "JPEG"))
    index(library, path)
    picture = library.pictures()[0]
    kept = library.thumbnail(picture)
    with Image.open(io.BytesIO(kept)) as image:
        assert (image.format, image.size) == ("JPEG", (256, 171))
    for file in files(home / "thumbnails"):
        (home / "thumbnails" / file).unlink()
    with Image.open(io.BytesIO(library.thumbnail(picture))) as image:
        assert image.size == (256, 171)
    path.unlink()
    with pytest.raises(ImageMissing):
        library.thumbnail(picture)
