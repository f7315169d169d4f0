"""The library's SQLite database: its tables, its transactions, and its failures in plain words."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from memory.erasure import pending
from memory.library import lexical
from runtime.errors import DiskFull, SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MIGRATIONS = (
    """
    CREATE TABLE roots (
        user TEXT NOT NULL,
        path BLOB NOT NULL,
        PRIMARY KEY (user, path)
    ) WITHOUT ROWID;
    CREATE TABLE encoders (
        user TEXT NOT NULL,
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        PRIMARY KEY (user, kind)
    ) WITHOUT ROWID;
    CREATE TABLE files (
        user TEXT NOT NULL,
        id TEXT NOT NULL,
        kind TEXT NOT NULL,
        path BLOB NOT NULL,
        folder BLOB NOT NULL,
        sha256 TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        modified_ns INTEGER NOT NULL,
        moment REAL NOT NULL,
        indexed REAL NOT NULL,
        PRIMARY KEY (user, id)
    );
    CREATE UNIQUE INDEX files_path ON files (user, path);
    CREATE INDEX files_folder ON files (user, folder);
    CREATE INDEX files_newest ON files (user, kind, moment);
    CREATE INDEX files_content ON files (user, sha256);
    CREATE TABLE pictures (
        user TEXT NOT NULL,
        id TEXT NOT NULL,
        width INTEGER NOT NULL,
        height INTEGER NOT NULL,
        taken TEXT NOT NULL,
        latitude REAL,
        longitude REAL,
        caption TEXT NOT NULL,
        text TEXT NOT NULL,
        entry TEXT NOT NULL,
        PRIMARY KEY (user, id),
        FOREIGN KEY (user, id) REFERENCES files (user, id) ON DELETE CASCADE
    ) WITHOUT ROWID;
    CREATE TABLE passages (
        user TEXT NOT NULL,
        id TEXT NOT NULL,
        file TEXT NOT NULL,
        number INTEGER NOT NULL,
        heading TEXT NOT NULL,
        page INTEGER,
        text TEXT NOT NULL,
        PRIMARY KEY (user, id),
        FOREIGN KEY (user, file) REFERENCES files (user, id) ON DELETE CASCADE
    );
    CREATE INDEX passages_file ON passages (user, file, number);
    """,
    pending.SCHEMA,
)
"""One script a version of our tables; `PRAGMA user_version` counts those that have run. Only ever append.

Paths are the bytes that the system knows them by, because not every file's name is text."""


class Store:
    """A database for one process; safe to use from several threads, one transaction at a time.

    Args:
        path: the SQLite file; made when it is not there.

    Raises:
        SetupError: the file is not our database, is newer than this vistalk, or cannot be opened.
        DiskFull: it could not be made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        with self._errors_named():
            self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            try:
                # NORMAL: what a power cut takes from the log is indexed again. secure_delete: removed texts are gone.
                for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON", "foreign_keys=ON"):
                    self._connection.execute(f"PRAGMA {pragma}")
                self._migrate()
            except BaseException:
                self._connection.close()
                raise

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction: kept when all went well, rolled back otherwise.

        Raises:
            DiskFull: nothing of it was kept.
            SetupError: the database cannot be read or written.
        """
        with self._lock, self._errors_named():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # SQLite itself rolls back when the disk is full
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The database, to read from only.

        Raises:
            SetupError: it cannot be read.
        """
        with self._lock, self._errors_named():
            yield self._connection

    def fold_log(self) -> None:
        """Move the write-ahead log into the database and empty it, so that nothing removed lives on in it."""
        with self._lock, self._errors_named():
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def scrub(self) -> None:
        """Take the last traces of what was removed out of the file, as `memory.saver.Saver.scrub` does.

        Raises:
            DiskFull: there is no room for it.
        """
        with self._lock, self._errors_named():
            self._connection.execute("VACUUM")
            with self.transaction() as connection:
                pending.settle(connection, pending.SCRUB)
            self.fold_log()

    @property
    def unscrubbed(self) -> bool:
        """Whether something was removed for good and `scrub` has not followed."""
        with self.reading() as connection:
            return pending.SCRUB in pending.noted(connection)

    def close(self) -> None:
        """Close the database; a second call does nothing."""
        with self._lock:
            self._connection.close()

    def _migrate(self) -> None:
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            raise SetupError(f"{self._path} was written by a newer vistalk.", hint="Update vistalk.")
        for number, script in enumerate(MIGRATIONS[version:], version + 1):
            self._connection.executescript(f"BEGIN; {script}; PRAGMA user_version = {number}; COMMIT")
        with self.transaction() as connection:
            lexical.create(connection)

    @contextmanager
    def _errors_named(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.ProgrammingError, sqlite3.IntegrityError):
            raise  # a fault of ours, not of the disk
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
                raise DiskFull from error
            raise SetupError(
                f"The library in {self._path} cannot be read or saved: {error}.",
                hint="If it is damaged, move it away and index again; your own files are not touched.",
            ) from error
