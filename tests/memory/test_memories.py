"""What is remembered: kept once with its origin, edited, forgotten down to the bytes, and nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from memory.conversations import Conversations
from memory.home import Home
from memory.images import ImageStore
from memory.memories.store import LONGEST, Memories
from memory.refs import ImageRef
from runtime.encoder.base import unit
from runtime.errors import ImageMissing, UnknownMemory
from runtime.settings import load_settings
from tests.memory.pictures import LIMITS, file_of, files, photo


@pytest.fixture
def opened(home: Path) -> Iterator[Home]:
    with Home.open(load_settings(preset="scripted")) as opened:
        yield opened


def shown(home: Home, thread: str, seed: int = 0) -> ImageRef:
    """A picture that a turn under way of the conversation brought."""
    data = file_of(photo(seed=seed), "PNG")
    return home.conversations.references.keep("turn", thread, lambda: home.images.add(data, handle="img1"))


def test_a_memory_comes_back_with_where_it_is_from(opened: Home) -> None:
    thread = opened.conversations.create("dogs").id
    told = datetime(2026, 11, 1, 12, tzinfo=UTC)
    memory = opened.memories.add("  My dog is called Rex ", origin="asked", thread=thread, turn=3, told=told)
    assert (memory.kind, memory.text, memory.origin) == ("fact", "My dog is called Rex", "asked")
    assert opened.memories.get(memory.id) == memory
    assert (memory.thread, memory.turn, memory.told) == (thread, 3, told)
    assert memory.to_json() == {
        "id": memory.id, "kind": "fact", "text": "My dog is called Rex", "sha256": "", "caption": "",
        "origin": "asked", "thread": thread, "turn": 3, "told": "2026-11-01T12:00:00+00:00",
    }  # fmt: skip
    assert len(opened.memories.add("x" * (LONGEST + 9), origin="written").text) == LONGEST


def test_the_same_words_are_kept_once(opened: Home) -> None:
    first = opened.memories.add("I like tea", origin="stated")
    assert opened.memories.add(" I like tea\n", origin="asked") == first
    about = opened.memories.add("I like tea", origin="asked", sha256="a" * 64)
    assert (opened.memories.count(), about.kind) == (2, "picture")


def test_they_are_listed_newest_first_and_paged(opened: Home) -> None:
    days = [datetime(2026, 11, day, tzinfo=UTC) for day in (3, 1, 2)]
    for day in days:
        opened.memories.add(f"day {day.day}", origin="written", told=day)
    assert [memory.text for memory in opened.memories.list()] == ["day 3", "day 2", "day 1"]
    assert [memory.text for memory in opened.memories.list(1, offset=1)] == ["day 2"]


def test_vectors_are_kept_in_sixteen_bits_until_the_words_change(opened: Home) -> None:
    memories = opened.memories
    kept = [memories.add(text, origin="written") for text in ("one", "two", "three")]
    vectors = unit(np.random.default_rng(0).normal(size=(3, 8)))
    memories.delete([kept[2].id])
    memories.edit(kept[1].id, "deux")
    memories.keep_vectors("a", kept, vectors)
    assert list(memories.vectors("a")) == [kept[0].id]
    assert memories.vectors("a")[kept[0].id] == pytest.approx(vectors[0], abs=1e-3)
    assert memories.vectors("b") == {}
    memories.edit(kept[0].id, "un")
    assert memories.vectors("a") == {}


def test_a_remembered_picture_outlives_its_conversation_and_goes_with_its_memory(opened: Home) -> None:
    thread = opened.conversations.create().id
    ref = shown(opened, thread)
    memory = opened.memories.add("Rex", origin="asked", sha256=ref.sha256, thread=thread)
    opened.conversations.references.release("turn", thread)
    opened.conversations.delete(thread)
    assert opened.images.path(ref.sha256).is_file()
    assert (opened.memories.get(memory.id).thread, opened.memories.get(memory.id).text) == ("", "Rex")
    opened.memories.delete([memory.id])
    with pytest.raises(ImageMissing):
        opened.images.path(ref.sha256)


def test_a_picture_of_two_memories_goes_with_the_second(opened: Home) -> None:
    ref = shown(opened, "t")
    first, second = (opened.memories.add(text, origin="asked", sha256=ref.sha256) for text in ("Rex", "my dog"))
    opened.conversations.references.release("turn", "t")
    opened.memories.delete([first.id])
    assert opened.images.path(ref.sha256).is_file()
    opened.memories.delete([second.id])
    assert files(opened.root / "images") == set()


def test_nothing_of_a_forgotten_or_edited_memory_stays(opened: Home, home: Path) -> None:
    ref = shown(opened, "t")
    memory = opened.memories.add("MARKER one", origin="asked", sha256=ref.sha256, caption="MARKER two")
    edited = opened.memories.add("MARKER three", origin="stated")
    vector = unit(np.arange(1, 9).reshape(1, 8))
    opened.memories.keep_vectors("a", [memory], vector)
    opened.conversations.references.release("turn", "t")
    opened.memories.delete([memory.id, "0" * 32])
    opened.memories.edit(edited.id, "other words")
    for file in (path for path in home.rglob("*") if path.is_file()):
        assert b"MARKER" not in file.read_bytes()
        assert vector.astype(np.float16).tobytes() not in file.read_bytes()
        assert ref.sha256 not in file.name


def test_an_unknown_memory_is_an_error_of_ours(opened: Home) -> None:
    for call in (opened.memories.get, lambda id_: opened.memories.edit(id_, "new")):
        with pytest.raises(UnknownMemory):
            call("0" * 32)


@examples(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    actions=st.lists(
        st.tuples(
            st.sampled_from(["ann", "bob"]), st.sampled_from(["add", "edit", "delete", "vector"]), st.integers(0, 3)
        ),
        max_size=20,
    )
)
def test_two_users_never_meet(tmp_path_factory: pytest.TempPathFactory, actions: list[tuple[str, str, int]]) -> None:
    root = tmp_path_factory.mktemp("home")
    stores = {user: ImageStore(root / "images", user, **LIMITS) for user in ("ann", "bob")}
    databases = {user: Conversations(root / "threads.sqlite", user, stores[user]) for user in stores}
    all_of = {user: Memories(base.saver, user, base.references) for user, base in databases.items()}
    expected: dict[str, dict[str, str]] = {"ann": {}, "bob": {}}
    ids: list[str] = []
    for user, action, number in actions:
        memories, mine = all_of[user], expected[user]
        if action == "add":
            memory = memories.add(f"{user} {len(ids)}", origin="written")
            ids.append(memory.id)
            mine[memory.id] = memory.text
        elif ids and (known := ids[number % len(ids)]) in mine:
            if action == "edit":
                mine[known] = memories.edit(known, f"{user} edited {len(mine)}").text
            elif action == "vector":
                memories.keep_vectors("a", [memories.get(known)], unit(np.ones((1, 4))))
            else:
                memories.delete([known])
                del mine[known]
        elif ids and action == "delete":
            memories.delete([known])
        elif ids and action == "edit":
            with pytest.raises(UnknownMemory):
                memories.edit(known, "taken over")
    for user, memories in all_of.items():
        assert {memory.id: memory.text for memory in memories.list()} == expected[user]
        assert memories.vectors("a").keys() <= expected[user].keys()
    for base in databases.values():
        base.close()
