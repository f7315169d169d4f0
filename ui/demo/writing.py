"""Write the demonstration shop: its catalogue with pictures, its rules, and pictures such as customers send."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from PIL import Image

from memory.files import disk_errors_named, write_whole
from runtime.errors import UserError
from ui.demo.photos import photographed
from ui.demo.products import draw, in_studio

PHOTOGRAPHED = ("lamp-yellow", "mug-blue", "shoe-pink", "bag-brown", "umbrella-red", "clock-orange")
"""The products that customers sent pictures of."""


@dataclass(frozen=True)
class Shop:
    """Where it was written: the folder to index, and the one with pictures to ask about."""

    catalogue: Path
    examples: Path


def write_shop(folder: Path, report: Callable[[str, float], None]) -> Shop:
    """Write it, the same at every call; `report` takes what is being drawn and the fraction done.

    Raises:
        UserError: the folder holds something else.
        DiskFull
        SetupError: the folder cannot be written.
    """
    shop = Shop(folder / "shop", folder / "examples")
    with disk_errors_named(folder):
        taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    if taken and not (shop.catalogue / "catalogue.csv").is_file():
        raise UserError(f"{folder} holds something else.", hint="Name a folder that is empty or not there yet.")
    texts = {Path(file.name): file.read_bytes() for file in files("ui.demo").joinpath("shop").iterdir()}
    pictures = [Path(row["image"]) for row in csv.DictReader(io.StringIO(texts[Path("catalogue.csv")].decode()))]
    for number, picture in enumerate(pictures):
        report(picture.stem, number / len(pictures))
        product = draw(picture.stem)
        write_whole(shop.catalogue / picture, _encoded(in_studio(product), "PNG"))
        if picture.stem in PHOTOGRAPHED:
            place = PHOTOGRAPHED.index(picture.stem)
            photo = photographed(product, place)
            write_whole(shop.examples / f"customer-{place + 1}.jpg", _encoded(photo, "JPEG"))
    for name, text in texts.items():
        write_whole(shop.catalogue / name, text)
    return shop


def _encoded(image: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()
