"""Each test that takes `model` or `folder` runs for every class of the presets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.pool import ModelPool
from runtime.vlm.chat import LocalVisionChatModel
from tests.runtime.stage import open_model
from tests.runtime.tiny import BUILDERS, build


@pytest.fixture(scope="session", params=BUILDERS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="session")
def model(folder: Path) -> Iterator[LocalVisionChatModel]:
    pool = ModelPool(budget=2 * 2**30)
    yield open_model(pool, folder)
    pool.close()
