from __future__ import annotations

import io
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFile, PngImagePlugin

from memory import decode as decoding
from memory.decode import MAX_ASPECT, MAX_FRAMES, decode, sniff
from runtime.errors import ImageRejected
from tests.memory.pictures import KINDS, LIMITS, file_of, gif_of_frames, photo, pixels, png_chunk, png_header_only

ROOT = Path(__file__).parents[2]


def reason_of(data: bytes, **limits: Any) -> str:
    with pytest.raises(ImageRejected) as caught:
        decode(data, **{**LIMITS, **limits})
    return caught.value.reason


@pytest.mark.parametrize("kind", KINDS)
def test_every_accepted_kind_is_read(kind: str) -> None:
    decoded = decode(file_of(photo(), kind), name="no-ending-needed", **LIMITS)
    assert decoded.image.mode == "RGB"
    assert decoded.image.size == (48, 32)
    assert np.abs(pixels(decoded.image) - pixels(photo())).mean() < 12
    assert decoded.lossy is (kind in {"JPEG", "WEBP", "HEIF"})


def test_lossless_webp_is_kept_exactly() -> None:
    decoded = decode(file_of(photo(), "WEBP", lossless=True), **LIMITS)
    assert not decoded.lossy
    assert (pixels(decoded.image) == pixels(photo())).all()


def test_the_name_does_not_choose_the_reader() -> None:
    assert decode(file_of(photo(), "HEIF"), name="IMG_0001.jpg", **LIMITS).image.size == (48, 32)


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("picture.png", file_of(photo(), "PNG"))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(zipped(), id="zip"),
        pytest.param(b"%PDF-1.7\n" + file_of(photo(), "JPEG"), id="pdf"),
        pytest.param(b'<svg xmlns="http://www.w3.org/2000/svg"/>', id="svg"),
        pytest.param(file_of(photo(32, 32), "ICO"), id="ico"),
        pytest.param(file_of(photo(), "PPM"), id="ppm"),
        pytest.param(b"\x00\x00\x00\x1cftypavif" + bytes(40), id="avif"),
        pytest.param(b"<html>" + file_of(photo(), "PNG"), id="html before png"),
        pytest.param(b"B", id="one byte"),
        pytest.param("cat picture please".encode("utf-16"), id="text"),
    ],
)
def test_other_containers_are_not_opened(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("a reader was started"))
    assert reason_of(data) == "unknown_format"


def test_only_the_announced_reader_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[list[str]] = []
    reader = Image.open

    def noted(file: io.BytesIO, *, formats: list[str]) -> ImageFile.ImageFile:
        tried.append(formats)
        return reader(file, formats=formats)

    monkeypatch.setattr(Image, "open", noted)
    for kind in KINDS:
        decode(file_of(photo(), kind), **LIMITS)
    assert tried == [[kind] for kind in KINDS]
    assert reason_of(b"BM" + file_of(photo(), "PNG")) == "damaged"
    assert reason_of(b"GIF89a" + bytes(10)) == "damaged"


def test_nothing_is_not_a_picture() -> None:
    assert reason_of(b"") == "empty"


def test_byte_cap_counts_the_last_byte() -> None:
    data = file_of(photo(), "PNG")
    assert decode(data, max_bytes=len(data), max_pixels=10_000).image.size == (48, 32)
    assert reason_of(data, max_bytes=len(data) - 1) == "too_many_bytes"


@pytest.mark.parametrize("kind", KINDS)
def test_pixel_cap_is_judged_before_any_pixel_is_decoded(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = file_of(photo(50, 20), kind)
    reader = type(Image.open(io.BytesIO(data)))
    assert decode(data, max_bytes=10_000, max_pixels=1000).image.size == (50, 20)
    monkeypatch.setattr(reader, "load", lambda *_: pytest.fail("pixels were decoded"))
    assert reason_of(data, max_pixels=999) == "too_many_pixels"


def test_a_hundred_megapixels_in_a_header_cost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", lambda *_: pytest.fail("pixels were decoded"))
    assert reason_of(png_header_only(10_000, 10_001), max_pixels=100_000_000) == "too_many_pixels"
    assert reason_of(png_header_only(60_000, 60_000), max_pixels=100_000_000) == "too_many_pixels"


def test_the_setting_may_be_above_or_below_pillows_own_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    data = file_of(photo(20, 20), "PNG")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 300)
    assert decode(data, max_bytes=10_000, max_pixels=400).image.size == (20, 20)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 300)
    assert reason_of(data, max_pixels=399) == "too_many_pixels"
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert reason_of(data, max_pixels=1) == "too_many_pixels"


