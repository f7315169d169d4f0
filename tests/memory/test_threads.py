from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from memory.home import Home
from memory.threads.archive import JSON
from runtime.errors import ArchiveRejected, BadTitle, ImageRejected, VistalkError
from runtime.settings import load_settings
from tests.memory.chats import graph, say, texts
from tests.memory.pictures import file_of, files, photo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from memory.conversations import Conversations
    from memory.provenance import Made

MADE: Made = {"prompt": "a red apple", "seed": 7}


@pytest.fixture
def opened(home: Path) -> Iterator[Home]:
    with Home.open(load_settings(preset="scripted", user="ann")) as opened:
        yield opened


def test_pinned_conversations_come_first_and_lists_are_paged(ann: Conversations) -> None:
    ids = [ann.create(title).id for title in "abcde"]
    ann.pin(ids[1])
    ann.pin(ids[3])
    ann.record_turn(ids[1], title="", thumbnail="")
    assert "".join(thread.title for thread in ann.list()) == "bdeca"
    assert [thread.pinned for thread in ann.list(limit=3)] == [True, True, False]
    assert "".join(thread.title for thread in ann.list(limit=2, offset=1)) == "de"
    ann.pin(ids[1], on=False)
    assert "".join(thread.title for thread in ann.list()) == "dbeca"
    assert ann.list(offset=5) == []


def test_a_new_title(ann: Conversations) -> None:
    thread = ann.create("old")
    ann.rename(thread.id, " A\nnew\x00 one ")
    assert ann.get(thread.id).title == "A new one"
    ann.rename(thread.id, "by the model", instead_of="old")
    assert ann.get(thread.id).title == "A new one"
    ann.rename(thread.id, "by the model", instead_of="A new one")
    assert ann.get(thread.id).title == "by the model"
    with pytest.raises(BadTitle):
        ann.rename(thread.id, " \n\x00")
    assert ann.get(thread.id).title == "by the model"


def found(ann: Conversations, words: str) -> list[str]:
    return [thread.title for thread in ann.search(words)]


def test_conversations_are_found_by_title_and_by_what_was_said(ann: Conversations) -> None:
    threads = {title: ann.create(title) for title in ("Holiday in Norway", "Work", "Nothing")}
    say(ann, threads["Work"], "Where did we go on our holidays?")
    say(ann, threads["Nothing"], "我们的沙发可以退货吗？")
    assert found(ann, "holiday") == ["Holiday in Norway", "Work"]
    assert found(ann, "退货") == ["Nothing"]
    assert found(ann, "norway") == ["Holiday in Norway"]
    assert found(ann, "") == found(ann, "the of") == found(ann, "zebra") == []
    assert found(ann, '"norway OR * NEAR(') == ["Holiday in Norway"]
    assert [thread.title for thread in ann.search("holiday", limit=1)] == ["Holiday in Norway"]


def test_the_search_follows_what_is_said_renamed_and_deleted(ann: Conversations, path: Path) -> None:
    thread = ann.create("first")
    assert found(ann, "first") == ["first"]
    say(ann, thread, "A zebra.")
    assert found(ann, "zebra") == ["first"]
    ann.rename(thread.id, "second")
    assert (found(ann, "first"), found(ann, "second")) == ([], ["second"])
    kept = ann.create("kept zebra")
    assert found(ann, "zebra") == ["kept zebra", "second"]
    ann.rename(thread.id, "MARKERS")
    assert found(ann, "markers") == ["MARKERS"]
    ann.delete(thread.id)
    assert found(ann, "zebra") == [ann.get(kept.id).title]
    for file in (file for file in path.parent.iterdir() if file.is_file()):
        assert b"marker" not in file.read_bytes().lower()


