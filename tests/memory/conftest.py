from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from memory.conversations import Conversations
from memory.images import ImageStore
from tests.memory.pictures import LIMITS, file_of, photo
from tests.memory.projection import opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from memory.library.library import Library


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "images", "ann", **LIMITS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "threads.sqlite"


@pytest.fixture
def ann(path: Path, store: ImageStore) -> Iterator[Conversations]:
    conversations = Conversations(path, "ann", store)
    yield conversations
    conversations.close()


@pytest.fixture
def library(home: Path) -> Iterator[Library]:
    library = opened(home)
    yield library
    library.close()


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Six pictures in a folder and one below it, and a document."""
    folder = tmp_path / "album"
    (folder / "sea").mkdir(parents=True)
    for seed in range(6):
        (folder / ("sea" if seed > 3 else ".") / f"{seed}.png").write_bytes(file_of(photo(seed=seed), "PNG"))
    (folder / "returns.md").write_text("# Returns\n\nYou may return a sofa within thirty days.\n")
    return folder
