"""The first action that is planned for a message, by the agent's planner alone: no tool runs and nothing is said.

Any of a message's accepted actions is right. For recall, precision and the confusion matrices the one that was chosen
counts as the expected one, else the first. A message all of whose actions are tools that are not here is skipped.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from agent.assistant import Assistant
from agent.language import language_of
from agent.planner import ANSWER, ASK_USER, Facts, Plan
from evals.formats import Sample
from evals.metrics.confusion import expected_and_given, tabulated
from evals.records import Record
from evals.tasks.base import Findings, Mark, Script, Task
from runtime.errors import Cancelled, SetupError, VistalkError

NO_TOOL = (ANSWER, ASK_USER)


@dataclass(frozen=True)
class _Planned:
    """A record of a message that was planned for."""

    record: Record
    expected: str
    given: str

    @classmethod
    def of(cls, record: Record) -> Self:
        return cls(record, *expected_and_given(record.parsed, record.references, right=record.score == 1))

    def mark(self, value: float) -> Mark:
        return Mark(value, self.record.group, self.record.lang)


def _right(action: str | None, sample: Sample) -> float:
    return float(action in sample.references)


def _play(assistant: Assistant, sample: Sample) -> Record:
    """Plan with as many pictures as the message has, all of them new. An error of the model is a wrong action."""
    handles = [f"img{number}" for number in range(1, sample.count + 1)]
    language = language_of(sample.text, assistant.settings.language)
    if not any(action in _possible(assistant) for action in sample.references):
        return _record(sample, Plan(""), None)
    try:
        plan = assistant.planner.plan(Facts(sample.text, language, handles, handles), threading.Event())
    except (Cancelled, SetupError):
        raise
    except VistalkError as error:
        return _record(sample, Plan(""), 0.0, error.message)
    return _record(sample, plan, _right(plan.action, sample))


def _possible(assistant: Assistant) -> Sequence[str]:
    """All that this agent can do: with a word and a picture there is something to do for every tool."""
    return assistant.planner.offered(Facts("?", "en", ["img1"], ["img1"]))


def _record(sample: Sample, plan: Plan, score: float | None, error: str = "") -> Record:
    return Record(
        id=sample.id,
        images=[],
        prompt=sample.text,
        output=plan.action,
        parsed=plan.action or None,
        references=list(sample.references),
        score=score,
        group=sample.group,
        lang=sample.lang,
        kind=sample.kind,
        confidence=plan.probabilities.get(plan.action),
        seconds=round(plan.seconds, 4),
        error=error,
    )


def _findings(records: Sequence[Record], _: Sequence[Sample]) -> Findings:
    planned = [_Planned.of(record) for record in records if record.score is not None]
    known = sorted({each.record.lang for each in planned})
    languages = {lang: [p for p in planned if p.record.lang == lang] for lang in known}
    actions = sorted({each.expected for each in planned})
    kinds: dict[str, tuple[str, ...]] = {"no_tool": NO_TOOL, **{action: (action,) for action in actions}}
    means = {}
    for name, kind in kinds.items():
        if set(kind) & set(actions):
            means[f"recall_{name}"] = [p.mark(p.given in kind) for p in planned if p.expected in kind]
            means[f"precision_{name}"] = [p.mark(p.expected in kind) for p in planned if p.given in kind]
    parts = {"accuracy": planned, **{f"accuracy_{lang}": part for lang, part in languages.items()}}
    return Findings(
        means,
        {"majority": {name: _commonest(part) for name, part in parts.items()}},
        {},
        medians={"median_seconds": [p.mark(p.record.seconds) for p in planned if not p.record.error]},
        confusion={lang: tabulated([(p.expected, p.given) for p in part]) for lang, part in languages.items()},
        notes=_skipped([record for record in records if record.score is None]),
    )


def _commonest(planned: Sequence[_Planned]) -> float:
    """How often always the same action would be right: the one that is right most often."""
    right = Counter(action for each in planned for action in set(each.record.references))
    return round(max(right.values()) / len(planned), 6)


def _skipped(left_out: Sequence[Record]) -> list[str]:
    if not left_out:
        return []
    wanted = sorted(Counter(record.references[0] for record in left_out).items())
    named = ", ".join(f"{action} {times}" for action, times in wanted)
    return [f"{len(left_out)} messages were skipped, for want of the tools that they ask for: {named}."]


PLANNING = Task(
    "planning",
    "the first action planned for a message, with confusion matrices",
    2,
    "accuracy",
    score=_right,
    script=Script(_play, _findings),
)