def spoken(home: Home) -> str:
    """A conversation with an upload of each kind, a drawing and a reply that was kept with details."""
    conversations, thread = home.conversations, home.conversations.create("Apples").id
    png = home.images.add(file_of(photo(seed=1), "PNG"), handle="img1", name="a.png")
    jpeg = home.images.add(file_of(photo(seed=2), "JPEG"), handle="img2", name="b.jpg")
    drawn = home.drawings.add(photo(seed=3), MADE, handle="img3", thread=thread)
    uploads = [png.to_dict(), jpeg.to_dict()]
    steps = [{"images": ["img3"], "tool": "generate_image", "drawn": True}]
    for values in (
        {"messages": [HumanMessage("These?", additional_kwargs={"images": uploads})], "images": uploads},
        {"messages": [AIMessage("Apples.", additional_kwargs={"steps": [], "confidence": 0.5})]},
        {"messages": [HumanMessage("Draw 画 one", additional_kwargs={"images": []})]},
        {
            "messages": [AIMessage("Here.", additional_kwargs={"steps": steps})],
            "images": [*uploads, drawn.to_dict()],
        },
    ):
        graph(conversations).update_state(conversations.config(thread), values, as_node="reply")
    for _ in range(2):
        conversations.record_turn(thread, title="", thumbnail=png.sha256)
    return thread


def exported(home: Home, thread: str) -> bytes:
    target = io.BytesIO()
    home.conversations.export(thread, target)
    return target.getvalue()


def state(home: Home, thread: str) -> dict[str, Any]:
    return dict(graph(home.conversations).get_state(home.conversations.config(thread)).values)


def plain(home: Home, thread: str) -> Any:
    """All that is shown of a conversation: pictures as pixels, where no lossy format stands between."""
    values = state(home, thread)
    images = {image["handle"]: image for image in values["images"]}
    shown = {
        handle: (image["name"], image["mime"], image["width"], home.drawings.made(image["sha256"]))
        for handle, image in images.items()
    }
    exact = [home.images.open(images[handle]["sha256"]).tobytes() for handle in images if handle != "img2"]
    said = []
    for message in values["messages"]:
        details = {**message.additional_kwargs}
        said.append((message.text, [image["handle"] for image in details.pop("images", [])], details))
    row = home.conversations.get(thread)
    return said, shown, exact, row.title, row.turns, row.created, row.updated


def test_a_conversation_is_the_same_elsewhere(opened: Home) -> None:
    thread = spoken(opened)
    before, data = plain(opened, thread), exported(opened, thread)
    opened.close()
    with Home.open(load_settings(preset="scripted", user="bob")) as other:
        taken = other.conversations.import_(io.BytesIO(data), lambda _: None)
        assert plain(other, taken.id) == before
        assert taken.user == "bob"
        assert other.drawings.count() == 1
        again = exported(other, taken.id)
        assert texts(say(other.conversations, taken, "And?"))[-2:] == ["And?", "You said And?"]
        assert [branch.count for branch in other.conversations.tree(taken.id).branches(2)] == [1, 1]
        assert plain(other, other.conversations.import_(io.BytesIO(again), lambda _: None).id)[1] == before[1]
        for listed in other.conversations.list():
            other.conversations.delete(listed.id)
        assert other.images.stored() == {drawn.sha256 for drawn in other.drawings.list()}


def test_the_zip_is_for_people_too(opened: Home) -> None:
    thread = spoken(opened)
    with zipfile.ZipFile(io.BytesIO(exported(opened, thread))) as archive:
        assert set(archive.namelist()) == {
            *("conversation.json", "conversation.md", "pictures/img1.png", "pictures/img2.jpg", "pictures/img3.png")
        }
        markdown = archive.read("conversation.md").decode()
        assert archive.read("pictures/img3.png") == opened.images.path(opened.drawings.list()[0].sha256).read_bytes()
    lines = [line for line in markdown.splitlines() if line]
    assert lines[0] == "# Apples"
    assert lines[2:] == [
        *("## You", "![img1](pictures/img1.png)", "![img2](pictures/img2.jpg)", "These?", "## vistalk", "Apples."),
        *("## You", "Draw 画 one", "## vistalk", "![img3](pictures/img3.png)", "Here."),
    ]


def test_a_picture_whose_file_is_gone_does_not_keep_the_rest_from_being_exported(opened: Home) -> None:
    thread = spoken(opened)
    opened.images.delete(state(opened, thread)["images"][0]["sha256"])
    taken = opened.conversations.import_(io.BytesIO(exported(opened, thread)), lambda _: None)
    images = state(opened, taken.id)["images"]
    assert [image["handle"] for image in images] == ["img1", "img2", "img3"]
    assert [image["sha256"] in opened.images.stored() for image in images] == [False, True, True]


