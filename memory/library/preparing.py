"""From a file on disk to what an encoder takes: read, hashed, decoded or split, in threads ahead of the encoder."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from memory.decode import decode
from memory.documents.read import read_document
from memory.documents.split import split
from memory.library.exif import Facts, facts
from memory.library.keys import file_id, passage_id
from memory.library.records import Passage
from memory.library.rows import FileRow
from runtime.errors import DocumentRejected, ImageRejected

if TYPE_CHECKING:
    from PIL import Image

    from memory.library.rows import Known
    from memory.library.thumbnails import Thumbnails
    from memory.library.walking import Found

MOST_SIDE = 1024
"""Longest side of a picture that waits for its encoder, in pixels; encoders look at a few hundred."""


@dataclass(frozen=True, slots=True)
class Same:
    """A file that was written again and holds what it held."""

    file: FileRow


@dataclass(frozen=True, slots=True)
class ReadyPicture:
    """A picture to encode; its likeness is kept already."""

    file: FileRow
    image: Image.Image
    facts: Facts


@dataclass(frozen=True, slots=True)
class ReadyDocument:
    """A document to encode: at least one passage."""

    file: FileRow
    passages: list[Passage]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that cannot be indexed, and why, as `Failure` says it."""

    found: Found
    reason: str
    cause: str

    @property
    def gone(self) -> bool:
        """Whether it is no longer there."""
        return self.cause == "not_there"


Prepared = Same | ReadyPicture | ReadyDocument | Unreadable


@dataclass(frozen=True, slots=True)
class Preparer:
    """Reads files of unknown origin within bounds.

    Attributes:
        thumbnails: where likenesses go.
        max_bytes: largest file.
        max_pixels: largest picture, width times height.
        places: whether to remember where pictures were taken.
    """

    thumbnails: Thumbnails
    max_bytes: int
    max_pixels: int
    places: bool

    def prepare(self, found: Found, known: Known | None) -> Prepared:
        """Read a file and make of it what its encoder takes.

        Args:
            found: the file.
            known: how it stands in the index; None when it has to be indexed whatever it holds.

        Raises:
            DiskFull, SetupError: a likeness could not be kept.
        """
        try:
            data = self._read(found)
            file = _file_row(found, hashlib.sha256(data).hexdigest())
            if known is not None and known.sha256 == file.sha256:
                return Same(file)
            return self._picture(file, data) if found.kind == "picture" else _document(file, data)
        except FileNotFoundError:
            return Unreadable(found, "It is no longer there.", "not_there")
        except OSError as error:
            return Unreadable(found, f"It cannot be read: {error.strerror or error}.", "unreadable")
        except (ImageRejected, DocumentRejected) as error:
            return Unreadable(found, error.message, error.reason)

    def _read(self, found: Found) -> bytes:
        with found.path.open("rb") as file:
            data = file.read(self.max_bytes + 1) if found.bytes <= self.max_bytes else None
        if data is None or len(data) > self.max_bytes:
            rejected = ImageRejected if found.kind == "picture" else DocumentRejected
            message = f"It is larger than {self.max_bytes / 1e6:g} MB, the most that is taken."
            raise rejected(message, reason="too_many_bytes")
        return data

    def _picture(self, file: FileRow, data: bytes) -> ReadyPicture:
        image = decode(data, name=file.path.name, max_bytes=self.max_bytes, max_pixels=self.max_pixels).image
        image.thumbnail((MOST_SIDE, MOST_SIDE), reducing_gap=2.0)
        self.thumbnails.put(file.sha256, image)
        known = facts(data)
        if known.taken:
            file = FileRow(
                file.path, file.kind, file.sha256, file.bytes, file.modified_ns, _moment(known.taken), file.indexed
            )
        if not self.places:
            known = Facts(known.width, known.height, known.taken, None)
        return ReadyPicture(file, image, known)


def _document(file: FileRow, data: bytes) -> ReadyDocument:
    passages = [
        Passage(
            passage_id(file_id(file.path), file.sha256, number),
            file.path,
            file.path.parent,
            part.heading,
            part.page,
            part.text,
            number,
        )
        for number, part in enumerate(split(read_document(file.path, data)))
    ]
    if not passages:
        raise DocumentRejected("It holds no text.", reason="no_text")
    return ReadyDocument(file, passages)


def _file_row(found: Found, sha256: str) -> FileRow:
    return FileRow(found.path, found.kind, sha256, found.bytes, found.modified_ns, found.modified_ns / 1e9, time.time())


def _moment(taken: str) -> float:
    """By this machine's clock: cameras write no time zone."""
    return datetime.fromisoformat(taken).astimezone().timestamp()
