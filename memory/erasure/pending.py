"""What is being erased, noted before it begins and settled when it is over: a killed process leaves nothing half done.

A note names what goes by its kind and id; it holds nothing of what is erased.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

    Cursor = sqlite3.Cursor | sqlite3.Connection

SCHEMA = """
CREATE TABLE erasures (
    user TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (user, kind, id)
) WITHOUT ROWID;
"""

Note = tuple[str, str, str]
"""User, kind and id."""

SCRUB: Note = ("", "scrub", "")
"""Rows were deleted, and the file is still to be written anew."""


def note(cursor: Cursor, what: Note) -> None:
    """Note in the caller's transaction that an erasure begins."""
    cursor.execute("INSERT OR IGNORE INTO erasures VALUES (?, ?, ?)", what)


def settle(cursor: Cursor, what: Note) -> None:
    """Note in the caller's transaction that it is over."""
    cursor.execute("DELETE FROM erasures WHERE user = ? AND kind = ? AND id = ?", what)


def noted(cursor: Cursor) -> list[Note]:
    """What began and is not over."""
    return cursor.execute("SELECT user, kind, id FROM erasures").fetchall()
