"""The scan finds whatever is there, and only that: against the plain search of Python's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.erasure import fragments, scanning
from memory.erasure.scanning import KEY, Scanner, files_below

if TYPE_CHECKING:
    from pathlib import Path

NEEDLES = st.sets(st.binary(min_size=KEY, max_size=20), max_size=6)


@given(NEEDLES, NEEDLES, st.lists(st.binary(max_size=12), min_size=8, max_size=8))
def test_it_finds_what_a_plain_search_finds(there: set[bytes], absent: set[bytes], between: list[bytes]) -> None:
    parts = [part for pair in zip(between, [*there, *([b""] * 8)], strict=False) for part in pair]
    data = b"".join(parts)
    expected = {needle for needle in there | absent if needle in data}
    assert Scanner(there | absent).found_in(data) == expected
    assert there <= expected


@pytest.mark.parametrize("at_once", [1, 7, 64, 1000])
def test_what_lies_across_two_readings_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(scanning, "_AT_ONCE", at_once)
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)))
    needles = {bytes(range(start, start + 30)) for start in (0, 5, 100, 226)}
    assert Scanner({*needles, b"not in there"}).found_in_file(path) == needles
    assert Scanner(needles).found_in_file(tmp_path / "gone") == set()


def test_folders_are_left_out_at_the_top_only(tmp_path: Path) -> None:
    for name in ("models/a", "images/models/b", "c"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "link").symlink_to(tmp_path / "models" / "a")
    assert {path.name for path in files_below(tmp_path, ["models"])} == {"b", "c"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
@pytest.mark.parametrize("text", ["The key lies under the third flower pot.", "我把备用钥匙藏在院子里第三个花盆下面"])
def test_texts_are_looked_for_in_every_encoding(text: str, encoding: str) -> None:
    wanted = Scanner(fragments.of_texts([text]))
    assert wanted.found_in(b"xyz" + text.encode(encoding) + b"xyz")
    assert wanted.found_in(b'{"prompt": "%s"}' % text.encode("ascii", "backslashreplace"))


def test_short_texts_are_not_looked_for_and_codes_are() -> None:
    assert fragments.of_texts(["Yes.", "", "好的", " ok "]) == set()
    assert b"kx7712abq9" in fragments.of_texts(["It is KX7712ABQ9."])


def test_a_long_text_has_few_fragments_and_its_end_is_one() -> None:
    found = fragments.of_texts(["".join(chr(0x4E00 + number) for number in range(10_000))])
    assert len(found) < 100
    assert any(part.decode("utf-8", "replace").endswith(chr(0x4E00 + 9_999)) for part in found)


def test_files_give_varied_stretches_that_stay_the_same() -> None:
    data = np.random.default_rng(0).bytes(5_000)
    found = fragments.of_file(data)
    assert found == fragments.of_file(data)
    assert len(found) == fragments.MOST
    assert all(part in data for part in found)
    assert fragments.of_file(bytes(5_000)) == set()
    assert fragments.of_file(b"short") == set()


def test_vectors_give_some_of_their_numbers() -> None:
    numbers = np.random.default_rng(0).normal(size=512).astype(np.float32).tobytes()
    found = fragments.of_vector(numbers)
    assert 5 < len(found) <= 2 * fragments.MOST
    assert all(part in numbers for part in found)
    assert fragments.of_vector(np.zeros(512, np.float32).tobytes()) == set()
