"""What a catalogue beside pictures says of them: a table with the columns image, name, description and any others."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from memory.library.records import Failure
from memory.library.walking import shown
from memory.names import plain_line

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_BYTES = 20_000_000
_MOST_CHARS = 2000
_NAMED = 5


def read_catalogue(path: Path) -> tuple[dict[Path, str], list[Failure]]:
    """What a catalogue says of each picture that it names, and what is wrong with it.

    An entry reads "Name — description · price: 129 · sku: S-1". A picture's name is taken from the catalogue's
    folder on; pictures that are not there are named in a failure.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            return {}, [_failure(path, f"The catalogue is larger than {_MOST_BYTES / 1e6:g} MB.")]
        table = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
        columns = [(column or "").strip().lower() for column in table.fieldnames or ()]
        if "image" not in columns:
            return {}, [_failure(path, 'The catalogue has no column "image".')]
        table.fieldnames = columns
        rows = [{name: (row[name] or "").strip() for name in columns if name} for row in table]
    except OSError as error:
        return {}, [_failure(path, f"The catalogue cannot be read: {error.strerror}.")]
    except UnicodeDecodeError:
        return {}, [_failure(path, "The catalogue is not UTF-8 text.")]
    except csv.Error as error:
        return {}, [_failure(path, f"The catalogue is not a table: {error}.")]
    entries: dict[Path, str] = {}
    absent: list[str] = []
    for row in rows:
        picture = Path(os.path.normpath(path.parent / row["image"]))
        if not row["image"] or not picture.is_file():
            absent.append(plain_line(row["image"], _MOST_CHARS) or "(no name)")
        elif entry := _entry(row):
            entries[picture] = entry
    if not absent:
        return entries, []
    some = ", ".join(absent[:_NAMED]) + (", …" if len(absent) > _NAMED else "")
    return entries, [_failure(path, f"The catalogue names pictures that are not there ({len(absent)}): {some}.")]


def _failure(path: Path, reason: str) -> Failure:
    return Failure(shown(path), reason, "catalogue")


def _entry(row: Mapping[str, str]) -> str:
    said = " — ".join(row[key] for key in ("name", "description") if row.get(key))
    others = [f"{key}: {value}" for key, value in row.items() if value and key not in {"image", "name", "description"}]
    return plain_line(" · ".join(filter(None, [said, *others])), _MOST_CHARS)
