"""The checkpoint saver: SQLite that never loads code, keeps whole transactions and explains its failures."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver

from memory.chains import Chains
from memory.erasure import pending
from memory.references import use
from memory.refs import ERASED
from runtime.errors import DiskFull, SetupError

if TYPE_CHECKING:
    import builtins
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata, CheckpointTuple

    from memory.references import Kind

LONG = ("messages", "images")
"""Channels that hold lists which grow with every turn, and are kept as `Chains`."""

SELDOM = ("summary",)
"""Channels whose value is long and seldom another: `Chains` of one item, so that it is stored once."""

_VALUE = "value"
"""The key of such an item, that no picture's dict has."""


class Saver(SqliteSaver):
    """A `SqliteSaver` whose transactions are committed when all went well and rolled back otherwise.

    Plain values and LangChain messages come back as they were. Any other class comes back as plain data:
    nothing outside langgraph's own safe list is imported, and pickles are refused.

    What a checkpoint adds to the file does not depend on how long the conversation is: its long lists are kept as
    `Chains`, and it holds only their names. One that holds them whole, as older ones do, is read as it is.

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
            self.lock = threading.RLock()  # type: ignore[assignment]
            self._depth = 0
            self._chains = Chains(self.serde)
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
        """One transaction, one thread at a time; one inside another belongs to the outer one.

        Raises:
            DiskFull: nothing of the transaction was kept.
            SetupError: the database cannot be read or written.
        """
        with self.lock, self._errors_named():
            cursor = self.conn.cursor()
            self._depth += 1
            try:
                yield cursor
                if transaction and self._depth == 1:
                    self.conn.commit()
            except BaseException:
                if self._depth == 1:
                    self.conn.rollback()
                    self._chains.forget()
                raise
            finally:
                self._depth -= 1
                cursor.close()

    @contextmanager
    def erasing(self) -> Iterator[sqlite3.Cursor]:
        """A `cursor` whose transaction deletes for good; `scrub` is to follow.

        A process that is killed in between is made up for by `finish_scrub` at the next start.
        """
        with self.cursor() as cursor:
            pending.note(cursor, pending.SCRUB)
            yield cursor

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Save a checkpoint with its long lists, and that its pictures are used: all, or nothing."""
        values = {**checkpoint["channel_values"]}
        thread = config["configurable"]["thread_id"]
        with self.cursor() as cursor:
            shown = [image["sha256"] for image in values.get("images", []) if image["sha256"] != ERASED]
            use(cursor, *_owner(thread), shown)
            for channel in LONG:
                if items := values.get(channel):
                    values[channel] = self._chains.put(cursor, thread, items)
            for channel in SELDOM:
                if value := values.get(channel):
                    values[channel] = self._chains.put(cursor, thread, [{_VALUE: value}])
            return super().put(config, {**checkpoint, "channel_values": values}, metadata, new_versions)

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Read a checkpoint: the one that the config names, or the newest."""
        found = super().get_tuple(config)
        return None if found is None else self._whole(found)

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 - langgraph calls it so
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """Read checkpoints, the newest first."""
        for found in [*super().list(config, filter=filter, before=before, limit=limit)]:
            yield self._whole(found)

    def delete_thread(self, thread_id: str) -> None:
        """Remove all checkpoints of a conversation, with their lists."""
        with self.cursor() as cursor:
            for table in ("checkpoints", "writes"):
                cursor.execute(f"DELETE FROM {table} WHERE thread_id = ?", (thread_id,))  # noqa: S608 - a constant
            self._chains.drop(cursor, thread_id)

    def items(self, thread_id: str) -> builtins.list[Any]:
        """Every message and picture's dict that any checkpoint of a conversation holds."""
        with self.cursor(transaction=False) as cursor:
            items = [item for item in self._chains.items(cursor, thread_id) if not _seldom(item)]
        for found in super().list({"configurable": {"thread_id": thread_id}}):
            for channel in LONG:
                held = found.checkpoint["channel_values"].get(channel, [])
                items += [] if isinstance(held, bytes) else held
        return items

    def rewrite(
        self, thread_id: str, change: Callable[[Any], Any | None], unmarked: Collection[str] = (), mark: str = ""
    ) -> None:
        """Put changed messages and pictures in the place of those of all checkpoints of a conversation.

        What else the checkpoints hold may quote them, and goes. No turn may be under way there.

        Args:
            thread_id: what the saver calls the conversation.
            change: makes of a message, or of a picture's dict, what takes its place, or None.
            unmarked: checkpoints that lose a mark.
            mark: its name, in their metadata.
        """
        with self.erasing() as cursor:
            found = [*super().list({"configurable": {"thread_id": thread_id}})]
            cursor.execute("DELETE FROM writes WHERE thread_id = ?", (thread_id,))
            renamed = self._chains.rewrite(cursor, thread_id, lambda item: None if _seldom(item) else change(item))
            for each in found:
                values = each.checkpoint["channel_values"]
                kept: dict[str, Any] = {}
                for channel in LONG:
                    held = values.get(channel, [])
                    if isinstance(held, bytes):
                        kept[channel] = renamed(held) or []
                    else:
                        kept[channel] = [item for item in map(change, held) if item is not None]
                metadata = cast("CheckpointMetadata", {**each.metadata})
                if each.config["configurable"]["checkpoint_id"] in unmarked:
                    metadata.pop(mark, None)  # type: ignore[misc]
                namespace = {"thread_id": thread_id, "checkpoint_ns": each.config["configurable"]["checkpoint_ns"]}
                before: RunnableConfig = each.parent_config or {"configurable": namespace}
                super().put(before, {**each.checkpoint, "channel_values": kept}, metadata, {})

    def _whole(self, found: CheckpointTuple) -> CheckpointTuple:
        """A checkpoint with its long values in place of their names."""
        values, thread = {**found.checkpoint["channel_values"]}, found.config["configurable"]["thread_id"]
        with self.cursor(transaction=False) as cursor:
            for channel in (*LONG, *SELDOM):
                if isinstance(name := values.get(channel), bytes):
                    items = self._chains.get(cursor, thread, name)
                    values[channel] = items[0][_VALUE] if channel in SELDOM else items
        return found._replace(checkpoint={**found.checkpoint, "channel_values": values})

    def fold_log(self) -> None:
        """Move the write-ahead log into the database and empty it, so that nothing deleted lives on in it."""
        with self.lock, self._errors_named():
            self.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def scrub(self) -> None:
        """Take the last traces of what was deleted out of the file, by writing it anew; outside of any transaction.

        It takes the time that the file takes to be written. `secure_delete` alone is not enough: where SQLite moves
        rows between pages, it leaves copies behind that it later deletes without overwriting.

        Raises:
            DiskFull: there is no room for it; the next start tries again.
        """
        with self.lock, self._errors_named():
            self.conn.execute("VACUUM")
            with self.cursor() as cursor:
                pending.settle(cursor, pending.SCRUB)
            self.fold_log()

    def finish_scrub(self) -> None:
        """Scrub where a process was killed before it could."""
        with self.cursor(transaction=False) as cursor:
            unfinished = pending.SCRUB in pending.noted(cursor)
        if unfinished:
            self.scrub()

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


def _seldom(item: Any) -> bool:
    return isinstance(item, dict) and _VALUE in item


def _owner(thread_id: str) -> tuple[str, Kind, str]:
    """Who uses a checkpoint's pictures; the name of a thread here is its user's and its own."""
    user, _, thread = thread_id.partition("/")
    return user, "thread", thread
