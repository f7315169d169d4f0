"""Small likenesses of the pictures that were shown, read from where the data lie, each known by its sha256."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from PIL import Image

from evals.formats import Picture
from evals.records import Header, Record
from evals.runner import Plan, plan_of
from evals.searched import read
from memory.decode import decode
from runtime.errors import VistalkError

SIDE = 160
"""Longest side of a likeness, in pixels."""

MOST_BYTES = 4_000_000
"""Of all likenesses of a report together."""

MOST_PIXELS = 100_000_000
"""Of a picture that a likeness is made of."""


@dataclass
class Pictures:
    """What could be had.

    Attributes:
        likenesses: WebP files by the sha256 of the picture that was shown.
        left_out: pictures that were not looked at, since the report would have grown too large.
        gone: pictures that are not where they were, or are others now.
        unread: whether some data could not be read at all.
    """

    likenesses: dict[str, bytes] = field(default_factory=dict)
    left_out: int = 0
    gone: int = 0
    unread: bool = False

    @property
    def sentence(self) -> str:
        """What is missing, for a reader; empty where nothing is."""
        said = []
        if self.unread:
            said.append("The data are not where they were, so their pictures are not shown.")
        if self.gone:
            said.append(f"{self.gone:,} pictures are not shown: they are gone, or are not those of the run any more.")
        if self.left_out:
            said.append(f"{self.left_out:,} more pictures are left out to keep this file small.")
        return " ".join(said)


Wanted = Sequence[tuple[Header, Sequence[Record]]]


def pictures_of(wanted: Wanted, most_bytes: int = MOST_BYTES) -> Pictures:
    """Likenesses of the records' pictures, in the order wanted, until they are `most_bytes` together."""
    found = Pictures()
    seen: set[str] = set()
    size = 0
    for sha256, picture in _shown(wanted, found):
        if sha256 in seen:
            continue
        seen.add(sha256)
        if size >= most_bytes:
            found.left_out += 1
        elif likeness := _likeness(picture, sha256):
            found.likenesses[sha256] = likeness
            size += len(likeness)
        else:
            found.gone += 1
    return found


def _shown(wanted: Wanted, found: Pictures) -> Iterator[tuple[str, Picture]]:
    """The digest of each picture as it was shown, and the picture that should have it. Data are read once."""
    known: dict[Plan, dict[str, tuple[Picture, ...]]] = {}
    for header, records in wanted:
        plan = plan_of(header)
        if plan not in known:
            try:
                known[plan] = {sample.id: sample.images for sample in read(plan).samples}
            except VistalkError:
                known[plan], found.unread = {}, True
        for record in records:
            yield from zip(record.images, known[plan].get(record.id, ()), strict=False)


def _likeness(picture: Picture, sha256: str) -> bytes | None:
    """None where the picture is gone, is another one now or cannot be decoded."""
    try:
        data = picture.read()
        if hashlib.sha256(data).hexdigest() != sha256:
            return None
        image = decode(data, max_bytes=len(data), max_pixels=MOST_PIXELS).image
    except VistalkError:
        return None
    image.thumbnail((SIDE, SIDE), Image.Resampling.BICUBIC, reducing_gap=2)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=60, method=2)
    return buffer.getvalue()
