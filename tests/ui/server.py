"""A chat server of its own for a test: a real process, on a free port of this machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Self

import psutil

ROOT = Path(__file__).parents[2]
START_SECONDS = 60


class ChatServer:
    """`vistalk ui` over a data directory; a context manager that ends it.

    Args:
        home: the data directory.
        env: settings, as VISTALK_… variables.
        module: what is run instead of the command line itself.
    """

    def __init__(self, home: Path, env: dict[str, str], module: str = "ui.cli") -> None:
        self._module = module
        self._env = {**os.environ, "VISTALK_HOME": str(home), **env}
        self._log = home.parent / "server.log"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    @property
    def log(self) -> str:
        """All that the server wrote."""
        return self._log.read_text(encoding="utf-8")

    @property
    def memory(self) -> int:
        """Bytes of it that lie in memory now."""
        return int(psutil.Process(self._process.pid).memory_info().rss)

    @property
    def worked(self) -> float:
        """Seconds of processor time that it has used."""
        times = psutil.Process(self._process.pid).cpu_times()
        return float(times.user + times.system)

    def start(self) -> None:
        """Start it, and return when it answers."""
        command = [sys.executable, "-m", self._module, "ui", "--no-browser", "--port", str(self._port)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, env=self._env, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self._healthy():
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=0.05)
            assert self._process.poll() is None, f"the server ended:\n{self.log}"
            assert time.monotonic() < deadline, f"the server does not answer:\n{self.log}"

    def stop(self) -> None:
        """End it as Ctrl-C does, and as a service manager does."""
        self._process.terminate()
        self._process.wait(timeout=30)

    def _healthy(self) -> bool:
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=5)) as connection:
            try:
                connection.request("GET", "/_stcore/health")
                return connection.getresponse().status == 200
            except (OSError, HTTPException):
                return False
