"""The pictures of one user, kept as files named after their own content.

`<root>/<user>/<first two hex>/<sha256>.png|jpg` holds a picture, `<root>/<user>/thumbnails/…/<sha256>.jpg`
its small likeness. The digest is of the stored file, so the same upload twice is one file, and a file that
has changed is noticed when it is opened.
"""

from __future__ import annotations

import hashlib
import io
import re
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from PIL import Image

from memory.decode import Decoded, decode
from memory.files import clear_leftovers, disk_errors_named, write_whole
from memory.names import checked_user, plain_line
from memory.provenance import Made, read_made, signed_png
from memory.refs import ImageRef
from runtime.errors import ImageMissing, VistalkError

if TYPE_CHECKING:
    from pathlib import Path

THUMBNAIL_SIDE = 256
"""Longest side of a thumbnail, in pixels."""

LONGEST_NAME = 80
"""Characters of a prompt that name the picture drawn from it."""

_MIMES = {".png": "image/png", ".jpg": "image/jpeg"}
_SHA256 = re.compile(r"[0-9a-f]{64}")


class ImageStore:
    """One user's pictures under a folder that several users may share. Safe to use from several threads.

    Args:
        root: the folder of all users' pictures.
        user: whose pictures; no other user's can be reached.
        max_bytes: largest upload.
        max_pixels: largest upload, width times height.

    Raises:
        BadSetting: the user's name cannot be a folder's.
        SetupError: the folder cannot be cleaned of what a killed process left.
    """

    def __init__(self, root: Path, user: str, *, max_bytes: int, max_pixels: int) -> None:
        self._folder = root / checked_user(user)
        self._max_bytes = max_bytes
        self._max_pixels = max_pixels
        self._lock = threading.Lock()
        clear_leftovers(self._folder)

    def add(self, data: bytes, *, handle: str, name: str = "") -> ImageRef:
        """Check an upload and keep its picture.

        Args:
            data: the file's bytes, of unknown origin.
            handle: the picture's name in the conversation, such as img1.
            name: what the person called the file.

        Raises:
            ImageRejected: it is not a picture that is accepted.
            DiskFull: nothing of it was kept; earlier pictures are untouched.
            SetupError: the folder cannot be written.
        """
        decoded = decode(data, name=name, max_bytes=self._max_bytes, max_pixels=self._max_pixels)
        return self.add_decoded(decoded, handle=handle)

    def add_decoded(self, decoded: Decoded, *, handle: str) -> ImageRef:
        """Keep a picture that was checked.

        Raises:
            DiskFull: nothing of it was kept; earlier pictures are untouched.
            SetupError: the folder cannot be written.
        """
        suffix = ".jpg" if decoded.lossy else ".png"
        return self._keep(decoded.image, _encoded(decoded.image, suffix), suffix, handle, decoded.name)

    def add_drawing(self, image: Image.Image, made: Made, *, handle: str, name: str = "") -> ImageRef:
        """Keep a picture that vistalk drew, with how it was made in its file; see `memory.provenance`.

        Args:
            image: as it was drawn.
            made: how; `prompt` is among it, and names the picture where there is no `name`.
            handle: the picture's name in the conversation.
            name: what it is shown as.

        Raises:
            DiskFull: nothing of it was kept; earlier pictures are untouched.
            SetupError: the folder cannot be written.
        """
        shown = plain_line(name or str(made["prompt"]), LONGEST_NAME)
        return self._keep(image.convert("RGB"), signed_png(image, made), ".png", handle, shown)

    def _keep(self, image: Image.Image, stored: bytes, suffix: str, handle: str, name: str) -> ImageRef:
        sha256 = hashlib.sha256(stored).hexdigest()
        path, likeness = self._place(sha256, suffix), self._thumbnail_place(sha256)
        with self._lock:
            known = _holds(path, stored)
            try:
                if not known:
                    write_whole(path, stored)
                if not likeness.exists():
                    write_whole(likeness, _thumbnail(image))
            except VistalkError:
                with suppress(OSError):  # what is raised already says that the disk is at fault
                    for place in () if known else (path, likeness):
                        place.unlink(missing_ok=True)
                raise
        return ImageRef(handle, sha256, _MIMES[suffix], *image.size, name)

    def ref(self, sha256: str, *, handle: str, name: str = "") -> ImageRef:
        """A picture that is kept already, under a handle.

        Raises:
            ImageMissing: as for `open`.
        """
        path, size = self.path(sha256), self.open(sha256).size
        return ImageRef(handle, sha256, _MIMES[path.suffix], *size, plain_line(name, LONGEST_NAME))

    def check(self, data: bytes, *, name: str = "") -> None:
        """Check an upload as `add` does, and keep nothing.

        Raises:
            ImageRejected: it is not a picture that is accepted.
        """
        decode(data, name=name, max_bytes=self._max_bytes, max_pixels=self._max_pixels)

    def path(self, sha256: str) -> Path:
        """Where a picture's file is.

        Raises:
            ImageMissing: this user has no such picture.
        """
        for suffix in _MIMES:
            if (place := self._place(sha256, suffix)).is_file():
                return place
        raise ImageMissing("The file of this picture is gone.")

    def open(self, sha256: str) -> Image.Image:
        """A picture's pixels: RGB, loaded.

        Raises:
            ImageMissing: the file is gone, cannot be read, or is not what was stored.
        """
        with Image.open(io.BytesIO(self._stored(sha256)), formats=["PNG", "JPEG"]) as image:
            return image.convert("RGB")

    def made(self, sha256: str) -> dict[str, Any] | None:
        """How vistalk drew a picture, as its file says; None for a picture of any other origin.

        Raises:
            ImageMissing: as for `open`.
        """
        return read_made(self._stored(sha256))

    def thumbnail(self, sha256: str) -> Path:
        """Where a picture's small likeness is: a JPEG, no side over `THUMBNAIL_SIDE` pixels.

        Raises:
            ImageMissing: there is none, and no picture to make it from.
            DiskFull: it had to be made again and could not be written.
        """
        place = self._thumbnail_place(sha256)
        with self._lock:
            if not place.exists():
                write_whole(place, _thumbnail(self.open(sha256)))
        return place

    def delete(self, sha256: str) -> None:
        """Remove a picture and its likeness; nothing happens where there is none."""
        with self._lock, disk_errors_named(self._folder):
            for place in self.files(sha256):
                place.unlink(missing_ok=True)

    def files(self, sha256: str) -> set[Path]:
        """Where a picture and its likeness are, or would be."""
        return {*(self._place(sha256, suffix) for suffix in _MIMES), self._thumbnail_place(sha256)}

    def stored(self) -> set[str]:
        """The digests of all pictures and likenesses that have a file."""
        return {path.stem for path in self._folder.rglob("*") if _SHA256.fullmatch(path.stem)}

    def _stored(self, sha256: str) -> bytes:
        """A picture's file, once it is known to be what was stored."""
        path = self.path(sha256)
        try:
            stored = path.read_bytes()
        except OSError as error:
            raise ImageMissing(f"The file of this picture cannot be read: {error.strerror}.") from error
        if hashlib.sha256(stored).hexdigest() != sha256:
            raise ImageMissing("The file of this picture is no longer what was stored.")
        return stored

    def _place(self, sha256: str, suffix: str) -> Path:
        return self._folder / _checked(sha256)[:2] / f"{sha256}{suffix}"

    def _thumbnail_place(self, sha256: str) -> Path:
        return self._folder / "thumbnails" / _checked(sha256)[:2] / f"{sha256}.jpg"


def _checked(sha256: str) -> str:
    """Nothing but a digest ever becomes part of a path."""
    if not _SHA256.fullmatch(sha256):
        raise ImageMissing("There is no such picture.")
    return sha256


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.read_bytes() == data
    except OSError:  # absent or unreadable: writing it anew mends that, or tells why not
        return False


def _encoded(image: Image.Image, suffix: str) -> bytes:
    """The same bytes for the same pixels, and no metadata."""
    buffer = io.BytesIO()
    if suffix == ".jpg":
        image.save(buffer, "JPEG", quality=95, subsampling=0)
    else:
        image.save(buffer, "PNG")
    return buffer.getvalue()


def _thumbnail(image: Image.Image) -> bytes:
    small = image.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
