from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.sqlite import SqliteSaver

from memory.chains import Chains
from memory.conversations import Conversations
from runtime.errors import DiskFull
from tests.memory.chats import graph, graph_over, say, texts

if TYPE_CHECKING:
    from pathlib import Path

    from memory.images import ImageStore


def rows(ann: Conversations) -> int:
    return int(ann.saver.conn.execute("SELECT count(*) FROM links").fetchone()[0])


def put(ann: Conversations, chains: Chains, items: list[Any], thread: str = "t") -> bytes:
    with ann.saver.cursor() as cursor:
        return chains.put(cursor, thread, items)


def get(ann: Conversations, chains: Chains, name: bytes, thread: str = "t") -> list[Any]:
    with ann.saver.cursor() as cursor:
        return chains.get(cursor, thread, name)


@given(st.lists(st.tuples(st.integers(0, 6), st.lists(st.integers(0, 2), max_size=3)), min_size=1, max_size=8))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_lists_come_back_and_what_they_share_is_stored_once(
    ann: Conversations, edits: list[tuple[int, list[int]]]
) -> None:
    chains = Chains(ann.saver.serde)
    items: list[Any] = [{"first": True}]
    kept: dict[bytes, list[Any]] = {}
    for cut, added in edits:
        items = [*items[: max(1, cut)], *({"number": number} for number in added)]
        kept[put(ann, chains, items)] = items
    beginnings = {repr(items[:end]) for items in kept.values() for end in range(1, len(items) + 1)}
    assert rows(ann) == len(beginnings)
    chains.forget()
    assert {name: get(ann, chains, name) for name in kept} == kept
    with ann.saver.cursor() as cursor:
        chains.drop(cursor, "t")
    assert rows(ann) == 0


def test_conversations_share_nothing(ann: Conversations) -> None:
    chains = Chains(ann.saver.serde)
    assert put(ann, chains, ["a"], "one") == put(ann, chains, ["a"], "two")
    assert rows(ann) == 2
    with ann.saver.cursor() as cursor:
        chains.drop(cursor, "one")
    assert get(ann, chains, put(ann, chains, ["a"], "two"), "two") == ["a"]


def test_what_a_turn_adds_does_not_grow(ann: Conversations) -> None:
    thread = ann.create()
    added = []
    for number in range(60):
        before = stored(ann)
        say(ann, thread, f"number {number:04}")
        added.append(stored(ann) - before)
    assert max(added[40:]) < 1.05 * min(added[5:20])
    assert len(texts(say(ann, thread, "all there?"))) == 122


def stored(ann: Conversations) -> int:
    """Bytes of all values."""
    tables = {"checkpoints": "checkpoint", "writes": "value", "links": "value"}
    return sum(
        ann.saver.conn.execute(f"SELECT coalesce(sum(length({column})), 0) FROM {table}").fetchone()[0]  # noqa: S608
        for table, column in tables.items()
    )


def test_every_checkpoint_still_holds_what_it_held(ann: Conversations) -> None:
    thread = ann.create()
    for number in range(4):
        say(ann, thread, f"{number}")
    kept = [found.checkpoint["channel_values"] for found in ann.saver.list(ann.config(thread.id))]
    lengths = [len(values.get("messages", [])) for values in kept]
    assert lengths == sorted(lengths, reverse=True)
    assert {2, 4, 6, 8} <= set(lengths)


def test_a_replaced_message_leaves_the_earlier_checkpoints_as_they_were(ann: Conversations) -> None:
    thread, config = ann.create(), None
    state = say(ann, thread, "hello")
    config = graph(ann).get_state(ann.config(thread.id)).config
    reply = state["messages"][-1].model_copy(update={"content": "Better."})
    graph(ann).update_state(ann.config(thread.id), {"messages": [reply]}, as_node="reply")
    assert texts(dict(graph(ann).get_state(ann.config(thread.id)).values)) == ["hello", "Better."]
    assert texts(dict(graph(ann).get_state(config).values)) == ["hello", "You said hello"]


def test_a_list_that_was_returned_can_be_changed(ann: Conversations) -> None:
    thread = ann.create()
    say(ann, thread, "hello")["messages"].clear()
    assert texts(say(ann, thread, "again"))[0] == "hello"


def test_checkpoints_from_before_are_readable_and_continued(ann: Conversations) -> None:
    thread = ann.create()
    old = SqliteSaver(ann.saver.conn, serde=ann.saver.serde)
    for text in ("one", "two"):
        graph_over(old).invoke({"messages": [HumanMessage(text)], "images": [], "last": None}, ann.config(thread.id))
    assert rows(ann) == 0
    assert texts(say(ann, thread, "three")) == [
        *("one", "You said one", "two", "You said two", "three", "You said three")
    ]
    assert [type(m) for m in say(ann, thread, "four")["messages"][-2:]] == [HumanMessage, AIMessage]
    assert rows(ann) == 9  # eight messages and a picture


def test_what_a_failed_transaction_took_back_is_written_again(
    ann: Conversations, path: Path, store: ImageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread = ann.create()
    say(ann, thread, "hello")
    with monkeypatch.context() as patched:

        def full(*_: object) -> None:
            raise DiskFull

        patched.setattr(SqliteSaver, "put", full)
        with pytest.raises(DiskFull):
            say(ann, thread, "lost")
    before = rows(ann)
    said = texts(say(ann, thread, "kept"))
    assert said == ["hello", "You said hello", "kept", "You said kept"]
    assert rows(ann) == before + 2
    again = Conversations(path, "ann", store)
    assert texts(dict(graph(again).get_state(ann.config(thread.id)).values)) == said
    again.close()
