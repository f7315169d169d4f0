"""`vistalk forget` as a person types it."""

from __future__ import annotations

import hashlib
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from memory.home import Home
from runtime.models import model_pool
from runtime.settings import load_settings
from tests.ui.harness import SCRIPT
from tests.ui.shelves import folder_of, install
from tests.ui.terminal import Terminal
from tests.ui.test_cli_threads import said
from ui.door import Door
from ui.librarian import Librarian

if TYPE_CHECKING:
    from collections.abc import Iterator

CODE = "The code of the garden gate is gx81920kq."


@pytest.fixture
def vistalk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    script = tmp_path / "script.toml"
    script.write_text(SCRIPT, encoding="utf-8")
    monkeypatch.setenv("VISTALK_PRESET", "scripted")
    monkeypatch.setenv("VISTALK_SCRIPT", str(script))
    return Terminal(tmp_path)


def test_a_conversation_is_erased_when_the_person_says_so(vistalk: Terminal, home: Path) -> None:
    thread = said(vistalk, CODE, Path(vistalk.picture()))
    asked = vistalk("forget", "--thread", thread, typed="n\n")
    assert (asked.code, thread in asked.err) == (1, True)
    assert len(vistalk("threads", "list", "--json").json) == 1
    done = vistalk("forget", "--thread", thread, "--verify", typed="y\n")
    assert done.code == 0
    assert "none is left" in done.out
    assert vistalk("threads", "list", "--json").json == []
    assert not list((home / "images").rglob("*.png"))


def test_one_turn_of_a_conversation(vistalk: Terminal) -> None:
    thread = said(vistalk, CODE)
    assert vistalk("chat", "--thread", thread, typed="And another thing\n").code == 0
    assert vistalk("forget", "--thread", thread, "--turn", "1", "--yes", "--verify").code == 0
    [left] = vistalk("threads", "list", "--json").json
    assert (left["turns"], left["title"]) == (1, "And another thing")


def test_a_memory_with_json(vistalk: Terminal) -> None:
    memory = vistalk("memory", "add", CODE).out.strip()
    done = vistalk("forget", "--memory", memory, "--verify", "--json", "--yes")
    assert (done.code, done.json["own_files"], done.json["verdict"]["hits"]) == (0, [], [])
    assert done.json["verdict"]["present"] > 0
    assert vistalk("forget", "--memory", memory, "--yes", "--json").code == 1


def test_a_picture_of_the_library_and_the_file_that_stays(
    vistalk: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch)
    folder = folder_of(tmp_path / "shop")
    assert vistalk("index", str(folder)).code == 0
    pictures = vistalk("library", "stats", "--json").json["pictures"]
    digest = hashlib.sha256((folder / "red.png").read_bytes()).hexdigest()
    done = vistalk("forget", "--image", digest, "--yes", "--verify")
    assert done.code == 0
    assert f"stays where it is, and is indexed again with its folder: {folder / 'red.png'}" in done.err
    assert (folder / "red.png").is_file()
    assert vistalk("library", "stats", "--json").json["pictures"] == pictures - 1


def test_what_is_left_is_told_by_file(vistalk: Terminal, home: Path) -> None:
    thread = said(vistalk, CODE)
    (home / "somewhere").write_text(CODE)
    done = vistalk("forget", "--thread", thread, "--yes", "--verify")
    assert done.code == 1
    assert "some are left" in done.out
    assert "somewhere: " in done.out


def test_all_of_a_user_and_everything(vistalk: Terminal, home: Path) -> None:
    said(vistalk, CODE)
    assert vistalk("--user", "bob", "memory", "add", "I am bob and I like tea").code == 0
    assert vistalk("forget", "--user", "bob", "--yes", "--verify").code == 0
    assert vistalk("--user", "bob", "memory", "list", "--json").json == []
    assert vistalk("forget", "--everything", "--yes", "--verify").code == 0
    assert vistalk("threads", "list", "--json").json == []
    assert not (home / "images").exists() or not any((home / "images").rglob("*.png"))


@pytest.mark.parametrize("options", [[], ["--everything", "--memory", "x"], ["--turn", "1", "--everything"]])
def test_one_thing_has_to_be_named(vistalk: Terminal, options: list[str]) -> None:
    done = vistalk("forget", *options, "--yes")
    assert done.code == 1
    assert "Say which one thing is to be erased." in done.err


@pytest.mark.parametrize("alone", [True, False])
def test_it_works_while_the_chat_is_open_and_nothing_is_under_way(vistalk: Terminal, alone: bool) -> None:
    @contextmanager
    def says() -> Iterator[bool]:
        yield alone

    memory = vistalk("memory", "add", CODE).out.strip()
    settings = load_settings()
    with Home.open(settings) as home, closing(Door(Librarian(settings, home, model_pool(settings), says))):
        done = vistalk("forget", "--memory", memory, "--yes", "--verify")
        assert home.memories.count() == (0 if alone else 1)
    assert done.code == (0 if alone else 1)
    assert ("none is left" in done.out) == alone
    assert ("under way" in done.err) != alone
