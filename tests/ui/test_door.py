from __future__ import annotations

import json
import socket
import stat
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memory.library.records import FolderStats, Outcome, Progress, Stats
from memory.lock import DataLock
from runtime.errors import LibraryEmpty, SetupError, VistalkError
from runtime.settings import Settings, load_settings
from tests.ui.shelves import LONG, ask
from ui import door as doors
from ui.door import FILE, LONGEST_REQUEST, MOST_VISITORS, Door
from ui.librarian import Comparing, Counting, Indexing, Librarian, Removing

HELD = Stats(3, 2, 1, 0, (FolderStats(Path("/a\nb/\udcff"), 3, 1, 0, True),), "one", "two", 99)


class Shelf:
    """A library whose indexing lasts until it is cancelled or let go."""

    def __init__(self) -> None:
        self.started, self.go, self.cancelled = threading.Event(), threading.Event(), threading.Event()
        self.asked: list[Any] = []

    def index(self, paths: Sequence[Path], *_: Any, cancel: threading.Event, report: Any, **more: Any) -> Outcome:
        self.asked.append((paths, more["again"]))
        report(Progress(1, 2, 1, 0, 0, 0, 0, "/a"))
        self.started.set()
        while not cancel.wait(0.01) and not self.go.is_set():
            pass
        if cancel.is_set():
            self.cancelled.set()
        return Outcome(1, 2, 1, 0, 0, 0, 0, (), 0.5, cancel.is_set())

    def stats(self) -> Stats:
        return HELD

    def remove(self, path: Path) -> int:
        raise LibraryEmpty(f"Nothing of {path.name} is here.", hint="Index it.")

    def duplicates(self, threshold: float) -> list[Any]:
        raise RuntimeError(f"secret {threshold}")


@pytest.fixture
def own(home: Path) -> Settings:
    home.mkdir()
    return load_settings(preset="scripted")


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def owner(own: Settings, shelf: Shelf) -> Iterator[Door]:
    """This process has the data directory, and its door is open."""
    librarian = cast("Librarian", SimpleNamespace(settings=own, library=shelf, encoder=None, passages=None))
    lock = DataLock(own.home)
    opened = Door(librarian)
    yield opened
    opened.close()
    lock.release()


@pytest.fixture
def address(owner: Door, own: Settings) -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads((own.home / FILE).read_bytes()))


def request(address: dict[str, Any], own: Settings, command: str = "stats", **arguments: Any) -> dict[str, Any]:
    return {
        "token": address["token"],
        "settings": doors.shared(own),
        "command": command,
        "arguments": arguments,
    }


def say(address: dict[str, Any], sent: bytes) -> list[dict[str, Any]]:
    """All that the door answers to these bytes."""
    with socket.create_connection(("127.0.0.1", address["port"]), LONG) as visitor:
        try:
            visitor.sendall(sent)
            if not sent.endswith(b"\n"):
                visitor.shutdown(socket.SHUT_WR)
            heard = b"".join(iter(lambda: visitor.recv(2**16), b""))
        except OSError:  # hung up on while it was still speaking
            return [{"event": "refused"}]
    return [json.loads(line) for line in heard.splitlines()]


def test_the_file_is_its_owners_alone_and_goes_with_the_door(owner: Door, own: Settings) -> None:
    file = own.home / FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert set(json.loads(file.read_bytes())) == {"port", "token"}
    owner.close()
    assert not file.exists()


def test_each_door_has_its_own_token(owner: Door, own: Settings, shelf: Shelf, address: dict[str, Any]) -> None:
    librarian = cast("Librarian", SimpleNamespace(settings=own, library=shelf))
    with closing(Door(librarian)):
        assert json.loads((own.home / FILE).read_bytes())["token"] != address["token"]


@pytest.mark.usefixtures("owner")
def test_what_is_asked_comes_back_as_it_was(own: Settings) -> None:
    assert ask(own, Counting()) == (HELD, [])


@pytest.mark.usefixtures("owner")
def test_progress_comes_through_and_then_the_outcome(own: Settings, shelf: Shelf) -> None:
    shelf.go.set()
    paths = (Path("/a\nb/\udcff"), Path("/c"))
    outcome, told = ask(own, Indexing(paths=paths, again=True))
    assert shelf.asked == [(paths, True)]
    assert outcome == Outcome(1, 2, 1, 0, 0, 0, 0, (), 0.5, False)
    assert told == [Progress(1, 2, 1, 0, 0, 0, 0, "/a")]


@pytest.mark.usefixtures("owner")
def test_an_error_of_ours_comes_through_and_any_other_is_not_told(own: Settings) -> None:
    with pytest.raises(VistalkError) as ours:
        ask(own, Removing(path=Path("/x/y")))
    assert (ours.value.message, ours.value.hint) == ("Nothing of y is here.", "Index it.")
    with pytest.raises(VistalkError, match="Something unexpected happened: RuntimeError") as other:
        ask(own, Comparing(threshold=0.9))
    assert "secret" not in str(other.value)