def test_an_empty_conversation(opened: Home) -> None:
    data = exported(opened, opened.conversations.create("Empty").id)
    taken = opened.conversations.import_(io.BytesIO(data), lambda _: None)
    assert (taken.title, taken.turns) == ("Empty", 0)
    assert state(opened, taken.id) == {}


def rewritten(data: bytes, change: Callable[[dict[str, Any], dict[str, bytes]], object]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    whole = json.loads(members.pop(JSON))
    change(whole, members)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(JSON, json.dumps(whole))
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


CHANGES: dict[str, Callable[[dict[str, Any], dict[str, bytes]], object]] = {
    "another version": lambda whole, _: whole.update(version=2),
    "an unknown field": lambda whole, _: whole.update(extra=1),
    "a path as a handle": lambda whole, _: whole["pictures"][0].update(handle="../img1"),
    "a path as a digest": lambda whole, _: whole["pictures"][0].update(sha256="../" + "0" * 61),
    "two of a handle": lambda whole, _: whole["pictures"][1].update(handle="img1"),
    "a picture that nobody has": lambda whole, _: whole["messages"][0]["images"].append("img9"),
    "a reply first": lambda whole, _: whole["messages"].pop(0),
    "no prompt": lambda whole, _: whole["pictures"][2]["made"].pop("prompt"),
    "not a number": lambda whole, _: whole["pictures"][2]["made"].update(seed=float("nan")),
    "a time of nowhere": lambda whole, _: whole.update(created="2026-01-01T00:00:00"),
    "a missing file": lambda _, members: members.pop("pictures/img3.png"),
    "details that cannot be shown": lambda whole, _: whole["messages"][1]["details"].update(bad=True),
    "a file that is no picture": lambda _, members: members.update({"pictures/img3.png": b"GIF89a" * 9}),
    "a step with a picture that is not there": lambda whole, _: whole["messages"][1]["details"].update(
        steps=[{"images": ["img9"]}]
    ),
    "steps that are none": lambda whole, _: whole["messages"][1]["details"].update(steps=[1]),
}


def refuse(details: dict[str, Any]) -> None:
    if "bad" in details or not all(isinstance(step, dict) for step in details.get("steps", [])):
        raise ValueError("it is bad")


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_not_as_it_should_be_is_refused_and_leaves_nothing(opened: Home, home: Path, change: str) -> None:
    thread = spoken(opened)
    data = rewritten(exported(opened, thread), CHANGES[change])
    opened.conversations.delete(thread)
    opened.drawings.delete(opened.drawings.list()[0].sha256)
    with pytest.raises((ArchiveRejected, ImageRejected)):
        opened.conversations.import_(io.BytesIO(data), refuse)
    assert opened.conversations.list() == []
    assert opened.drawings.count() == 0
    assert files(home / "images") == set()
    assert opened.conversations.saver.conn.execute("SELECT count(*) FROM checkpoints, links").fetchone() == (0,)


@pytest.mark.parametrize("data", [b"", b"PK\x05\x06" + bytes(18), b"hello" * 100])
def test_what_is_no_archive_is_refused(opened: Home, data: bytes) -> None:
    with pytest.raises(ArchiveRejected):
        opened.conversations.import_(io.BytesIO(data), lambda _: None)


def test_any_damaged_byte_is_refused_or_harmless(opened: Home) -> None:
    data = exported(opened, spoken(opened))
    for at in range(0, len(data), max(1, len(data) // 60)):
        damaged = data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]
        before = len(opened.conversations.list())
        try:
            opened.conversations.import_(io.BytesIO(damaged), refuse)
        except VistalkError:
            assert len(opened.conversations.list()) == before


def test_a_bomb_is_not_unpacked(opened: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("memory.threads.taking_in.MAX_JSON", 1_000)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(JSON, b" " * 1_001)
    with pytest.raises(ArchiveRejected, match="too large"):
        opened.conversations.import_(target, lambda _: None)
