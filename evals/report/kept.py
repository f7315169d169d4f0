"""The runs that are kept in a folder, for a list of them: read without their samples."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from evals.records import Header, Run
from evals.report import wording
from evals.report.contents import data_name, metrics_of, model_name
from evals.report.spoiling import TOGETHER, opened, run_name
from runtime.errors import BadData


@dataclass(frozen=True)
class Kept:
    """One run.

    Attributes:
        headline: its first metric with the interval; empty where the run is not finished.
        done: how many of its samples are done.
    """

    run: Run
    header: Header
    headline: str
    done: int

    @property
    def name(self) -> str:
        """The folder's name."""
        return run_name(self.run)

    @property
    def finished(self) -> bool:
        """Whether it can be reported."""
        return bool(self.headline)

    @property
    def begun(self) -> datetime:
        """When."""
        return wording.begun(self.header)

    @property
    def facts(self) -> str:
        """Task, model and data in a line."""
        return wording.joined([self.header.task, model_name(self.header), data_name(self.header)])

    def comparable(self, other: Kept) -> bool:
        """Whether the other one can be compared with it."""
        mine, theirs = self.header, other.header
        return other.finished and self.name != other.name and (mine.task, mine.data) == (theirs.task, theirs.data)


def kept_runs(folder: Path) -> tuple[list[Kept], list[BadData]]:
    """The runs in a folder, the newest first, and what is wrong with those that cannot be read."""
    kept, faults = [], []
    for path in (*folder.glob("*/run.json"), *folder.glob(f"*/{TOGETHER}")):
        try:
            kept.append(_kept(opened(path.parent)))
        except BadData as error:
            faults.append(error)
    return sorted(kept, key=lambda one: one.begun, reverse=True), faults


def _kept(run: Run) -> Kept:
    header = run.header()
    if not (run.folder / "summary.json").exists():
        return Kept(run, header, "", len(run.records()))
    summary = run.summary()
    name, value = next(iter(metrics_of(summary).items()))
    return Kept(run, header, f"{name} {wording.with_interval(name, value)}", summary["n"])
