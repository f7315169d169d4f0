from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from memory.home import Home
from memory.lock import DataLock
from runtime.errors import DataDirectoryBusy
from runtime.models import model_pool
from runtime.settings import Settings, load_settings
from tests.ui.shelves import LONG, ask, folder_of, install, paint
from tests.ui.terminal import ROOT, Terminal
from ui.desk import open_desk
from ui.door import FILE, Door
from ui.librarian import Comparing, Counting, Indexing, Librarian, Removing, Searching


@pytest.fixture
def own(home: Path) -> Settings:
    home.mkdir()
    return load_settings(preset="scripted")


@pytest.mark.parametrize(
    "left",
    [b"", b"{}", b"[]", b"null", b'{"port": 1, "token": "x"}', b'{"port": 99999999, "token": "x"}', b"\xff", None],
)
def test_a_busy_directory_without_a_door_is_told(own: Settings, left: bytes | None) -> None:
    lock = DataLock(own.home)
    if left is not None:
        (own.home / FILE).write_bytes(left)
    with pytest.raises(DataDirectoryBusy):
        ask(own, Counting())
    lock.release()


def test_a_door_left_by_a_dead_process_leads_nowhere(own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its port may belong to any program by now, which may say anything, or nothing."""
    monkeypatch.setattr("ui.visitor.SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        (own.home / FILE).write_text(json.dumps({"port": stranger.getsockname()[1], "token": "x"}), encoding="ascii")
        with Home.open(own):
            pass  # whoever opens it does not care
        lock = DataLock(own.home)
        with pytest.raises(DataDirectoryBusy):
            ask(own, Counting())
        lock.release()


@contextmanager
def another_process(home: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the data directory and its door open, and encodes for ever."""
    command = [sys.executable, "-m", "tests.ui.shelves"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    env = {**os.environ, "VISTALK_HOME": str(home), "VISTALK_PRESET": "scripted"}
    with subprocess.Popen(command, cwd=ROOT, env=env, **pipes) as running:
        try:
            assert running.stdout is not None
            assert running.stdout.readline() == "open\n"
            yield running
        finally:
            running.kill()


def test_where_the_owner_is_killed_the_rest_is_done_here(
    own: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folder_of(tmp_path / "shop")
    install(monkeypatch)
    with another_process(own.home) as running, ThreadPoolExecutor() as pool:
        asked = pool.submit(ask, own, Indexing(paths=(folder,)))
        assert running.stdout is not None
        assert running.stdout.readline() == "encoding\n"
        running.kill()
        outcome, _ = asked.result(LONG)
    assert outcome.new == 5
    assert "has ended; the rest is done here" in capsys.readouterr().err
    assert ask(own, Counting())[0].pictures == 4


def test_the_owner_and_a_command_index_the_same_library(
    own: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch)
    folder = folder_of(tmp_path / "shop")
    pool = model_pool(own)
    with Home.open(own) as home, closing(Door(Librarian(own, home, pool))):
        outcome, _ = ask(own, Indexing(paths=(folder,)))
        assert outcome.new == 5
        paint(folder / "red2.png", "red", 50)
        assert ask(own, Indexing())[0].unchanged == 5
        found, _ = ask(own, Searching(image=folder / "red2.png", top=2))
        assert sorted(hit.picture.path.name for hit in found.pictures) == ["red.png", "red2.png"]
        assert home.library.count() == 5
        passages, _ = ask(own, Searching(words="thirty days", documents=True, top=1))
        assert passages.passages[0].passage.heading == "Rules › Returns"
        assert len(ask(own, Comparing())[0]) == 1
        assert ask(own, Removing(path=folder / "red2.png"))[0] == 1
    assert ask(own, Counting())[0].pictures == 4  # and now without a door


def test_commands_work_while_the_terminal_chat_is_open(tmp_path: Path, home: Path) -> None:
    vistalk = Terminal(tmp_path)
    with vistalk.start("chat") as running:
        try:
            assert running.stdin is not None
            assert running.stdout is not None
            running.stdin.write("Hi.\n")
            running.stdin.flush()
            assert running.stdout.readline() == "Hello there.\n"
            done = vistalk("library", "stats", "--json")
            assert (done.code, done.json["pictures"]) == (0, 0)
            refused = vistalk.plain("library", "stats")  # with another preset
            assert refused.code == 1
            assert "has another preset: scripted, not pocket" in refused.err
            running.communicate("/quit\n", timeout=LONG)
            assert running.returncode == 0
        finally:
            running.kill()
    assert not (home / FILE).exists()


@pytest.mark.usefixtures("chat")
def test_commands_work_while_the_page_is_open(tmp_path: Path, home: Path) -> None:
    with pytest.raises(DataDirectoryBusy):
        DataLock(home)
    done = Terminal(tmp_path)("library", "stats", "--json")
    assert (done.code, done.json["pictures"]) == (0, 0)
    open_desk.clear()
    assert not (home / FILE).exists()
    DataLock(home).release()
