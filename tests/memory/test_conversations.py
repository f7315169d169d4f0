# ruff: noqa: A001, A002 - an id is called id
from __future__ import annotations

import io
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory.conversations import Conversations, Thread
from memory.images import ImageStore
from memory.threads.schema import MIGRATIONS
from runtime.errors import BadSetting, SetupError, UnknownThread
from tests.memory.chats import say, texts
from tests.memory.pictures import LIMITS

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_new_conversation_is_empty(ann: Conversations) -> None:
    thread = ann.create()
    assert thread == Thread(thread.id, "ann", "", thread.created, thread.created, "", 0)
    assert ann.get(thread.id) == thread
    assert thread.created.utcoffset() is not None


def test_the_first_turn_names_the_conversation(ann: Conversations) -> None:
    thread = ann.create()
    ann.record_turn(thread.id, title="What is\nthis?", thumbnail="")
    ann.record_turn(thread.id, title="And this?", thumbnail="b" * 64)
    ann.record_turn(thread.id, title="And that?", thumbnail="c" * 64)
    after = ann.get(thread.id)
    assert (after.title, after.thumbnail, after.turns) == ("What is this?", "b" * 64, 3)
    assert after.created == thread.created < after.updated


def test_a_title_that_was_given_stays(ann: Conversations) -> None:
    thread = ann.create("Holiday")
    ann.record_turn(thread.id, title="What is this?", thumbnail="")
    assert ann.get(thread.id).title == "Holiday"
    assert ann.get(ann.create("x" * 500 + "\x00").id).title == "x" * 120


def test_the_newest_turn_is_listed_first(ann: Conversations) -> None:
    first, second, third = (ann.create(title) for title in "abc")
    ann.record_turn(first.id, title="", thumbnail="")
    assert [thread.id for thread in ann.list()] == [first.id, third.id, second.id]
    assert [thread.id for thread in ann.list(limit=1)] == [first.id]
    ann.saver.conn.execute("UPDATE threads SET updated = 1")  # a coarse clock
    assert [thread.id for thread in ann.list()] == [third.id, second.id, first.id]


def operations(conversations: Conversations) -> list[Callable[[str], object]]:
    return [
        conversations.get,
        conversations.config,
        conversations.delete,
        lambda name: conversations.record_turn(name, title="mine now", thumbnail=""),
        lambda name: conversations.rename(name, "mine now"),
        conversations.pin,
        lambda name: conversations.rewind(name, 0),
        conversations.tree,
        lambda name: conversations.export(name, io.BytesIO()),
    ]


@pytest.mark.parametrize("name", ["", "0" * 32, "ann/" + "0" * 32, "' OR 1=1 --", "../x", "A" * 32, "0" * 32 + "\n"])
def test_unknown_conversations(ann: Conversations, name: str) -> None:
    kept = ann.create("kept")
    for operation in operations(ann):
        with pytest.raises(UnknownThread, match=r"There is no conversation ['\"]"):
            operation(name)
    assert ann.list() == [kept]


@pytest.mark.parametrize("user", ["", "..", "a/b", "ann/0"])
def test_a_user_cannot_carry_a_path(path: Path, store: ImageStore, user: str) -> None:
    with pytest.raises(BadSetting):
        Conversations(path, user, store)
    assert not path.exists()


def opened(folder: Path, user: str) -> Conversations:
    return Conversations(folder / "threads.sqlite", user, ImageStore(folder / "images", user, **LIMITS))


class Model:
    """What one user should have: by id, the title, the number of turns, whether it is pinned, and what was said."""

    def __init__(self) -> None:
        self.threads: dict[str, tuple[str, int, bool, str]] = {}

    def change(self, id: str, **values: object) -> None:
        names = ("title", "turns", "pinned", "said")
        self.threads[id] = tuple({**dict(zip(names, self.threads[id], strict=True)), **values}.values())  # type: ignore[assignment]


ACTIONS = ["create", "turn", "say", "rename", "pin", "delete", "import"]
WORDS = ["apple", "banana", "苹果树"]


