"""What a report says, before it takes a form: facts, scores beside baselines, and comparisons of its runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath
from string import ascii_uppercase
from typing import Any

import numpy as np

from evals.comparison import Comparison, compare
from evals.readme import ROOT
from evals.records import Header, Record, Run
from evals.report import wording
from evals.report.findings import Part, Scored, parts, scored
from evals.report.spoiling import run_name, spoilt
from evals.summary import Value, asked
from evals.tasks import TASKS
from runtime.errors import BadData

SHOWN = 12
"""Samples of each choice: the worst, some at random, those that changed."""


CONFIDENCE = ("ece", "aurc")
"""Metrics of the stated confidence, which come last."""

SUBJECTS = {"model": "the bare model", "agent": "the whole agent", "encoder": "the encoder"}


class Examined:
    """One finished run, as a report reads it.

    Attributes:
        label: its letter where there are several, else empty.

    Raises:
        BadData: the run is not finished, or there is none.
    """

    def __init__(self, run: Run, label: str = "") -> None:
        self.run = run
        self.label = label
        self.name = run_name(run)
        self.header: Header = run.header()
        summary = run.summary()
        self.n: int = summary["n"]
        self.errors: int = summary["errors"]
        self.unparsed: int = summary["unparsed"]
        self.notes: list[str] = summary["notes"]
        self.faults: dict[str, int] = summary.get("faults", {})  # runs of an earlier version have none
        self.spoilt = spoilt(run)
        self.baselines: dict[str, dict[str, float]] = summary["baselines"]
        self.metrics = metrics_of(summary)
        self.records: list[Record] = asked(TASKS[self.header.task], run.records())

    @cached_property
    def samples(self) -> list[Scored]:
        """The records with the scores that they are ordered by."""
        return scored(self.header.task, self.records)

    @property
    def parts(self) -> dict[str, list[Part]]:
        """The scores by kind and by language, where there are several."""
        found = {
            "kind": parts(self.samples, lambda record: record.kind or "(none)"),
            "language": parts(self.samples, lambda record: record.lang),
        }
        return {name: each for name, each in found.items() if each}

    @property
    def headline(self) -> str:
        """The first score with its interval and its baselines: none is ever said alone."""
        name, value = next(iter(self.metrics.items()))
        beside = [f"{b} {wording.number(name, each[name])}" for b, each in self.baselines.items() if name in each]
        said = f"{name} {wording.with_interval(name, value)}" + (f", beside {', '.join(beside)}" if beside else "")
        return f"{self.header.task} on {data_name(self.header)}, {self.n:,} samples: {said}"

    @property
    def score_name(self) -> str:
        """What the scores of single samples are."""
        if self.header.task == "caption":
            return "rouge_l"
        own = TASKS[self.header.task].metric
        return own if own in self.metrics else next(iter(self.metrics))


@dataclass(frozen=True)
class Row:
    """A line of a table with a cell for each run; `minor` lines belong to the last one that is not."""

    name: str
    cells: list[str]
    minor: bool = False

    @property
    def differs(self) -> bool:
        """Whether the runs differ in it."""
        return len(set(self.cells)) > 1


@dataclass(frozen=True)
class Compared:
    """A run against the first one; `problem` says why where that cannot be."""

    first: Examined
    second: Examined
    found: Comparison | None
    problem: str = ""

    @property
    def verdict(self) -> str:
        """The difference in a sentence."""
        if self.found is None:
            return self.problem
        found = self.found
        return (
            f"{100 * found.first:.1f} % → {100 * found.second:.1f} % on the same {found.n:,} samples: "
            f"{100 * found.difference:+.1f} points [{100 * found.low:+.1f}, {100 * found.high:+.1f}], "
            f"p = {found.p:.3g} ({found.test}); {len(found.changed):,} samples changed."
        )

    @property
    def changed(self) -> list[tuple[Record, Record]]:
        """The samples whose scores differ, those that changed most first."""
        changed = self.found.changed if self.found else []
        return sorted(changed, key=lambda pair: -abs((pair[1].score or 0.0) - (pair[0].score or 0.0)))


@dataclass(frozen=True)
class Report:
    """One or more runs, and each later one against the first."""

    runs: list[Examined]
    comparisons: list[Compared]

    @property
    def title(self) -> str:
        """The tasks and the models."""
        tasks, models = (
            ", ".join(dict.fromkeys(names)) for names in zip(*map(_task_and_model, self.runs), strict=True)
        )
        return f"{tasks} · {models}"

    @property
    def facts(self) -> list[Row]:
        """What was run."""
        each = [facts(run) for run in self.runs]
        names = dict.fromkeys(name for one in each for name in one)
        return [Row(name, [one.get(name, "") for one in each]) for name in names]

    @property
    def metrics(self) -> list[str]:
        """The names of all metrics; last those of the stated confidence."""
        names = dict.fromkeys(name for run in self.runs for name in run.metrics)
        return sorted(names, key=lambda name: name in CONFIDENCE)

    @property
    def scores(self) -> list[Row]:
        """Each metric with its interval, and below it the same metric of each baseline."""
        rows = []
        for name in self.metrics:
            cells = [wording.with_interval(name, run.metrics[name]) if name in run.metrics else "" for run in self.runs]
            rows.append(Row(wording.metric(name), cells))
            for baseline in dict.fromkeys(baseline for run in self.runs for baseline in run.baselines):
                values = [run.baselines.get(baseline, {}).get(name) for run in self.runs]
                if any(value is not None for value in values):
                    beside = ["" if value is None else wording.number(name, value) for value in values]
                    rows.append(Row(baseline, beside, minor=True))
        return rows


def build(runs: Sequence[Run]) -> Report:
    """Read finished runs.

    Raises:
        BadData: one of them is not finished, or there is none.
    """
    labels = [f"{ascii_uppercase[i % 26]}{i // 26 or ''}" for i in range(len(runs))] if len(runs) > 1 else [""]
    examined = [Examined(run, label) for run, label in zip(runs, labels, strict=True)]
    return Report(examined, [_compared(examined[0], other) for other in examined[1:]])


def metrics_of(summary: dict[str, Any]) -> dict[str, Value]:
    """A summary's metrics: first those that baselines have, with their parts, last those of the stated confidence."""
    compared = tuple(name for values in summary["baselines"].values() for name in values)
    names = sorted(summary["metrics"], key=lambda name: (name in CONFIDENCE, not name.startswith(compared), name))
    return {name: Value(**summary["metrics"][name]) for name in names}


