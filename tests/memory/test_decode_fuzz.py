"""Whatever the bytes: a typed error or a bounded RGB picture, never anything else."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from memory.decode import MAX_SIDE, decode
from runtime.errors import ImageRejected
from tests.memory.pictures import KINDS, LIMITS, exif_of, file_of, photo

# As in use: Pillow warns of odd metadata and goes on, and so the fuzz reaches what lies behind.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

SEEDS = {
    **{kind.lower(): file_of(photo(), kind) for kind in KINDS},
    **{f"{kind.lower()} exif": file_of(photo(), kind, exif=exif_of(6)) for kind in KINDS if kind not in {"GIF", "BMP"}},
    "jpeg progressive": file_of(photo(), "JPEG", progressive=True),
    "jpeg cmyk": file_of(photo().convert("CMYK"), "JPEG"),
    "webp lossless": file_of(photo(), "WEBP", lossless=True),
    "png palette": file_of(photo().convert("P"), "PNG", transparency=3),
    "png grey 16": file_of(photo().convert("L").convert("I;16"), "PNG"),
    "tiff lzw": file_of(photo(), "TIFF", compression="tiff_lzw"),
    "tiff float": file_of(photo().convert("F"), "TIFF"),
    "gif animated": file_of(photo(), "GIF", save_all=True, append_images=[photo(seed=1)]),
    "bmp grey": file_of(photo().convert("L"), "BMP"),
}
ROUNDS = 60


def outcome(data: bytes) -> str:
    try:
        image = decode(data, name="f", **LIMITS).image
    except ImageRejected as error:
        return error.reason
    assert image.mode == "RGB"
    assert min(image.size) >= 1
    assert max(image.size) <= MAX_SIDE
    assert image.info == {}
    return "taken"


def mutated(data: bytes, chance: random.Random) -> bytes:
    spoiled = bytearray(data)
    at = chance.randrange(len(spoiled))
    match chance.choice(["cut", "flip", "bytes", "header", "remove", "repeat"]):
        case "cut":
            del spoiled[at:]
        case "flip":
            for _ in range(chance.randint(1, 8)):
                spoiled[chance.randrange(len(spoiled))] ^= 1 << chance.randrange(8)
        case "bytes":
            for _ in range(chance.randint(1, 20)):
                spoiled[chance.randrange(len(spoiled))] = chance.randrange(256)
        case "header":
            for _ in range(chance.randint(1, 4)):
                spoiled[chance.randrange(min(120, len(spoiled)))] = chance.choice([0, 1, 127, 128, 255])
        case "remove":
            del spoiled[at : at + chance.randint(1, 40)]
        case "repeat":
            spoiled[at:at] = spoiled[at : at + 60] * chance.randint(1, 5)
    return bytes(spoiled)


@pytest.mark.parametrize("seed", SEEDS)
def test_mutations(seed: str) -> None:
    chance = random.Random(seed)
    assert outcome(SEEDS[seed]) == "taken"
    outcomes = Counter(outcome(mutated(SEEDS[seed], chance)) for _ in range(ROUNDS))
    assert outcomes["damaged"]  # the mutations do reach the readers


@pytest.mark.parametrize("seed", SEEDS)
def test_every_early_truncation(seed: str) -> None:
    data = SEEDS[seed]
    for length in range(64):
        assert outcome(data[:length]) in {"empty", "unknown_format", "damaged"}


@given(data=st.binary(max_size=300), start=st.sampled_from([b"", *(data[:40] for data in SEEDS.values())]))
@settings(max_examples=200, deadline=None)
def test_noise(data: bytes, start: bytes) -> None:
    outcome(start + data)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_two_files_spliced(data: st.DataObject) -> None:
    first, second = (SEEDS[data.draw(st.sampled_from(sorted(SEEDS)))] for _ in range(2))
    outcome(first[: data.draw(st.integers(0, len(first)))] + second[data.draw(st.integers(0, len(second))) :])


def test_pictures_are_not_shared_between_calls() -> None:
    data = file_of(photo(), "PNG")
    first = decode(data, **LIMITS).image
    first.paste("black", (0, 0, *first.size))
    assert decode(data, **LIMITS).image.tobytes() == photo().tobytes()
    assert type(first) is Image.Image
