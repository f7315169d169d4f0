"""Tables with the pictures inside: tab-separated, one base64 picture a row, as VLMEvalKit and lmms-eval keep them."""

from __future__ import annotations

import base64
import csv
import io
import re
from collections.abc import Iterator

from pydantic import Field

from evals.formats.base import Picture, Placed, Row, Text
from evals.formats.source import Source

OPTION = re.compile(r"[A-Z]")


class TableRow(Row):
    """A question; `image` is base64, or the index (a number) of the row that holds the picture."""

    id: Text = Field(validation_alias="index")
    image: Text
    question: Text
    answer: Text


def read_table(source: Source) -> Iterator[Placed]:
    """Every row, its options A, B, … appended to the question."""
    rows = list(_rows(source))
    images = {row["index"]: row.get("image", "") for _, row in rows if "index" in row}
    pictures: dict[str, Picture] = {}
    for where, cells in rows:
        row = source.check(TableRow, cells, where)
        encoded = images.get(row.image, row.image)
        if encoded not in pictures:
            pictures[encoded] = Picture(data=_decoded(source, encoded, where))
        options = {name: text for name, text in cells.items() if OPTION.fullmatch(name)}
        if options and row.answer not in (*options, *options.values()):
            raise source.bad(f"{where} has the answer {row.answer!r}, which is none of its options")
        question = "\n".join([row.question, *(f"{name}. {text}" for name, text in options.items())])
        yield row.sample(where, [pictures[encoded]], question, [row.answer])


def _rows(source: Source) -> Iterator[tuple[str, dict[str, str]]]:
    """The cells that are not empty, by column."""
    widest = csv.field_size_limit(len(source.text) + 1)  # a picture is larger than the limit that csv starts with
    try:
        reader = csv.reader(io.StringIO(source.text, newline=""), delimiter="\t", strict=True)
        columns = next(reader)
        if len(set(columns)) < len(columns):
            raise source.bad("line 1 names a column twice")
        for cells in reader:
            where = f"line {reader.line_num}"
            if len(cells) not in (0, len(columns)):
                raise source.bad(f"{where} has {len(cells)} columns where the header has {len(columns)}")
            if any(cells):
                yield where, {name: cell for name, cell in zip(columns, cells, strict=True) if cell}
    except csv.Error as error:
        raise source.bad(f"line {reader.line_num} is no row of a table: {error}") from error
    finally:
        csv.field_size_limit(widest)


def _decoded(source: Source, encoded: str, where: str) -> bytes:
    if encoded.isdigit():  # which base64 would take
        raise source.bad(f"{where} has the picture of row {encoded}, which holds none")
    try:
        return base64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise source.bad(f"{where} has a picture that is not base64") from error
