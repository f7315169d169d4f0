from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from langgraph.checkpoint.sqlite import SqliteSaver

from memory.conversations import Conversations
from memory.home import Home
from memory.images import ImageStore
from memory.refs import ImageRef
from memory.saver import Saver
from memory.threads.schema import MIGRATIONS
from runtime.errors import ImageMissing
from runtime.settings import load_settings
from tests.memory.chats import graph, graph_over
from tests.memory.pictures import file_of, files, photo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memory.provenance import Made

ROOT = Path(__file__).parents[2]
MADE: Made = {"prompt": "a red apple", "seed": 7}


@pytest.fixture
def opened(home: Path) -> Iterator[Home]:
    with Home.open(load_settings(preset="scripted", user="ann")) as opened:
        yield opened


def shown(home: Home, thread: str, seed: int = 0) -> ImageRef:
    """A picture that is stored, and then held by a checkpoint, as a turn does it."""
    references = home.conversations.references
    ref = references.keep("turn", thread, lambda: home.images.add(file_of(photo(seed=seed), "PNG"), handle="img1"))
    state = {"messages": [], "images": [ref.to_dict()]}
    graph(home.conversations).update_state(home.conversations.config(thread), state, as_node="reply")
    references.release("turn", thread)
    return ref


def test_a_picture_goes_with_its_only_conversation(opened: Home, home: Path) -> None:
    thread = opened.conversations.create()
    other = shown(opened, opened.conversations.create().id, seed=1)
    ref = shown(opened, thread.id)
    opened.conversations.delete(thread.id)
    with pytest.raises(ImageMissing):
        opened.images.path(ref.sha256)
    assert {name.rsplit("/", 1)[-1].partition(".")[0] for name in files(home / "images")} == {other.sha256}
    assert ref.sha256.encode() not in (home / "threads.sqlite").read_bytes()


def test_a_picture_stays_while_another_conversation_shows_it(opened: Home) -> None:
    first, second = opened.conversations.create(), opened.conversations.create()
    ref = shown(opened, first.id)
    assert shown(opened, second.id) == ref
    opened.conversations.delete(first.id)
    assert opened.images.open(ref.sha256).size == (ref.width, ref.height)
    opened.conversations.delete(second.id)
    assert opened.images.stored() == set()


def test_a_drawing_outlives_its_conversation_and_goes_with_its_last_use(opened: Home) -> None:
    thread = opened.conversations.create().id
    ref = opened.drawings.add(photo(), MADE, handle="img1", thread=thread)
    state = {"messages": [], "images": [ref.to_dict()]}
    graph(opened.conversations).update_state(opened.conversations.config(thread), state, as_node="reply")
    opened.conversations.delete(thread)
    assert opened.images.made(ref.sha256) == MADE
    opened.drawings.delete(ref.sha256)
    assert opened.images.stored() == set()


def test_users_with_the_same_picture_do_not_touch_each_others(opened: Home, home: Path) -> None:
    thread = opened.conversations.create().id
    ref = shown(opened, thread)
    opened.close()
    with Home.open(load_settings(preset="scripted", user="bob")) as bob:
        own = bob.conversations.create().id
        assert shown(bob, own) == ref
        bob.conversations.delete(own)
        assert bob.images.stored() == set()
    with Home.open(load_settings(preset="scripted", user="ann")) as ann:
        assert ann.images.path(ref.sha256).is_file()


def test_a_file_is_not_removed_between_being_stored_and_being_used(opened: Home) -> None:
    """Another conversation with the same picture is deleted in the middle of an upload."""
    leaving, staying = opened.conversations.create().id, opened.conversations.create().id
    ref = shown(opened, leaving)
    stored, deleted = threading.Event(), threading.Event()

    def store() -> ImageRef:
        added = opened.images.add(file_of(photo(), "PNG"), handle="img1")
        stored.set()
        assert not deleted.wait(0.2)  # it waits for the use to be noted
        return added

    def delete() -> None:
        stored.wait()
        opened.conversations.delete(leaving)
        deleted.set()

    with ThreadPoolExecutor(2) as pool:
        kept = pool.submit(opened.conversations.references.keep, "turn", staying, store)
        pool.submit(delete).result()
        assert kept.result() == ref
    assert opened.images.path(ref.sha256).is_file()
    opened.conversations.references.release("turn", staying)
    assert opened.images.stored() == set()


CHILD = """
import os, signal, sys
from memory.home import Home
from memory.images import ImageStore
from memory.saver import Saver
from runtime.settings import load_settings
from tests.memory.test_references import shown

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

home = Home.open(load_settings(preset="scripted", user="ann"))
thread = home.conversations.create().id
moment = sys.argv[1]
if moment == "stored":
    home.conversations.references._saver.cursor = die
if moment == "used":
    Saver.put = die
shown(home, thread)
if moment == "deleting":
    ImageStore.delete = die
    home.conversations.delete(thread)
die()
"""


@pytest.mark.parametrize(("moment", "left"), [("stored", 0), ("used", 0), ("saved", 1), ("deleting", 0)])
def test_a_killed_process_leaves_nothing_unused_and_nothing_missing(home: Path, moment: str, left: int) -> None:
    died = subprocess.run([sys.executable, "-c", CHILD, moment], cwd=ROOT, check=False, capture_output=True, text=True)
    assert died.returncode == -9, died.stderr
    assert len(files(home / "images")) == 2
    with Home.open(load_settings(preset="scripted", user="ann")) as again:
        uses = again.conversations.saver.conn.execute("SELECT sha256, kind FROM picture_uses").fetchall()
        assert {sha256 for sha256, _ in uses} == again.images.stored()
        assert [kind for _, kind in uses] == ["thread"] * left
        assert len(again.conversations.list()) == (0 if moment == "deleting" else 1)


@pytest.mark.parametrize("killed", [False, True])
def test_conversations_kept_before_uses_were_noted_keep_their_pictures(
    path: Path, store: ImageStore, killed: bool
) -> None:
    older = next(at for at, step in enumerate(MIGRATIONS) if isinstance(step, str) and "picture_uses" in step)
    ref = store.add(file_of(photo(), "PNG"), handle="img1")
    drawn = store.add_drawing(photo(), MADE, handle="img2")
    saver, thread = Saver(path), "a" * 32
    for step in MIGRATIONS[: older + killed]:  # killed: in the middle, when the table is there and nothing is in it
        assert isinstance(step, str)
        saver.conn.executescript(step)
    saver.conn.execute("INSERT INTO threads (id, user, title, created, updated) VALUES (?, 'ann', '', 1, 1)", (thread,))
    saver.conn.execute("INSERT INTO drawings VALUES ('ann', ?, 1, '', '{}', 1, 1)", (drawn.sha256,))
    saver.conn.execute(f"PRAGMA user_version = {older + killed}")
    saver.conn.commit()
    config = {"configurable": {"thread_id": f"ann/{thread}"}}
    state = {"messages": [], "images": [ref.to_dict()]}
    graph_over(SqliteSaver(saver.conn, serde=saver.serde)).update_state(config, state, as_node="reply")
    saver.close()
    again = Conversations(path, "ann", store)
    again.references.sweep()
    assert store.stored() == {ref.sha256, drawn.sha256}
    again.delete(thread)
    assert store.stored() == {drawn.sha256}
    again.close()
