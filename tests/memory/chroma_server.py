"""A real Chroma server on this machine, for tests."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 60.0


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Its address, as soon as it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    chroma = str(Path(sys.executable).with_name("chroma"))
    command = [chroma, "run", "--host", "127.0.0.1", "--port", port, "--path", str(folder)]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        ready, said = threading.Event(), list[str]()
        reader = threading.Thread(target=_read, args=(process.stdout, ready, said))
        reader.start()
        try:
            assert ready.wait(PATIENCE), "".join(said)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
            reader.join()


def _read(output: IO[str], ready: threading.Event, said: list[str]) -> None:
    """To the end: a server whose log nobody reads stops in the middle of a request."""
    for line in output:
        said.append(line)
        if "listening on" in line.lower():
            ready.set()