def test_pillows_bomb_warning_is_an_error_in_use_too() -> None:
    script = "import warnings, memory.decode as d; warnings.warn('bomb', d.Image.DecompressionBombWarning)"
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=False)
    assert b"DecompressionBombWarning: bomb" in ended.stderr
    assert ended.returncode == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_truncated_file_is_damaged(kind: str) -> None:
    data = file_of(photo(200, 150), kind)
    assert reason_of(data[: len(data) * 6 // 10]) == "damaged"
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


@pytest.mark.parametrize(
    "error", [struct.error, SyntaxError, OSError, ValueError, MemoryError, RecursionError, KeyError, EOFError]
)
def test_whatever_a_reader_throws_means_damaged(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", fail)
    assert reason_of(file_of(photo(), "PNG")) == "damaged"


@pytest.mark.parametrize(("width", "height"), [(1, MAX_ASPECT), (MAX_ASPECT, 1), (1, 1)])
def test_thin_but_not_a_strip(width: int, height: int) -> None:
    assert decode(file_of(Image.new("RGB", (width, height)), "PNG"), **LIMITS).image.size == (width, height)


@pytest.mark.parametrize(("width", "height"), [(1, MAX_ASPECT + 1), (2 * MAX_ASPECT + 1, 2), (60_000, 3)])
def test_a_strip_is_rejected(width: int, height: int) -> None:
    assert reason_of(file_of(Image.new("L", (width, height)), "PNG")) == "too_thin"


def test_frame_bombs_are_rejected() -> None:
    assert decode(gif_of_frames(MAX_FRAMES), **LIMITS).image.size == (1, 1)
    assert reason_of(gif_of_frames(MAX_FRAMES + 1)) == "too_many_frames"
    pages = [Image.new("1", (1, 1))] * MAX_FRAMES
    assert decode(file_of(pages[0], "TIFF", save_all=True, append_images=pages[1:]), **LIMITS)
    assert reason_of(file_of(pages[0], "TIFF", save_all=True, append_images=pages)) == "too_many_frames"
    png = file_of(photo(), "PNG")
    animated = png[:33] + png_chunk(b"acTL", struct.pack(">II", MAX_FRAMES + 1, 0)) + png[33:]
    assert reason_of(animated) == "too_many_frames"


@pytest.mark.parametrize("frames", [1, 2, 7])
def test_gif_frames_are_counted_as_pillow_counts_them(frames: int, monkeypatch: pytest.MonkeyPatch) -> None:
    stills = [photo(seed=seed).convert("P", palette=Image.Palette.ADAPTIVE) for seed in range(frames)]
    data = file_of(stills[0], "GIF", save_all=True, append_images=stills[1:], comment=b"," * 600, loop=0)
    assert getattr(Image.open(io.BytesIO(data)), "n_frames", 0) == frames
    monkeypatch.setattr(decoding, "MAX_FRAMES", frames)
    assert decode(data, **LIMITS)
    monkeypatch.setattr(decoding, "MAX_FRAMES", frames - 1)
    assert reason_of(data) == "too_many_frames"


def test_a_header_that_lies_about_the_size_is_damaged() -> None:
    data = file_of(photo(640, 640), "HEIF")
    at = data.index(b"ispe") + 8
    assert data[at : at + 8] == struct.pack(">II", 640, 640)
    assert reason_of(data[:at] + struct.pack(">II", 16, 16) + data[at + 8 :]) == "damaged"


@pytest.mark.parametrize(
    ("data", "limits", "sentence", "hint"),
    [
        (b"", {}, '"cat.png" is empty.', "Choose the file again."),
        (bytes(20), {}, '"cat.png" is not a kind of picture that is read here.', "Accepted are PNG, JPEG, "),
        (bytes(2_500_001), {"max_bytes": 2_500_000}, '"cat.png" is larger than 2.5 MB, ', "Make it smaller"),
        (png_header_only(3000, 1000), {"max_pixels": 2_500_000}, "more than 2.5 megapixels", "Make it smaller"),
        (png_header_only(30, 10), {}, '"cat.png" is damaged: it cannot be read to its end.', "Save it anew"),
        (png_header_only(101, 1), {}, '"cat.png" is a strip, over 100 times as long as wide.', "Cut out"),
        (gif_of_frames(1001), {}, '"cat.png" has more than 1000 frames.', "Send one of them"),
    ],
)
def test_a_rejection_names_the_file_and_its_fault(
    data: bytes, limits: dict[str, int], sentence: str, hint: str
) -> None:
    with pytest.raises(ImageRejected) as caught:
        decode(data, name="C:\\holiday\\cat.png", **{**LIMITS, **limits})
    assert sentence in caught.value.message
    assert caught.value.hint.startswith(hint)


def test_a_file_without_a_name_is_still_spoken_of() -> None:
    with pytest.raises(ImageRejected, match=r"^The picture is empty\."):
        decode(b"", **LIMITS)


def test_braces_in_a_name_are_only_characters() -> None:
    with pytest.raises(ImageRejected, match=r'^"\{max_mb\} \{0\}\.png" is empty'):
        decode(b"", name="{max_mb} {0}.png", **LIMITS)


def test_sniffing_reads_the_start_only() -> None:
    assert {sniff(file_of(photo(), kind)[:12]) for kind in KINDS} == set(KINDS)
    assert sniff(b"MM\x00*") == "TIFF"
    assert sniff(b"") is None
