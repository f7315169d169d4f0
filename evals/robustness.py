"""How much of a score is left when pictures are spoilt or attacked: one run a condition, each paired with a clean one.

<out>/clean/…            an ordinary run, and
<out>/fog-3/…            one for each condition: each can be resumed, shown, compared and reported like any other
<out>/robustness.json    what they say together
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from evals.conditions import Condition
from evals.engines import STEADY, Pace
from evals.gradient import STEPS, no_weights
from evals.records import Run
from evals.report.findings import scored
from evals.runner import Plan, Progress, fixed_settings, folder_of, run
from evals.statistics import Floats, paired_ratio
from evals.subjects import open_subject
from evals.summary import SEED, Summary, Value
from evals.tasks import TASKS
from memory.files import write_whole
from runtime.errors import BadSetting
from runtime.presets import preset_of
from runtime.settings import Settings

CLEAN = "clean"
ONE_BY_ONE = Pace(batch=1)
"""For attacks, which take seconds each: every one that is done is kept."""

PICTURE_TASKS = tuple(name for name, task in TASKS.items() if not task.needs_agent and not task.search)
"""What can be asked about pictures that are spoilt."""


@dataclass(frozen=True)
class Under:
    """A condition, the score under it, and the share of the clean score that this is."""

    condition: Condition
    score: Value
    retained: Value


@dataclass(frozen=True)
class Robustness:
    """What all conditions say together.

    Attributes:
        folder: of all the runs.
        clean: the summary of the run without any condition.
        metric: the name of the score.
        score: of the clean run: the mean of its samples' scores, of captions ROUGE-L.
        under: what each condition leaves.
        retained: the mean share that the corruptions leave, attacks left out; None where there are none.
    """

    folder: Path
    clean: Summary
    metric: str
    score: Value
    under: list[Under]
    retained: Value | None

    @property
    def metrics(self) -> dict[str, Value]:
        """The clean score, what is left on the whole, and both under each condition: `accuracy_fog_3`."""
        metrics = {self.metric: self.score}
        if self.retained:
            metrics["retained"] = self.retained
        for each in self.under:
            name = each.condition.name.replace("-", "_")
            metrics |= {f"{self.metric}_{name}": each.score, f"retained_{name}": each.retained}
        return metrics

    def to_json(self) -> dict[str, Any]:
        """As a run's summary, with the conditions as a list too."""
        return {
            "task": f"robustness {self.clean.task}",
            "run": self.folder.name,
            "n": self.clean.n,
            "metrics": {name: value.to_json() for name, value in self.metrics.items()},
            "baselines": self.clean.baselines,
            "conditions": [
                {
                    "run": each.condition.name,
                    "kind": each.condition.kind,
                    "family": each.condition.family,
                    "level": each.condition.level,
                    "score": each.score.to_json(),
                    "retained": each.retained.to_json(),
                }
                for each in self.under
            ],
        }


def measure(
    settings: Settings,
    plan: Plan,
    conditions: Sequence[Condition],
    progress: Callable[[str], Progress],
    out: Path | None = None,
) -> Robustness:
    """Run a task clean and under each condition, or go on with what is in `out`; one subject answers all.

    `progress` is asked by each run's name for what to tell about it.

    Raises:
        BadSetting: the task is not about pictures, or a gradient attack is asked of a model that is elsewhere.
        BadData: the data are wrong, or `out` holds other runs.
        ModelNotPresent
    """
    if plan.task not in PICTURE_TASKS:
        raise BadSetting(
            f"{plan.task!r} is no task about pictures.", hint=f"Choose one of: {', '.join(PICTURE_TASKS)}."
        )
    attacks = any(condition.kind in STEPS for condition in conditions)
    if attacks and (plan.subject != "model" or not preset_of(settings).local):
        raise no_weights()
    folder = out or folder_of(settings) / f"robustness-{plan.task}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    settings = fixed_settings(settings, folder / CLEAN)
    with open_subject(plan.subject, settings) as subject:

        def measured(name: str, under: Plan, pace: Pace = STEADY) -> Summary:
            tell = progress(name)
            summary = run(settings, under, tell, folder / name, subject, pace)
            tell(summary.n, summary.n, summary.metrics[_metric(summary)].value)
            return summary

        clean = measured(CLEAN, plan)
        summaries = {}
        for condition in conditions:
            pace = ONE_BY_ONE if condition.kind in STEPS else STEADY
            summaries[condition] = measured(condition.name, replace(plan, condition=condition.name), pace)
    found = _together(folder, clean, summaries)
    write_whole(folder / "robustness.json", json.dumps(found.to_json(), indent=1).encode())
    return found


def _together(folder: Path, clean: Summary, summaries: Mapping[Condition, Summary]) -> Robustness:
    metric = _metric(clean)
    base, groups = _scores(folder / CLEAN, clean.task)
    left = {condition: _scores(folder / condition.name, clean.task)[0] for condition in summaries}
    corrupted = [scores for condition, scores in left.items() if condition.kind not in STEPS]
    return Robustness(
        folder=folder,
        clean=clean,
        metric=metric,
        score=clean.metrics[metric],
        under=[
            Under(condition, summary.metrics[metric], _retained(left[condition], base, groups))
            for condition, summary in summaries.items()
        ],
        retained=_retained(np.mean(corrupted, axis=0), base, groups) if corrupted else None,
    )


def _metric(summary: Summary) -> str:
    """The one that is the mean of what its samples scored."""
    return "rouge_l" if summary.task == "caption" else next(iter(summary.metrics))


def _scores(folder: Path, task: str) -> tuple[Floats, list[str]]:
    """Of each sample, in the order that all the runs share, with its group."""
    samples = scored(task, Run(folder).records())
    return np.array([sample.score for sample in samples], np.float64), [sample.record.group for sample in samples]


def _retained(scores: Floats, base: Floats, groups: Sequence[str]) -> Value:
    return Value(*paired_ratio(scores.tolist(), base.tolist(), groups, SEED))
