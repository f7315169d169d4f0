from __future__ import annotations

import dataclasses
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.base import empty_checkpoint

from memory.conversations import Conversations
from memory.images import ImageStore
from memory.saver import Saver
from runtime.errors import DiskFull, SetupError
from tests.memory.chats import say, texts

ROOT = Path(__file__).parents[2]


def test_an_acknowledged_turn_outlives_a_killed_process(path: Path, store: ImageStore) -> None:
    script = f"""
import os, signal
from pathlib import Path
from memory.conversations import Conversations
from memory.images import ImageStore
from tests.memory.chats import say
from tests.memory.pictures import LIMITS
path = Path({str(path)!r})
ann = Conversations(path, "ann", ImageStore(path.parent / "images", "ann", **LIMITS))
thread = ann.create()
say(ann, thread, "remember me")
ann.record_turn(thread.id, title="kept", thumbnail="")
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == -9
    again = Conversations(path, "ann", store)
    (thread,) = again.list()
    assert (thread.title, thread.turns) == ("kept", 1)
    assert texts(say(again, thread, "still there?"))[0] == "remember me"
    again.close()


def test_delete_leaves_no_trace_on_disk(ann: Conversations, path: Path) -> None:
    kept, gone = ann.create("kept"), ann.create("gone-MARKER")
    say(ann, kept, "stay")
    for number in range(5):
        say(ann, gone, f"MARKER {number} " * 500)
    ann.record_turn(gone.id, title="", thumbnail="")
    assert any(b"MARKER" in file.read_bytes() for file in path.parent.iterdir())
    ann.delete(gone.id)
    for file in path.parent.iterdir():
        assert b"MARKER" not in file.read_bytes()
        assert gone.id.encode() not in file.read_bytes()
    assert ann.list() == [kept]
    assert texts(say(ann, kept, "here?"))[0] == "stay"


def limit_pages(conversations: Conversations, extra: int) -> None:
    """Let the database grow by some pages more and then be full, as SQLite itself says it."""
    pages = conversations.saver.conn.execute("PRAGMA page_count").fetchone()[0]
    conversations.saver.conn.execute(f"PRAGMA max_page_count = {pages + extra}")


def fill(conversations: Conversations) -> None:
    for _ in range(2000):
        conversations.create("t" * 100)


def test_a_full_disk_keeps_what_was_there(ann: Conversations) -> None:
    thread = ann.create("first")
    before = say(ann, thread, "hello")
    limit_pages(ann, 3)
    with pytest.raises(DiskFull, match="The disk is full"):
        say(ann, thread, "x" * 100_000)
    with pytest.raises(DiskFull):
        fill(ann)
    assert not ann.saver.conn.in_transaction
    assert ann.list(limit=2000)[-1].title == "first"
    limit_pages(ann, 10_000)
    assert texts(say(ann, thread, "again"))[:2] == texts(before)


def test_a_failed_transaction_leaves_nothing(ann: Conversations) -> None:
    def half_done() -> None:
        with ann.saver.cursor() as cursor:
            cursor.execute("UPDATE threads SET title = 'half'")
            raise KeyboardInterrupt

    ann.create("whole")
    with pytest.raises(KeyboardInterrupt):
        half_done()
    assert ann.list()[0].title == "whole"


def test_mistakes_in_a_query_are_not_blamed_on_the_disk(ann: Conversations) -> None:
    ann.close()
    with pytest.raises(sqlite3.ProgrammingError):
        ann.create()


@dataclasses.dataclass
class Other:
    value: int


def test_only_plain_values_and_messages_come_back(ann: Conversations) -> None:
    state = say(ann, ann.create(), "hello", last=Other(3))
    assert state["last"] == {"value": 3}
    assert [type(message) for message in state["messages"]] == [HumanMessage, AIMessage]


def test_pickles_are_refused(ann: Conversations) -> None:
    with pytest.raises(NotImplementedError, match="pickle"):
        ann.saver.serde.loads_typed(("pickle", b"cos\nsystem\n(S'true'\ntR."))


def test_commits_reach_the_disk(ann: Conversations) -> None:
    settings_of = {
        name: ann.saver.conn.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")
    }
    assert settings_of == {"journal_mode": "wal", "synchronous": 2}


def test_a_database_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="unable to open database file"):
        Saver(tmp_path / "nowhere" / "threads.sqlite")


def test_a_summary_is_stored_once_and_goes_with_what_is_erased(ann: Conversations) -> None:
    summary = {"until": 4, "text": "They spoke of a heron.", "asked": [], "pictures": {}}
    config = ann.config(ann.create().id)
    thread = config["configurable"]["thread_id"]
    for step in range(3):
        checkpoint = empty_checkpoint()
        checkpoint["channel_values"] = {"messages": [HumanMessage("hello")], "summary": summary}
        config = ann.saver.put(
            {"configurable": {"checkpoint_ns": "", **config["configurable"]}}, checkpoint, {"step": step}, {}
        )
    with ann.saver.cursor(transaction=False) as cursor:
        stored = [bytes(value) for (value,) in cursor.execute("SELECT value FROM links").fetchall()]
        stored += [bytes(value) for (value,) in cursor.execute("SELECT checkpoint FROM checkpoints").fetchall()]
    assert sum(b"heron" in value for value in stored) == 1
    assert len(ann.saver.items(thread)) == 1
    newest = ann.saver.get_tuple(config)
    assert newest is not None
    assert newest.checkpoint["channel_values"]["summary"] == summary
    ann.saver.rewrite(thread, lambda item: item)
    found = [*ann.saver.list({"configurable": {"thread_id": thread}})]
    assert [each.checkpoint["channel_values"].get("summary") for each in found] == [None] * 3
