"""The checkpoint saver: SQLite that never loads code, keeps whole transactions and explains its failures."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver

from runtime.errors import DiskFull, SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Saver(SqliteSaver):
    """A `SqliteSaver` whose transactions are committed when all went well and rolled back otherwise.

    Plain values and LangChain messages come back as they were. Any other class comes back as plain data:
    nothing outside langgraph's own safe list is imported, and pickles are refused.

    Args:
        path: the database; made when it is not there.

    Raises:
        DiskFull: it could not be made.
        SetupError: it is not a database, or cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._errors_named():
            connection = sqlite3.connect(path, check_same_thread=False)
            super().__init__(connection, serde=JsonPlusSerializer(allowed_msgpack_modules=None))
            try:
                # FULL: a turn that was acknowledged outlives a power cut, not only a killed process.
                # secure_delete: what is deleted is overwritten, so that no scan of the file finds it.
                connection.executescript("PRAGMA synchronous=FULL; PRAGMA secure_delete=ON")
                self.setup()
            except BaseException:
                connection.close()
                raise

    @contextmanager
    def cursor(self, transaction: bool = True) -> Iterator[sqlite3.Cursor]:
        """One transaction, one thread at a time.

        Raises:
            DiskFull: nothing of the transaction was kept.
            SetupError: the database cannot be read or written.
        """
        with self.lock, self._errors_named():
            cursor = self.conn.cursor()
            try:
                yield cursor
                if transaction:
                    self.conn.commit()
            except BaseException:
                self.conn.rollback()
                raise
            finally:
                cursor.close()

    def fold_log(self) -> None:
        """Move the write-ahead log into the database and empty it, so that nothing deleted lives on in it."""
        with self.lock, self._errors_named():
            self.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the database; nothing can be read or saved afterwards."""
        with self.lock:
            self.conn.close()

    @contextmanager
    def _errors_named(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.ProgrammingError, sqlite3.IntegrityError):
            raise  # a fault of ours, not of the disk
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
                raise DiskFull from error
            raise SetupError(
                f"The conversations in {self._path} cannot be read or saved: {error}.",
                hint="If it is damaged, move it away; a new one is made, without the old conversations.",
            ) from error
