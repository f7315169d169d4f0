"""Small likenesses of library pictures, kept by the digest of the picture's file."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from memory.files import clear_leftovers, disk_errors_named

if TYPE_CHECKING:
    from collections.abc import Iterable

SIDE = 256
"""Longest side of a thumbnail, in pixels."""


class Thumbnails:
    """One user's thumbnails. They can be made again, so that none is worth waiting for the disk.

    Args:
        folder: made when the first is kept.

    Every method raises:
        DiskFull, SetupError: the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, sha256: str, image: Image.Image) -> None:
        """Make and keep the likeness of a picture, unless it is there."""
        place = self.path(sha256)
        with disk_errors_named(self._folder):
            if place.exists():
                return
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(suffix=".part", dir=place.parent)
            part = Path(name)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(likeness(image))
                part.replace(place)
            except BaseException:
                part.unlink(missing_ok=True)
                raise

    def get(self, sha256: str) -> bytes | None:
        """A likeness, as JPEG; None when it is not there."""
        try:
            return self.path(sha256).read_bytes() or None  # empty after a power cut
        except FileNotFoundError:
            return None

    def remove(self, contents: Iterable[str]) -> None:
        """Remove likenesses; nothing happens where there is none."""
        with disk_errors_named(self._folder):
            for sha256 in contents:
                self.path(sha256).unlink(missing_ok=True)

    def sweep(self, wanted: set[str]) -> None:
        """Remove all but those wanted, and what a killed process left half written."""
        clear_leftovers(self._folder)
        with disk_errors_named(self._folder):
            for place in self.files():
                if place.stem not in wanted:
                    place.unlink(missing_ok=True)

    def files(self) -> list[Path]:
        """All likenesses that are kept."""
        return list(self._folder.glob("*/*.jpg"))

    def path(self, sha256: str) -> Path:
        """Where the likeness of a picture is, or would be."""
        return self._folder / sha256[:2] / f"{sha256}.jpg"


def likeness(image: Image.Image) -> bytes:
    """A picture made small, as JPEG: no side over `SIDE` pixels."""
    small = image.copy()
    small.thumbnail((SIDE, SIDE), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()
