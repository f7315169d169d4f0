"""A folder of data for the tests of formats."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.evals.data_files import PIXELS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the pictures a.png beside the data and b.png, deep/c.png under images."""
    folder = tmp_path / "data"
    (folder / "images" / "deep").mkdir(parents=True)
    for name in ("a.png", "images/b.png", "images/deep/c.png"):
        (folder / name).write_bytes(PIXELS + name.encode())
    return folder
