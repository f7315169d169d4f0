"""The library with its vectors on a real Chroma server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from memory.erasure.targets import Target
from memory.erasure.verifying import erase_and_verify
from memory.home import Home
from memory.library.places import Folder, Server, place_of
from memory.library.vectors import About, Narrowed, Vectors
from runtime.errors import BadSetting, SetupError
from runtime.settings import load_settings
from tests.memory.chroma_server import running
from tests.memory.pictures import file_of, photo
from tests.memory.projection import Projection, index, opened, vector_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("server")) as url:
        yield url


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "own" / f"{seed}.png" for seed in range(4)]
    paths[0].parent.mkdir()
    for seed, path in enumerate(paths):
        path.write_bytes(file_of(photo(seed=seed), "PNG"))
    return paths


def test_a_library_is_found_again_on_the_server(server: str, home: Path, pictures: list[Path]) -> None:
    url = f"{server}/found"
    library = opened(home, chroma_url=url)
    assert index(library, pictures[0].parent).new == 4
    library.close()
    assert not (home / "chroma").exists()
    library = opened(home, chroma_url=url)
    for path in pictures:
        assert library.search_pictures(vector_of(path), Projection().id)[0].picture.path == path
    pictures[0].unlink()
    assert index(library).removed == 1
    assert len(library.search_pictures(vector_of(pictures[1]), Projection().id)) == 3
    library.close()


def test_users_and_databases_are_apart(server: str) -> None:
    ann, bob = (Vectors(Server.of(f"{server}/shop"), user) for user in ("ann", "bob"))
    other = Vectors(Server.of(f"{server}/other"), "ann")
    rows = np.eye(3, dtype=np.float32)
    ann.create("picture", "one")
    ann.put("picture", ["a", "b", "c"], rows, [About("x", 1.0), About("y", 2.0), About("x", 3.0)])
    found = ann.nearest("picture", rows[1:2], 5, Narrowed(folders=["x"], since=2.0))
    assert [key for key, _ in found[0]] == ["c"]
    assert (bob.keys("picture"), other.keys("picture")) == (set(), set())
    assert set(ann.bytes_of("ann")) == {"a", "b", "c"}
    ann.drop_user("bob")
    ann.delete("picture", ["a"])
    ann.rebuild()
    assert ann.keys("picture") == {"b", "c"}
    bob.close()
    assert ann.keys("picture") == {"b", "c"}
    other.remove()
    assert ann.keys("picture") == {"b", "c"}
    ann.remove()
    assert ann.keys("picture") == set()
    for vectors in (ann, bob, other):
        vectors.close()


def test_an_erasure_says_what_it_cannot_see(server: str, home: Path, pictures: list[Path]) -> None:
    with Home.open(load_settings(home=home, user="ann", chroma_url=f"{server}/erased")) as opened_home:
        library = opened_home.library
        index(library, pictures[0].parent)
        digest = library.pictures()[0].sha256
        own_files, verdict = erase_and_verify(opened_home, Target("image", digest))
        assert len(own_files) == 1
        assert (verdict.hits, verdict.unseen) == ((), f"{server}/erased")
        assert library.count() == 3
        assert len(library.search_pictures(vector_of(pictures[1]), Projection().id)) == 3


def test_a_server_that_is_gone_is_named(tmp_path: Path) -> None:
    with running(tmp_path) as url:
        vectors = Vectors(Server.of(url), "ann")
        vectors.create("picture", "one")
    with pytest.raises(SetupError, match=r"The Chroma server at http://127\.0\.0\.1:\d+/vistalk cannot be used"):
        vectors.keys("picture")
    vectors.close()
    with pytest.raises(SetupError, match="cannot be used") as caught:
        vectors.keys("picture")
    assert "chroma run" in (caught.value.hint or "")
    vectors.close()


@pytest.mark.parametrize(
    "url",
    ["localhost:8000", "ftp://host", "http://", "http://host/ab", "http://host/a/b", "http://host:port", "http://[::1"],
)
def test_what_is_no_address_is_refused(url: str, home: Path) -> None:
    with pytest.raises(BadSetting, match="no address of a Chroma server"):
        opened(home, chroma_url=url)


def test_an_address_names_host_port_and_database(tmp_path: Path) -> None:
    assert place_of(tmp_path, None) == Folder(tmp_path)
    assert place_of(tmp_path, "http://127.0.0.1/shop") == Server("127.0.0.1", 8000, False, "shop")
    assert Server.of("https://host/").unseen == "https://host:443/vistalk"


def test_a_library_that_moves_to_the_server_and_back_is_whole_once_it_is_indexed(
    server: str, home: Path, pictures: list[Path]
) -> None:
    library = opened(home)
    index(library, pictures[0].parent)
    library.close()
    for url in (f"{server}/moved", None):
        library = opened(home, chroma_url=url)
        index(library)
        for path in pictures:
            assert library.search_pictures(vector_of(path), Projection().id)[0].picture.path == path
        library.close()