@pytest.mark.parametrize("changed", [{"user": "other"}, {"preset": "pocket"}, {"encoder": "/other"}])
@pytest.mark.usefixtures("owner")
def test_other_settings_than_the_owners_are_refused(own: Settings, changed: dict[str, str]) -> None:
    with pytest.raises(VistalkError, match=f"has another {next(iter(changed))}"):
        ask(own.model_copy(update=changed), Counting())


WRONG = ["", "f" * 64, "é", "\ud800"]


@pytest.mark.parametrize("token", WRONG)
def test_a_wrong_token_is_refused(address: dict[str, Any], own: Settings, token: str) -> None:
    asked = {**request(address, own), "token": token}
    assert say(address, json.dumps(asked).encode() + b"\n") == [{"event": "refused"}]


MALFORMED = {
    "nothing": b"\n",
    "a browser": b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "no object": b"[]\n",
    "too little": b'{"token": "x"}\n',
    "deep": b"[" * 100_000 + b"\n",
    "no end": b'{"token": "x"',
    "no text": b"\xff\xfe\n",
    "too long": b'{"token": "' + b"x" * LONGEST_REQUEST + b'"}\n',
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_request_is_refused_and_the_next_is_answered(
    address: dict[str, Any], own: Settings, name: str
) -> None:
    assert say(address, MALFORMED[name]) == [{"event": "refused"}]
    assert ask(own, Counting())[0] == HELD


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_get_in(address: dict[str, Any], sent: bytes) -> None:
    assert say(address, sent + b"\n") == [{"event": "refused"}]


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("stats", {"more": 1}),
        ("search", {"top": 0}),
        ("search", {"top": 10**9}),
        ("duplicates", {"threshold": "high"}),
        ("remove", {}),
        ("quit", {}),
    ],
)
def test_one_who_knows_the_token_is_told_what_is_not_understood(
    address: dict[str, Any], own: Settings, command: str, arguments: dict[str, Any]
) -> None:
    welcome, error = say(address, json.dumps(request(address, own, command, **arguments)).encode() + b"\n")
    assert welcome == {"event": "welcome"}
    assert error["event"] == "error"
    assert "does not understand" in error["message"]


def test_only_so_many_are_let_in_at_once(address: dict[str, Any], own: Settings) -> None:
    with ExitStack() as visitors:
        asked = json.dumps(request(address, own, "index")).encode() + b"\n"
        for _ in range(MOST_VISITORS):
            visitor = visitors.enter_context(socket.create_connection(("127.0.0.1", address["port"]), LONG))
            visitor.sendall(asked)
            assert visitor.recv(20).startswith(b'{"event": "welcome"')
        assert say(address, asked) in ([], [{"event": "refused"}])


def test_a_client_that_dies_stops_its_indexing(address: dict[str, Any], own: Settings, shelf: Shelf) -> None:
    visitor = socket.create_connection(("127.0.0.1", address["port"]), LONG)
    visitor.sendall(json.dumps(request(address, own, "index")).encode() + b"\n")
    assert shelf.started.wait(LONG)
    visitor.close()
    assert shelf.cancelled.wait(LONG)
    assert ask(own, Counting())[0] == HELD


@pytest.mark.usefixtures("owner")
def test_cancelling_stops_the_owner_and_brings_the_outcome(own: Settings, shelf: Shelf) -> None:
    cancel = threading.Event()
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(ask, own, Indexing(), cancel)
        assert shelf.started.wait(LONG)
        cancel.set()
        assert asked.result(LONG)[0].cancelled
    assert shelf.cancelled.is_set()


def test_closing_stops_what_is_under_way(owner: Door, address: dict[str, Any], own: Settings, shelf: Shelf) -> None:
    with socket.create_connection(("127.0.0.1", address["port"]), LONG) as visitor:
        visitor.sendall(json.dumps(request(address, own, "index")).encode() + b"\n")
        assert shelf.started.wait(LONG)
        owner.close()
        assert shelf.cancelled.is_set()
        heard = b"".join(iter(lambda: visitor.recv(2**16), b""))
    assert b'"event": "done"' not in heard  # so that they know to go on by themselves


def test_a_disk_that_refuses_leaves_no_door_open(own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, data: bytes) -> None:
        raise SetupError("no")

    monkeypatch.setattr(doors, "write_whole", refuse)
    before = threading.active_count()
    with pytest.raises(SetupError):
        Door(cast("Librarian", SimpleNamespace(settings=own)))
    assert threading.active_count() == before
