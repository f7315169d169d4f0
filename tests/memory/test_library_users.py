"""Users share a data directory and see nothing of each other."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory.library.records import Filters
from runtime.errors import BadSetting, LibraryEmpty, UnknownPicture
from tests.memory.pictures import file_of, photo
from tests.memory.projection import Projection, index, opened

if TYPE_CHECKING:
    from memory.library.library import Library

ENCODER = Projection()
USERS = ("ann", "bob", "Ann", "ann.")


def everything_seen(library: Library, words: str, seed: int, folder: Path | None) -> set[Path]:
    """Every path that any question of this user's comes back with."""
    seen: set[Path] = set()
    filters = Filters(folder=folder)
    picture = ENCODER.encode_images([photo(seed=seed)])[0]
    question = ENCODER.encode_queries([words])[0]
    calls: list[Any] = [
        lambda: [hit.picture for hit in library.search_pictures(picture, ENCODER.id, top=99, filters=filters)],
        lambda: [hit.picture for hit in library.search_pictures(question, ENCODER.id, words=words, top=99)],
        lambda: [hit.passage for hit in library.search_passages(words, question, ENCODER.id, top=99, filters=filters)],
        lambda: library.pictures(filters=filters),
        lambda: [picture for group in library.duplicates(-1) for picture in group],
    ]
    for call in calls:
        try:
            seen |= {found.path for found in call()}
        except LibraryEmpty:
            continue
    return seen | {folder.path for folder in library.stats().folders}


@settings(max_examples=5, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(USERS), st.integers(0, 3), st.booleans()), min_size=1, max_size=6),
    st.sampled_from(["zebra", "", "zebra OR 1=1", "ann"]),
    st.integers(0, 3),
)
def test_no_question_of_one_user_reaches_another(acts: list[tuple[str, int, bool]], words: str, seed: int) -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        home, shared = Path(name) / "home", Path(name) / "shared"
        shared.mkdir()
        for number in range(4):
            folder = shared / str(number)
            folder.mkdir()
            (folder / "a.png").write_bytes(file_of(photo(seed=number), "PNG"))
            (folder / "a.txt").write_text(f"zebra of folder {number}")
        libraries = {user: opened(home, user) for user in USERS}
        owned: dict[str, set[int]] = {user: set() for user in USERS}
        for user, number, remove in acts:
            if remove:
                libraries[user].remove(shared / str(number))
                owned[user].discard(number)
            else:
                index(libraries[user], shared / str(number), encoder=ENCODER)
                owned[user].add(number)
        for user, library in libraries.items():
            for within in (None, shared):
                seen = everything_seen(library, words, seed, within)
                assert {int(path.relative_to(shared).parts[0]) for path in seen} == owned[user]
            assert library.count() == len(owned[user])
        for library in libraries.values():
            library.close()


def test_a_picture_of_another_user_is_unknown(home: Path, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(file_of(photo(), "PNG"))
    ann, bob = opened(home), opened(home, "bob")
    index(ann, tmp_path / "a.png")
    with pytest.raises(UnknownPicture):
        bob.picture(ann.pictures()[0].id)
    with pytest.raises(LibraryEmpty):
        bob.search_pictures(np.ones(32, np.float32), ENCODER.id)
    assert bob.remove(tmp_path) == 0
    index(bob, tmp_path / "a.png", encoder=Projection("test:other", dimension=16))
    bob.remove(tmp_path)
    assert len(ann.search_pictures(np.ones(32, np.float32), ENCODER.id)) == 1
    assert ann.thumbnail(ann.pictures()[0])
    ann.close()
    bob.close()


def test_a_users_name_is_checked(home: Path) -> None:
    with pytest.raises(BadSetting):
        opened(home, "../bob")
