"""What lies on people's disks: links, odd names, broken files, dates and places."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from memory.library.exif import facts
from memory.library.walking import shown, walk
from tests.memory.pictures import KINDS, exif_of, file_of, photo, png_header_only
from tests.memory.projection import index, opened

if TYPE_CHECKING:
    from pathlib import Path

    from memory.library.library import Library

PICTURE = file_of(photo(), "PNG")


@pytest.fixture
def album(tmp_path: Path) -> Path:
    folder = tmp_path / "album"
    folder.mkdir()
    return folder


def put(folder: Path, name: str, data: bytes = PICTURE) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def names(folder: Path, *more: Path, skip: tuple[Path, ...] = ()) -> list[str]:
    return [os.path.relpath(found.path, folder) for found in walk([folder, *more], skip=skip).files]


def test_pictures_and_documents_are_told_by_their_names(album: Path) -> None:
    for name in ("a.JPG", "b.heic", "c.md", "d.PDF", "e.exe", "f", "g.txt", "thumbs.db"):
        put(album, name)
    assert names(album) == ["a.JPG", "b.heic", "c.md", "d.PDF", "g.txt"]
    assert [found.kind for found in walk([album]).files] == ["picture", "picture", "document", "document", "document"]


def test_hidden_files_and_folders_are_passed_over_unless_named(album: Path) -> None:
    put(album, ".hidden.png")
    put(album, ".trash/a.png")
    put(album, "b.png")
    assert names(album) == ["b.png"]
    assert names(album / ".trash") == ["a.png"]


def test_our_own_folder_is_skipped(album: Path) -> None:
    put(album, "a.png")
    put(album, "vistalk/images/b.png")
    assert names(album, skip=(album / "vistalk",)) == ["a.png"]


def test_links_in_a_circle_end_and_nothing_is_met_twice(album: Path) -> None:
    put(album, "real/deep/a.png")
    (album / "real" / "deep" / "up").symlink_to(album)
    (album / "a-link").symlink_to(album / "real")
    assert names(album) == ["real/deep/a.png"]
    assert names(album, album / "real", album) == ["real/deep/a.png"]


def test_a_linked_folder_elsewhere_is_followed(album: Path, tmp_path: Path) -> None:
    put(tmp_path, "elsewhere/a.png")
    (album / "link").symlink_to(tmp_path / "elsewhere")
    assert names(album) == ["link/a.png"]


def test_a_broken_link_a_pipe_and_a_folder_named_like_a_picture(album: Path) -> None:
    (album / "gone.png").symlink_to(album / "nowhere.png")
    (album / "self.png").symlink_to(album / "self.png")
    os.mkfifo(album / "pipe.png")
    put(album, "folder.png/a.png")
    found = walk([album])
    assert [file.path.name for file in found.files] == ["a.png"]
    assert {failure.path: failure.reason for failure in found.failures} == {
        str(album / "gone.png"): "It cannot be read: No such file or directory.",
        str(album / "self.png"): "It cannot be read: Too many levels of symbolic links.",
    }


def test_what_is_named_and_is_not_there_or_not_of_a_kind(album: Path) -> None:
    program = put(album, "setup.exe")
    found = walk([program, album / "no.png", album / "nobody", put(album, "a.png"), album / "a.png"])
    assert [file.path.name for file in found.files] == ["a.png"]
    assert [failure.reason for failure in found.failures] == [
        "It is not a kind of file that is indexed.",
        f"The file {album}/no.png is not there.",
        f"The folder {album}/nobody is not there.",
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look anywhere")
def test_a_locked_folder_is_named_and_loses_nothing(library: Library, album: Path) -> None:
    put(album, "locked/a.png")
    index(library, album)
    (album / "locked").chmod(0)
    outcome = index(library, album)
    (album / "locked").chmod(0o700)
    assert outcome.failures[0].reason == "The folder cannot be looked into: Permission denied."
    assert (outcome.removed, library.count()) == (0, 1)


def test_odd_names_are_indexed_and_shown_on_one_line(library: Library, album: Path) -> None:
    odd = [
        "two\nlines.png",
        " spaces  .png",
        "猫.png",
        "quote'\";--.png",
        "%s?*.png",
        "é" * 100 + ".png",
        os.fsdecode(b"latin\xe9.png"),
    ]
    for number, name in enumerate(odd):
        put(album, name, file_of(photo(seed=number), "PNG"))
    assert index(library, album).new == len(odd)
    assert {picture.path.name for picture in library.pictures()} == set(odd)
    assert all(picture.present for picture in library.pictures())
    assert index(library, album).unchanged == len(odd)
    assert shown(album / "two\nlines.png") == f"{album}/two lines.png"
    shown(album / odd[-1]).encode()
    (album / odd[-1]).write_bytes(b"broken")
    assert index(library, album).failures[0].path == f"{album}/latin\ufffd.png"
    assert library.remove(album) == len(odd) - 1


def test_unreadable_files_are_named_with_the_reason_and_skipped(library: Library, album: Path) -> None:
    put(album, "empty.png", b"")
    put(album, "cut.jpg", file_of(photo(), "JPEG")[:-200])
    put(album, "text.png", b"this is no picture")
    put(album, "large.png", bytes(200_001))
    put(album, "huge.png", png_header_only(30_000, 30_000))
    put(album, "strip.png", file_of(Image.new("RGB", (2000, 2)), "PNG"))
    put(album, "empty.md", b"")
    put(album, "fine.png")
    outcome = index(library, album)
    assert (outcome.total, outcome.done, outcome.new, outcome.failed) == (8, 8, 1, 7)
    reasons = {os.path.basename(failure.path): failure.reason for failure in outcome.failures}  # noqa: PTH119
    assert reasons.pop("empty.md")
    assert reasons == {
        "empty.png": '"empty.png" is empty.',
        "cut.jpg": '"cut.jpg" is damaged: it cannot be read to its end.',
        "text.png": '"text.png" is not a kind of picture that is read here.',
        "large.png": "It is larger than 0.2 MB, the most that is taken.",
        "huge.png": '"huge.png" has more than 1 megapixels, the most that is taken.',
        "strip.png": '"strip.png" is a strip, over 100 times as long as wide.',
    }
    assert [picture.path.name for picture in library.pictures()] == ["fine.png"]


def test_a_picture_that_became_unreadable_is_no_longer_found(library: Library, album: Path) -> None:
    path = put(album, "a.png")
    index(library, album)
    path.write_bytes(PICTURE[:-30])
    outcome = index(library, album)
    assert (outcome.failed, outcome.done, library.count()) == (1, 1, 0)


def test_date_and_size_are_read_and_the_place_only_where_allowed(home: Path, album: Path) -> None:
    exif = exif_of(orientation=6)
    exif.get_ifd(0x8769)[0x9003] = "2021:07:03 18:30:05"
    put(album, "a.jpg", file_of(photo(60, 40), "JPEG", exif=exif))
    library = opened(home)
    index(library, album)
    picture = library.pictures()[0]
    assert (picture.width, picture.height) == (40, 60)
    assert (picture.taken, picture.place) == ("2021-07-03T18:30:05", None)
    library.close()
    library = opened(home, "bob", places=True)
    index(library, album)
    assert library.pictures()[0].place == pytest.approx((52.52, 13.41), abs=0.01)
    library.close()


@pytest.mark.parametrize("kind", KINDS)
def test_facts_of_every_kind(kind: str) -> None:
    assert facts(file_of(photo(50, 30), kind)).width == 50


@pytest.mark.parametrize(
    "date",
    [
        "",
        "0000:00:00 00:00:00",
        "2021:13:03 10:00:00",
        "1700:01:01 00:00:00",
        "9999:01:01 00:00:00",
        "x" * 9999,
        "2021",
    ],
)
def test_a_date_that_cannot_be_is_none(date: str) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = date
    assert facts(file_of(photo(), "JPEG", exif=exif)).taken == ""


@pytest.mark.parametrize("degrees", [(91.0, 0.0, 0.0), (0.0,), (0.0, 0.0, 0.0)])
def test_a_place_that_cannot_be_is_none(degrees: tuple[float, ...]) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: degrees, 3: "W", 4: degrees})
    assert facts(file_of(photo(), "JPEG", exif=exif)).place is None


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_no_metadata_breaks_the_reader(body: bytes) -> None:
    found = facts(file_of(photo(), "JPEG", exif=b"Exif\x00\x00" + body))
    assert (found.width, found.height) in {(48, 32), (32, 48)}
