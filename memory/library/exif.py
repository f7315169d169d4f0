"""What a picture file says about itself before its metadata is dropped: its size, when and where it was taken."""

from __future__ import annotations

import io
import math
import re
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from PIL import Image

from memory.decode import sniff

_EXIF, _GPS = 0x8769, 0x8825
_ORIENTATION, _DATE_ORIGINAL = 0x0112, 0x9003
_LYING = {5, 6, 7, 8}  # orientations that swap width and height
_DATE = re.compile(r"(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)")
_FIRST_YEAR = 1826  # of the oldest photograph

# Set once: `warnings.catch_warnings` is not safe with threads. What cannot be read is left out, and that is enough.
warnings.filterwarnings("ignore", message=".*[Cc]orrupt EXIF")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a picture file says of itself.

    Attributes:
        width: in pixels, upright.
        height: in pixels, upright.
        taken: in ISO form, by the camera's clock; empty when it does not say, or says what cannot be.
        place: latitude and longitude in degrees, likewise None.
    """

    width: int
    height: int
    taken: str
    place: tuple[float, float] | None


def facts(data: bytes) -> Facts:
    """Read the header of a picture that `memory.decode` has accepted; metadata that makes no sense says nothing."""
    with Image.open(io.BytesIO(data), formats=[sniff(data) or ""]) as image:
        width, height = image.size
        try:
            # Pillow would decode all of a PNG to look for EXIF after its pixels.
            exif = Image.Exif() if image.format == "PNG" and "exif" not in image.info else image.getexif()
            orientation = exif.get(_ORIENTATION)
            taken, place = _taken(exif.get_ifd(_EXIF)), _place(exif.get_ifd(_GPS))
        except Exception:  # parsers of hostile bytes throw anything
            return Facts(width, height, "", None)
    return Facts(*((height, width) if orientation in _LYING else (width, height)), taken, place)


def _taken(tags: dict[int, Any]) -> str:
    match = _DATE.match(str(tags.get(_DATE_ORIGINAL, ""))[:32])
    if match is None:
        return ""
    try:
        year, month, day, hour, minute, second = map(int, match.groups())
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return ""
    tomorrow = datetime.now(UTC) + timedelta(days=1)  # somewhere it is
    return moment.strftime("%Y-%m-%dT%H:%M:%S") if moment.year >= _FIRST_YEAR and moment < tomorrow else ""


def _place(tags: dict[int, Any]) -> tuple[float, float] | None:
    try:
        latitude, longitude = _degrees(tags[2], tags.get(1) == "S"), _degrees(tags[4], tags.get(3) == "W")
    except (KeyError, TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    sane = abs(latitude) <= 90 and abs(longitude) <= 180 and (latitude, longitude) != (0, 0)
    return (round(latitude, 6), round(longitude, 6)) if sane else None


def _degrees(parts: Any, negative: bool) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    value = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(value):
        raise ValueError
    return -value if negative else value
