"""A data file: its text, its JSON values and its pictures, with an error that names the place of each fault."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from evals.formats.base import Picture
from runtime.errors import BadData

PICTURE_FOLDERS = ("", "images", "train2014", "val2014", "train2017", "val2017", "train_images", "test_images")
"""Where pictures are looked for, seen from the data file: our own places, then the folders of public archives."""

SomeModel = TypeVar("SomeModel", bound=BaseModel)


class Source:
    """A data file: its text, the JSON value it begins with, and the pictures that its rows name.

    Attributes:
        path: the file.
        task: what its rows are for.
        annotations: a second file with the answers, where the format keeps them apart.
        pictures: a folder that pictures are looked for in, where they are not beside the file.
        text: all of it.
        head: the first JSON value in it: the first row or the whole document; None where it begins with something else.
        indented: whether that value goes over several lines, so that it is no row.
    """

    def __init__(self, path: Path, task: str, annotations: Path | None = None, pictures: Path | None = None) -> None:
        self.path = path
        self.task = task
        self.annotations = annotations
        self.pictures = pictures
        self.text = self._read()
        self.head, self.indented = _head(self.text.strip())
        self._pictures: dict[str, Picture] = {}
        self._missing: list[str] = []

    def bad(self, reason: str, hint: str = "") -> BadData:
        """The error to raise about this file; `reason` begins with the place."""
        return BadData(f"{self.path}: {reason}.", hint=hint)

    def lines(self) -> Iterator[tuple[str, Any]]:
        """The value of each line that is not blank and no comment, with its place; a comment begins with `#`."""
        for number, line in enumerate(self.text.split("\n"), 1):  # splitlines() would cut at U+2028 inside a string
            if line.strip() and not line.startswith("#"):
                yield f"line {number}", self._parse(line, f"line {number}")

    def document(self) -> Any:
        """The whole file as one JSON value."""
        return self._parse(self.text, "the document")

    def items(self, document: Any, name: str) -> Iterator[tuple[str, Any]]:
        """The members of a list in a document, each with its place."""
        members = document.get(name) if isinstance(document, dict) else None
        if not isinstance(members, list):
            raise self.bad(f"the document has no list {name!r}")
        for number, member in enumerate(members, 1):
            yield f"item {number} of {name}", member

    def check(self, model: type[SomeModel], value: Any, where: str) -> SomeModel:
        """The value as a row, or the reason why it is none."""
        if not isinstance(value, dict):
            raise self.bad(f"{where} is not a JSON object")
        try:
            return model.model_validate(value)
        except ValidationError as error:
            raise self.bad(f"{where} {_reason(error)}") from error

    def picture(self, name: str, where: str) -> Picture:
        """The picture of that name, beside the file or in one of the usual folders; what is missing is remembered."""
        if name not in self._pictures:
            relative = self._inside(name, f"{where} names the picture")
            roots = [self.path.parent] if self.pictures is None else [self.pictures, self.path.parent]
            places = [root / folder / relative for root in roots for folder in PICTURE_FOLDERS]
            found = next((place for place in places if _is_file(place)), None)
            if found is None:
                self._missing.append(f"{name!r} ({where})")
            self._pictures[name] = Picture(path=found or places[0])
        return self._pictures[name]

    def document_file(self, name: str, where: str) -> Path:
        """The document of that name, beside the file or in a folder below."""
        path = self.path.parent / self._inside(name, f"{where} names the document")
        if not _is_file(path):
            raise self.bad(f"{where} names the document {name!r}, which is missing")
        return path

    def require_pictures(self) -> None:
        """Refuse the file if a picture that was asked for is missing."""
        if self._missing:
            more = f" and {len(self._missing) - 3} more" if len(self._missing) > 3 else ""
            noun, verb = ("pictures", "are") if len(self._missing) > 1 else ("picture", "is")
            raise self.bad(
                f"the {noun} {', '.join(self._missing[:3])}{more} {verb} missing",
                hint="Pictures are looked for beside the file and in its `images` folder.",
            )

    def _inside(self, name: str, said: str) -> Path:
        """The name as a path below the file's folder."""
        relative = Path(name)
        if relative.is_absolute() or ".." in relative.parts:
            raise self.bad(f"{said} {name!r}, which is outside the file's folder")
        return relative

    def _read(self) -> str:
        try:
            text = self.path.read_bytes().decode("utf-8-sig")
        except (OSError, ValueError) as error:
            reason = "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else f"cannot be read: {error}"
            raise self.bad(f"the file {reason}") from error
        if not text.strip():
            raise self.bad("the file is empty")
        return text

    def _parse(self, text: str, where: str) -> Any:
        try:
            value = _DECODER.decode(text)
            if "\\ud" in text or "\\uD" in text:  # half of an escaped pair is JSON, and no text that can be stored
                json.dumps(value, ensure_ascii=False).encode()
        except json.JSONDecodeError as error:
            line = f"line {error.lineno}, " if "\n" in text.strip() else ""
            raise self.bad(f"{where} is not JSON: {error.msg} ({line}column {error.colno})") from error
        except UnicodeEncodeError as error:
            raise self.bad(f"{where} holds half a character") from error
        except (ValueError, RecursionError) as error:
            raise self.bad(f"{where} is not JSON: {error}") from error
        return value


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is not a number")
    return value


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_finite)


def _head(text: str) -> tuple[Any, bool]:
    try:
        value, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        return None, False
    return value, "\n" in text[:end]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name longer than the file system takes
        return False


def _reason(error: ValidationError) -> str:
    """The first fault, said after its place: "has no field 'answers'"."""
    first = error.errors(include_url=False, include_input=False)[0]
    if not first["loc"]:
        return first["msg"]
    outer, *inner = first["loc"]  # the inner parts are positions, fields and the names of a union's members
    name = ".".join(map(str, (outer, *(part for part in inner if isinstance(part, int)))))
    if first["type"] == "missing":
        return f"has no field {inner[-1]!r} in {name!r}" if inner else f"has no field {name!r}"
    if first["type"] == "extra_forbidden":
        return f"has a field {inner[-1]!r} in {name!r} that means nothing"
    return f"has a wrong field {name!r}: {first['msg'][0].lower()}{first['msg'][1:]}"
