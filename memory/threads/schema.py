"""The tables of the conversations' database that are ours, and how an older database gets those of today."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memory import chains, feedback, references
from memory.erasure import pending
from memory.memories import store as memories
from memory.threads import words
from runtime.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from memory.saver import Saver

THREADS = """
CREATE TABLE threads (
    id TEXT PRIMARY KEY,
    user TEXT NOT NULL,
    title TEXT NOT NULL,
    created REAL NOT NULL,
    updated REAL NOT NULL,
    thumbnail TEXT NOT NULL DEFAULT '',
    turns INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX threads_newest ON threads (user, updated);
"""

DRAWINGS = """
CREATE TABLE drawings (
    user TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    created REAL NOT NULL,
    thread TEXT NOT NULL,
    made TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    PRIMARY KEY (user, sha256)
);
CREATE INDEX drawings_newest ON drawings (user, created);
"""

PINS = """
ALTER TABLE threads ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
DROP INDEX threads_newest;
CREATE INDEX threads_listed ON threads (user, pinned, updated);
"""

MIGRATIONS: tuple[str | Callable[[Saver], None], ...] = (
    THREADS,
    DRAWINGS,
    chains.SCHEMA,
    references.SCHEMA,
    references.note_older,
    PINS,
    words.SCHEMA,
    words.create,
    memories.SCHEMA,
    pending.SCHEMA,
    feedback.SCHEMA,
)
"""One step a version of our tables; `PRAGMA user_version` counts those that have run. Only ever append.

A step is a script, or a function that does the same again where it was cut short."""


def migrate(saver: Saver, path: Path) -> None:
    """Run the steps that the database has not had yet.

    Raises:
        SetupError: it is newer than this vistalk; `path` is named.
    """
    with saver.cursor(transaction=False) as cursor:
        version = cursor.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise SetupError(f"{path} was written by a newer vistalk.", hint="Update vistalk.")
    for number, step in enumerate(MIGRATIONS[version:], version + 1):
        if not isinstance(step, str):
            step(saver)
        script = step if isinstance(step, str) else ""
        with saver.cursor() as cursor:
            cursor.executescript(f"BEGIN; {script}; PRAGMA user_version = {number}; COMMIT")