def _compared(first: Examined, second: Examined) -> Compared:
    try:
        return Compared(first, second, compare(first.run, second.run))
    except BadData as error:
        return Compared(first, second, None, error.message)


def _task_and_model(run: Examined) -> tuple[str, str]:
    return run.header.task, model_name(run.header)


def model_name(header: Header) -> str:
    """The model, by the last part where it is a folder of this machine."""
    return header.model if not PurePath(header.model).is_absolute() else PurePath(header.model).name


def data_name(header: Header) -> str:
    """The data by a name."""
    return file_name(Path(header.source))


def file_name(source: Path) -> str:
    """A file's name and its folder's, since where it lies on this machine is nobody else's matter."""
    if source.is_relative_to(ROOT):
        source = source.relative_to(ROOT)
    return "/".join(source.parts[-2:]) if source.is_absolute() else source.as_posix()


def facts(run: Examined) -> dict[str, str]:
    """What was run, on what, where, and how it went."""
    header, place = run.header, run.header.place
    seconds = [record.seconds for record in run.records]
    tokens = sum(record.usage.get("output", 0) for record in run.records)
    limit, seed = header.settings["limit"], header.settings["draw_seed"]
    return {
        "run": run.name,
        "task": wording.joined([f"{header.task}, version {header.version}", TASKS[header.task].about]),
        "examined": SUBJECTS.get(header.subject, header.subject),
        "model": model_name(header),
        "weights (sha256)": header.weights,
        "data": data_name(header),
        "data (sha256)": header.data,
        "pictures (sha256)": header.pictures,
        "samples": f"{run.n:,}" + (f", drawn with seed {seed}" if limit else ", all of the file"),
        "errors": f"{run.errors:,}",
        "without an answer that counts": f"{run.unparsed:,}",
        "seconds an answer": f"{np.median(seconds):.2f} median, {np.quantile(seconds, 0.9):.2f} at nine of ten",
        "tokens written": f"{tokens:,}",
        "settings": wording.joined([f"{name} {value}" for name, value in _settings(header).items()]),
        "begun": f"{wording.begun(header):%Y-%m-%d %H:%M} UTC",
        "commit": place["commit"] + (" and changes that were not committed" if place["dirty"] else ""),
        "machine": f"{place['machine']}, Python {place['python']}",
        "versions": wording.joined([f"{name} {version}" for name, version in place["versions"].items()]),
    }


def _settings(header: Header) -> dict[str, object]:
    """Those that say something; what names the model, the data or the samples is said elsewhere."""
    elsewhere = ("vlm", "encoder", "passage_encoder", "limit", "draw_seed", "subject", "computing", "images")
    all_of_them = header.settings | header.settings.get("computing", {})
    kept = {name: value for name, value in all_of_them.items() if name not in elsewhere and value is not None}
    images = header.settings.get("images")
    named = {"images": file_name(Path(images))} if images else {}
    return kept | ({"vlm_url": "a server"} if kept.get("vlm_url") else {}) | named
