"""Pictures and picture files made on the spot."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from pillow_heif import register_heif_opener

if TYPE_CHECKING:
    from pathlib import Path

register_heif_opener()

LIMITS: dict[str, Any] = {"max_bytes": 10_000_000, "max_pixels": 10_000_000}
KINDS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "HEIF")


def photo(width: int = 48, height: int = 32, seed: int = 0) -> Image.Image:
    """A smooth RGB picture that is different for each seed and has no symmetry."""
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def file_of(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The bytes of a picture file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def exif_of(orientation: int = 1, description: str = "") -> Image.Exif:
    """EXIF data that says where the picture was taken."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = description
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 36.0)})
    return exif


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk of a PNG file."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_header_only(width: int, height: int) -> bytes:
    """A PNG that promises pixels and holds none."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", b"")


def gif_of_frames(count: int) -> bytes:
    """A GIF of many one-pixel frames, 15 bytes each."""
    screen = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\x00\x00\x00\xff\xff\xff"
    frame = b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02D\x01\x00"
    return screen + frame * count + b";"


def pixels(image: Image.Image) -> np.ndarray[Any, np.dtype[np.int16]]:
    """A picture's values, as numbers that can be subtracted."""
    return np.asarray(image, dtype=np.int16)


def files(folder: Path) -> set[str]:
    """Every file under a folder, by its path from there."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
