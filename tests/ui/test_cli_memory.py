"""`vistalk memory` as a person types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ui.terminal import Terminal


@pytest.fixture
def vistalk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("VISTALK_PRESET", "scripted")
    return Terminal(tmp_path)


def texts(vistalk: Terminal, *arguments: str) -> list[str]:
    return [memory["text"] for memory in vistalk("memory", "list", "--json", *arguments).json]


def test_memories_are_written_down_listed_found_changed_and_forgotten(vistalk: Terminal) -> None:
    assert "Nothing is remembered yet." in vistalk("memory", "list").err
    told = ("My dog is called Rex", "我喜欢喝普洱茶", "Bins on Friday")
    ids = [vistalk("memory", "add", text).out.strip() for text in told]
    assert texts(vistalk) == ["Bins on Friday", "我喜欢喝普洱茶", "My dog is called Rex"]
    assert texts(vistalk, "--limit", "1") == ["Bins on Friday"]
    assert texts(vistalk, "--search", "dogs") == ["My dog is called Rex"]
    assert texts(vistalk, "--search", "普洱") == ["我喜欢喝普洱茶"]
    assert "Nothing was found." in vistalk("memory", "list", "--search", "zebra").err
    shown = vistalk("memory", "list").out
    assert all(id_ in shown for id_ in ids)
    assert vistalk("memory", "edit", ids[0], "My dog is called Max").code == 0
    assert vistalk("memory", "forget", ids[1], ids[2]).code == 0
    assert texts(vistalk) == ["My dog is called Max"]


@pytest.mark.parametrize("command", [("edit", "x"), ("forget",)])
def test_an_unknown_memory_is_said_to_be_unknown(vistalk: Terminal, command: tuple[str, ...]) -> None:
    kept = vistalk("memory", "add", "I like tea").out.strip()
    ended = vistalk("memory", command[0], *((kept,) if command[0] == "forget" else ()), "0" * 32, *command[1:])
    assert ended.code == 1
    assert "There is no such memory." in ended.err
    assert texts(vistalk) == ["I like tea"]
