from __future__ import annotations

import re
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from memory.lock import DataLock
from tests.ui.terminal import SLOW_WORDS, Terminal


@pytest.fixture
def vistalk(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


@contextmanager
def process(vistalk: Terminal, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A running command, killed where the test did not end it."""
    with vistalk.start(*arguments) as running:
        try:
            yield running
        finally:
            running.kill()


def until(stream: IO[str] | None, text: str) -> str:
    """Read a stream until the text has come."""
    assert stream is not None
    seen = ""
    while text not in seen:
        character = stream.read(1)
        assert character, f"{text!r} never came; this did: {seen!r}"
        seen += character
    return seen


def test_ctrl_c_stops_an_answer_and_keeps_it(vistalk: Terminal) -> None:
    with process(vistalk, "ask", "Go slowly.") as running:
        said = until(running.stdout, "word3")
        running.send_signal(signal.SIGINT)
        rest, err = running.communicate()
        assert running.returncode == 130
    words = (said + rest).removesuffix("\n")
    assert SLOW_WORDS.startswith(words)
    assert "stopped, confidence 90%" in err
    thread = re.search("thread ([0-9a-f]{32})", err)
    assert thread
    history = vistalk("chat", "--thread", thread[1])
    assert history.out == f"{words}\n"


def test_ctrl_c_stops_an_answer_and_stays_in_the_chat(vistalk: Terminal) -> None:
    with process(vistalk, "chat") as running:
        assert running.stdin is not None
        running.stdin.write("Go slowly.\n")
        running.stdin.flush()
        until(running.stdout, "word3")
        running.send_signal(signal.SIGINT)
        until(running.stderr, "stopped")
        running.stdin.write("/help\n")  # its text shows that the turn is over and the next line is waited for
        running.stdin.flush()
        until(running.stdout, "Ctrl-C stops an answer.")
        running.send_signal(signal.SIGINT)
        until(running.stderr, "Ctrl-D leaves.")
        out, _ = running.communicate("/new\nHi.\n")
        assert running.returncode == 0
        assert out.endswith("Hello there.\n")


def test_a_second_process_is_told_who_has_the_data_directory(vistalk: Terminal, home: Path) -> None:
    with process(vistalk, "chat") as first:
        assert first.stdin is not None
        first.stdin.write("Hi.\n")
        first.stdin.flush()
        until(first.stdout, "Hello there.\n")
        for arguments in (["ask", "Hi."], ["plan", "Hi."], ["chat"], ["chat", "--list"], ["ui"]):
            second = vistalk(*arguments)
            assert (second.code, second.out) == (1, "")
            assert second.err.startswith(f"{home} is in use by another vistalk (process {first.pid}).\n")
        first.communicate("/quit\n")
        assert first.returncode == 0
    DataLock(home).release()


def test_the_page_is_served_on_this_machine_until_ctrl_c(vistalk: Terminal) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with process(vistalk, "ui", "--no-browser", "--port", str(port)) as running:
        assert until(running.stdout, "\n") == f"vistalk is open at http://127.0.0.1:{port} (Ctrl-C ends it)\n"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health") as answer:
            assert answer.read() == b"ok"
        running.send_signal(signal.SIGINT)
        out, err = running.communicate()
        assert running.returncode == 0
        assert "Traceback" not in out + err


def test_a_port_in_use_is_told(vistalk: Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = vistalk("ui", "--port", str(port))
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"Port {port} of 127.0.0.1 cannot be used: ")
    assert "--port" in done.err
