"""The same task on a cluster of two workers on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from evals.engine_ray import cluster
from evals.engines import STEADY, Pace
from evals.records import Run
from evals.runner import Plan, resume, run
from runtime.errors import BadSetting
from runtime.settings import Settings
from tests.evals.test_pace import Killed, checkpoint, data, quiet, said, scripted, tiny

__all__ = ["checkpoint", "data", "scripted", "tiny"]
if not find_spec("ray"):  # imported here, it would not have read what it is told first
    pytest.skip("the extra `ray` is not installed", allow_module_level=True)
ON_RAY = Pace(batch=2, engine="ray")


@pytest.fixture(scope="module", autouse=True)
def ray() -> Iterator[Any]:
    """One cluster for all tests: runs use the one that is there."""
    with cluster(2) as (ray, _):
        yield ray


def test_it_is_this_machine_alone_with_two_workers(ray: Any) -> None:
    (node,) = ray.nodes()
    assert node["NodeManagerAddress"] == "127.0.0.1"
    assert node["Resources"]["CPU"] == 2


@pytest.mark.parametrize(("settings", "subject"), [("tiny", "model"), ("scripted", "agent")])
def test_no_bit_differs_from_here(
    request: pytest.FixtureRequest, data: Path, tmp_path: Path, settings: str, subject: Any
) -> None:
    here, there = tmp_path / "here" / "run", tmp_path / "there" / "run"
    for folder, pace in ((here, STEADY), (there, ON_RAY)):
        run(request.getfixturevalue(settings), Plan("statement", data, subject), quiet, folder, pace=pace)
    assert said(there) == said(here)
    assert (there / "summary.json").read_bytes() == (here / "summary.json").read_bytes()


def test_a_run_killed_there_is_finished_here(scripted: Settings, data: Path, tmp_path: Path) -> None:
    def stop(done: int, *_: object) -> None:
        if done == 5:
            raise Killed

    with pytest.raises(Killed):
        run(scripted, Plan("statement", data), stop, tmp_path / "run", pace=ON_RAY)
    assert len(Run(tmp_path / "run").records()) == 5
    assert resume(scripted, tmp_path / "run", quiet).n == 15


def test_what_a_worker_raises_arrives_whole(scripted: Settings, data: Path) -> None:
    (scripted.script or Path()).write_text("no script")
    with pytest.raises(BadSetting, match="script") as caught:
        run(scripted, Plan("statement", data), quiet, pace=ON_RAY)
    assert type(caught.value) is BadSetting
