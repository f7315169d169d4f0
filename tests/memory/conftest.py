from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from memory.conversations import Conversations
from memory.images import ImageStore
from tests.memory.pictures import LIMITS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "images", "ann", **LIMITS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "threads.sqlite"


@pytest.fixture
def ann(path: Path) -> Iterator[Conversations]:
    conversations = Conversations(path, "ann")
    yield conversations
    conversations.close()
