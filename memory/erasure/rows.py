# ruff: noqa: S608 - statements are put together from the names of tables
"""The rows of a user in any of our databases: found by what every table says of its owner, so that none is left out.

A table names the user in a column `user`, or as the first part of a column `thread_id`. FTS5's tables name nobody;
`lexical` says whose their rows are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from memory.library import lexical

if TYPE_CHECKING:
    import sqlite3

KEPT = {"erasures"}
"""Notes about erasures outlive what is erased."""

_VIRTUAL = re.compile(r"CREATE VIRTUAL TABLE", re.IGNORECASE)


def users(connection: sqlite3.Connection | sqlite3.Cursor) -> set[str]:
    """Everybody who has a row."""
    found: set[str] = set()
    for table, column in _owned(connection).items():
        name = column if column == "user" else "substr(thread_id, 1, instr(thread_id, '/') - 1)"
        found |= {user for (user,) in connection.execute(f"SELECT DISTINCT {name} FROM {table}")}
    return found


def erase_rows(connection: sqlite3.Connection | sqlite3.Cursor, user: str) -> None:
    """Delete all rows of a user, in the caller's transaction."""
    lexical.drop_user(connection, user)
    for table, column in _owned(connection).items():
        if column == "user":
            connection.execute(f"DELETE FROM {table} WHERE user = ?", (user,))
        else:
            connection.execute(f"DELETE FROM {table} WHERE substr(thread_id, 1, ?) = ?", (len(user) + 1, f"{user}/"))


def tables(connection: sqlite3.Connection | sqlite3.Cursor) -> dict[str, set[str]]:
    """The columns of every table that is not FTS5's or SQLite's own."""
    every = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
    virtual = tuple(name for name, sql in every if sql and _VIRTUAL.match(sql))
    ours = [name for name, _ in every if not name.startswith(("sqlite_", *virtual))]
    return {name: {row[1] for row in connection.execute(f"PRAGMA table_info({name})").fetchall()} for name in ours}


def _owned(connection: sqlite3.Connection | sqlite3.Cursor) -> dict[str, str]:
    """Which column tells the owner, by table."""
    return {
        name: "user" if "user" in columns else "thread_id"
        for name, columns in tables(connection).items()
        if name not in KEPT and columns & {"user", "thread_id"}
    }
