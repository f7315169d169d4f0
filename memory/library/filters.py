"""What a search is narrowed to, in the terms of SQLite and of the vectors."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from memory.library.keys import folder_key
from memory.library.vectors import Narrowed
from runtime.errors import BadDate

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from memory.library.records import Filters

_MOST_FOLDERS = 500
"""More folders than this are filtered after the search instead of in it."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A condition on the table `files`, to stand after AND, and its values."""

    sql: str
    values: tuple[object, ...]


def below(folder: Path) -> Clause:
    """Whatever lies in a folder or below it, and the path itself."""
    path = os.fsencode(os.path.abspath(folder))  # noqa: PTH100 - `resolve` would follow links
    separator = os.fsencode(os.sep)
    inside = path.rstrip(separator) + separator
    after = inside[:-1] + bytes([inside[-1] + 1])
    return Clause("(files.path = ? OR (files.path >= ? AND files.path < ?))", (path, inside, after))


def clause(filters: Filters) -> Clause:
    """The condition that filters come to.

    Raises:
        BadDate: one of the days is none.
    """
    since, until = _moments(filters)
    terms = [Clause("TRUE", ())]
    if filters.folder is not None:
        terms.append(below(filters.folder))
    if since is not None:
        terms.append(Clause("files.moment >= ?", (since,)))
    if until is not None:
        terms.append(Clause("files.moment < ?", (until,)))
    return Clause(" AND ".join(term.sql for term in terms), tuple(value for term in terms for value in term.values))


def narrowed(connection: sqlite3.Connection, user: str, filters: Filters) -> Narrowed | None:
    """What the vectors are to be narrowed to; None when nothing can pass.

    Raises:
        BadDate: one of the days is none.
    """
    since, until = _moments(filters)
    if filters.folder is None:
        return Narrowed(None, since, until)
    where = below(filters.folder)
    rows = connection.execute(
        f"SELECT DISTINCT folder FROM files WHERE user = ? AND {where.sql} LIMIT ?",  # noqa: S608 - written above
        (user, *where.values, _MOST_FOLDERS + 1),
    ).fetchall()
    if not rows:
        return None
    return Narrowed(
        None if len(rows) > _MOST_FOLDERS else [folder_key(os.fsdecode(row[0])) for row in rows], since, until
    )


def _moments(filters: Filters) -> tuple[float | None, float | None]:
    """From the first moment of one day to the first after the other."""
    since = _day(filters.since)
    until = _day(filters.until)
    return (
        None if since is None else _midnight(since),
        None if until is None else _midnight(until + timedelta(days=1)),
    )


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text[:10]) if text else None
    except ValueError as error:
        raise BadDate(f"{text[:40]!r} is not a day.") from error
    if day is not None and not 1 < day.year < 9999:
        raise BadDate(f"{text[:40]!r} is not a day that a file could have.")
    return day


def _midnight(day: date) -> float:
    """As the clock of this machine counts: cameras write no time zone."""
    return datetime(day.year, day.month, day.day).astimezone().timestamp()