@given(
    st.lists(
        st.tuples(st.sampled_from(["ann", "bob"]), st.sampled_from(ACTIONS), st.integers(0, 9), st.sampled_from(WORDS)),
        max_size=14,
    )
)
@settings(max_examples=25, deadline=None)
def test_users_never_see_each_others_conversations(steps: list[tuple[str, str, int, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        both = {user: opened(Path(folder), user) for user in ("ann", "bob")}
        owned = {"ann": Model(), "bob": Model()}
        for user, action, choice, word in steps:
            act(both[user], owned[user], action, choice, word)
        for user, other in (("ann", "bob"), ("bob", "ann")):
            for name in owned[other].threads:
                for operation in operations(both[user]):
                    with pytest.raises(UnknownThread):
                        operation(name)
        for user, model in owned.items():
            listed = both[user].list()
            assert {t.id: (t.title, t.turns, t.pinned) for t in listed} == {
                id: kept[:3] for id, kept in model.threads.items()
            }
            assert [t.pinned for t in listed] == sorted((t.pinned for t in listed), reverse=True)
            for word in WORDS:
                found = {thread.id for thread in both[user].search(word)}
                assert found == {id for id, (title, _, _, said) in model.threads.items() if word in title + said}
            kept = "SELECT count(*) FROM checkpoints WHERE thread_id LIKE ? || '/%'"
            assert bool(both[user].saver.conn.execute(kept, (user,)).fetchone()[0]) == any(
                said for *_, said in model.threads.values()
            )
        for conversations in both.values():
            conversations.close()


def act(conversations: Conversations, model: Model, action: str, choice: int, word: str) -> None:
    """Do something to one of a user's conversations, and to what the user should have."""
    if action == "create" or not model.threads:
        model.threads[conversations.create(word).id] = (word, 0, False, "")
        return
    id = sorted(model.threads)[choice % len(model.threads)]
    title, turns, pinned, said = model.threads[id]
    if action == "turn":
        conversations.record_turn(id, title="never", thumbnail="")
        model.change(id, turns=turns + 1)
    elif action == "say":
        say(conversations, conversations.get(id), word)
        model.change(id, said=f"{said} {word}")
    elif action == "rename":
        conversations.rename(id, f"new {word}")
        model.change(id, title=f"new {word}")
    elif action == "pin":
        conversations.pin(id, not pinned)
        model.change(id, pinned=not pinned)
    elif action == "delete":
        conversations.delete(id)
        del model.threads[id]
    elif not said:  # what `say` keeps names a picture that has no file
        data = io.BytesIO()
        conversations.export(id, data)
        model.threads[conversations.import_(data, lambda _: None).id] = (title, 0, False, "")


def test_what_was_said_is_stored_under_the_user(ann: Conversations) -> None:
    thread = ann.create()
    assert ann.config(thread.id) == {"configurable": {"thread_id": f"ann/{thread.id}"}}
    say(ann, thread, "hello")
    assert {found.config["configurable"]["thread_id"] for found in ann.saver.list(None)} == {f"ann/{thread.id}"}


def test_conversations_outlive_the_process(ann: Conversations, path: Path, store: ImageStore) -> None:
    thread = ann.create("cats")
    say(ann, thread, "hello")
    ann.close()
    again = Conversations(path, "ann", store)
    state = say(again, thread, "and now?")
    assert texts(state) == ["hello", "You said hello", "and now?", "You said and now?"]
    assert state["images"][0]["handle"] == "img1"
    assert [thread.title for thread in again.list()] == ["cats"]
    again.close()


def test_the_schema_has_a_version(ann: Conversations, path: Path, store: ImageStore) -> None:
    assert ann.saver.conn.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)
    ann.saver.conn.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(SetupError, match="was written by a newer vistalk"):
        Conversations(path, "ann", store)


def test_later_migrations_run_once_on_what_is_there(
    ann: Conversations, path: Path, store: ImageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread = ann.create("old")
    ann.close()
    monkeypatch.setattr("memory.threads.schema.MIGRATIONS", (*MIGRATIONS, "UPDATE threads SET title = title || '!'"))
    for _ in range(2):
        again = Conversations(path, "ann", store)
        assert again.get(thread.id).title == "old!"
        again.close()


def test_a_failed_migration_changes_nothing(
    ann: Conversations, path: Path, store: ImageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann.create("old")
    broken = "UPDATE threads SET title = 'new'; UPDATE nowhere SET x = 1"
    with monkeypatch.context() as patched:
        patched.setattr("memory.threads.schema.MIGRATIONS", (*MIGRATIONS, broken))
        with pytest.raises(SetupError, match="no such table: nowhere"):
            Conversations(path, "ann", store)
    assert [thread.title for thread in ann.list()] == ["old"]


def test_turns_from_many_threads(ann: Conversations) -> None:
    shared = ann.create("shared")

    def turn(number: int) -> list[str]:
        own = ann.create(f"own {number}")
        ann.record_turn(shared.id, title="", thumbnail="")
        return texts(say(ann, own, f"hello {number}"))

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(turn, range(16)))
    assert answers == [[f"hello {number}", f"You said hello {number}"] for number in range(16)]
    assert ann.get(shared.id).turns == 16
    assert len(ann.list()) == 17
