"""What becomes of the pixels: depth, orientation, colours, transparency, frames, size."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image, ImageFile

from memory.decode import MAX_SIDE, decode
from tests.memory.pictures import LIMITS, exif_of, file_of, photo, pixels

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("top", [2**16 - 1, 2**12 - 1])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_deep_grey_keeps_its_contrast(top: int, kind: str) -> None:
    ramp = np.linspace(0, top, 256, dtype=np.uint16).reshape(16, 16)
    out = pixels(decode(file_of(Image.fromarray(ramp), kind), **LIMITS).image)[..., 0]
    assert np.abs(out.ravel() - np.arange(256)).max() <= 1


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param(np.array([[0, 0.5, 1]], np.float32), [0, 128, 255], id="fractions"),
        pytest.param(np.array([[0, 100, 200]], np.float32), [0, 100, 200], id="bytes in floats"),
        pytest.param(np.array([[-100_000, 0, 100_000]], np.int32), [0, 128, 255], id="signed"),
        pytest.param(np.array([[np.nan, 1, np.inf]], np.float32), [0, 255, 0], id="not numbers"),
        pytest.param(np.array([[-3e38, -3e38, 3e38]], np.float32), [0, 0, 255], id="extremes"),
        pytest.param(np.array([[7, 7, 7]], np.int32), [7, 7, 7], id="flat"),
        pytest.param(np.zeros((1, 3), np.float32), [0, 0, 0], id="black"),
    ],
)
def test_grey_of_any_number_type(values: np.ndarray[Any, Any], expected: list[int]) -> None:
    out = decode(file_of(Image.fromarray(values), "TIFF"), **LIMITS).image
    assert pixels(out)[0, :, 0].tolist() == expected


# EXIF 2.3, tag 274: where on the upright picture the stored row r and column c lie (w, h: last column, last row).
UPRIGHT_PLACE: dict[int, Callable[[int, int, int, int], tuple[int, int]]] = {
    1: lambda r, c, w, h: (r, c),
    2: lambda r, c, w, h: (r, w - c),
    3: lambda r, c, w, h: (h - r, w - c),
    4: lambda r, c, w, h: (h - r, c),
    5: lambda r, c, w, h: (c, r),
    6: lambda r, c, w, h: (c, w - r),
    7: lambda r, c, w, h: (h - c, w - r),
    8: lambda r, c, w, h: (h - c, r),
}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", UPRIGHT_PLACE)
def test_orientation_is_applied(kind: str, orientation: int) -> None:
    upright = pixels(photo(24, 16))
    shape = (16, 24) if orientation < 5 else (24, 16)
    place = UPRIGHT_PLACE[orientation]
    stored = np.array(
        [[upright[place(r, c, 23, 15)] for c in range(shape[1])] for r in range(shape[0])], dtype=np.uint8
    )
    out = decode(file_of(Image.fromarray(stored), kind, exif=exif_of(orientation)), **LIMITS).image
    assert out.size == (24, 16)
    assert np.abs(pixels(out) - upright).mean() < 10


def test_heic_orientation_is_applied_once() -> None:
    sideways = photo(48, 32)
    sideways.info["exif"] = exif_of(6).tobytes()  # pillow-heif writes it as the container's rotation and as EXIF
    data = file_of(sideways, "HEIF")
    assert b"irot" in data
    out = decode(data, **LIMITS).image
    assert out.size == (32, 48)
    assert np.abs(pixels(out) - pixels(photo(48, 32).transpose(Image.Transpose.ROTATE_270))).mean() < 12


def test_metadata_that_makes_no_sense_costs_only_the_metadata() -> None:
    out = decode(file_of(photo(), "PNG", exif=b"Exif\0\0no such thing"), **LIMITS).image
    assert (pixels(out) == pixels(photo())).all()


def test_cmyk_shows_its_colours() -> None:
    red = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    for kind in ("JPEG", "TIFF"):
        colour = pixels(decode(file_of(red, kind), **LIMITS).image)[8, 8]
        assert np.abs(colour - (255, 0, 0)).max() < 10


def transparent(mode: str) -> Image.Image:
    """A red (or dark) picture whose left half is fully transparent."""
    image = Image.new("RGBA", (32, 16), (200, 0, 0, 255))
    image.paste((200, 0, 0, 0), (0, 0, 16, 16))
    return image.convert(mode)


def palette_with_hole() -> Image.Image:
    image = Image.new("P", (32, 16), 1)
    image.putpalette([200, 0, 0, 0, 0, 200])
    image.paste(0, (0, 0, 16, 16))
    return image


def colour_key() -> Image.Image:
    image = Image.new("RGB", (32, 16), (0, 0, 200))
    image.paste((200, 0, 0), (0, 0, 16, 16))
    return image


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(file_of(transparent("RGBA"), "PNG"), id="RGBA png"),
        pytest.param(file_of(transparent("LA"), "PNG"), id="LA png"),
        pytest.param(file_of(transparent("RGBA"), "TIFF"), id="RGBA tiff"),
        pytest.param(file_of(transparent("RGBA"), "WEBP", exact=True), id="lossy webp"),
        pytest.param(file_of(transparent("RGBA"), "WEBP", lossless=True, exact=True), id="lossless webp"),
        pytest.param(file_of(transparent("RGBA"), "HEIF"), id="RGBA heic"),
        pytest.param(file_of(palette_with_hole(), "PNG", transparency=0), id="palette png"),
        pytest.param(file_of(palette_with_hole(), "PNG", transparency=b"\x00\xff"), id="palette alpha png"),
        pytest.param(file_of(palette_with_hole(), "GIF", transparency=0), id="gif"),
        pytest.param(file_of(colour_key(), "PNG", transparency=(200, 0, 0)), id="colour key png"),
    ],
)
def test_hidden_colours_become_white(data: bytes) -> None:
    out = pixels(decode(data, **LIMITS).image)
    assert out[8, 4].tolist() == [255, 255, 255]
    assert out[8, 28].min() < 130  # the visible half stays


@pytest.mark.parametrize(
    ("kind", "options"),
    [(kind, {}) for kind in ("GIF", "TIFF", "PNG", "WEBP", "MPO", "HEIF")] + [("TIFF", {"compression": "tiff_lzw"})],
)
def test_the_first_frame_is_kept(kind: str, options: dict[str, str]) -> None:
    red, blue = (Image.new("RGB", (32, 32), colour) for colour in ("red", "blue"))
    out = decode(file_of(red, kind, save_all=True, append_images=[blue], **options), **LIMITS).image
    assert np.abs(pixels(out)[16, 16] - (255, 0, 0)).max() < 10


def test_the_orientation_of_another_page_is_not_taken() -> None:
    data = file_of(photo(), "TIFF", save_all=True, append_images=[photo(seed=1)], exif=exif_of(1))
    entry = struct.pack("<HHII", 0x0112, 3, 1, 1)
    assert data.count(entry) == 2
    first, _, second = data.rpartition(entry)
    out = decode(first + struct.pack("<HHII", 0x0112, 3, 1, 6) + second, **LIMITS).image
    assert (pixels(out) == pixels(photo())).all()


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize(("size", "bounded"), [((5000, 1000), (2048, 410)), ((300, 4096), (150, 2048))])
def test_large_pictures_are_bounded(kind: str, size: tuple[int, int], bounded: tuple[int, int]) -> None:
    decoded = decode(file_of(photo(*size), kind), **LIMITS)
    assert decoded.image.size == bounded
    reference = photo(*size).resize(bounded, Image.Resampling.LANCZOS)
    assert np.abs(pixels(decoded.image) - pixels(reference)).mean() < 3
    assert max(bounded) == MAX_SIDE


def test_large_jpegs_are_decoded_at_a_fraction(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[tuple[int, int]] = []
    load = ImageFile.ImageFile.load

    def noted(image: ImageFile.ImageFile) -> object:
        loaded.append(image.size)
        return load(image)

    monkeypatch.setattr(ImageFile.ImageFile, "load", noted)
    decode(file_of(Image.new("RGB", (8400, 1000)), "JPEG"), **LIMITS)
    assert loaded[0] == (2100, 250)
