"""Conversations: scripts of several turns, judged by what was answered, done and looked at.

What is asked of a turn and not met is a fault, `wrong_answer`, `wrong_action` or `wrong_handle`; a turn that `failed`
meets nothing. A script's score is the share of its judged turns that are without fault.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from agent.assistant import Assistant
from agent.language import CJK
from evals.formats import Sample, Turn
from evals.metrics.answers import exact, normalise
from evals.records import Record
from evals.scripts import Judged, Played, play, record_of
from evals.tasks.base import Findings, Mark, Script, Task

FAILED, ANSWER, ACTION, HANDLE = "failed", "wrong_answer", "wrong_action", "wrong_handle"
METRICS = {"accuracy": ANSWER, "action_accuracy": ACTION, "handle_accuracy": HANDLE}
"""The fault whose absence each metric counts."""


def faults(turn: Turn, played: Played) -> dict[str, bool]:
    """For each fault that the turn can have, whether it has it."""
    reply = played.reply.strip().rstrip(".。")
    wrong = {}
    if turn.answers or turn.contains:
        given = not turn.answers or exact(reply, turn.answers) == 1
        named = not turn.contains or any(names(reply, each) for each in turn.contains)
        wrong[ANSWER] = not (given and named)
    if turn.actions:
        wrong[ACTION] = played.action not in turn.actions
    if turn.handles:
        wrong[HANDLE] = set(played.handles) != set(turn.handles)
    failed = bool(played.error)
    return {FAILED: failed, **{name: each or failed for name, each in wrong.items()}}


def names(reply: str, wanted: str) -> bool:
    """Whether a reply has the words in it, as whole words where they have letters; compared as VQA answers are."""
    if CJK.search(wanted):
        return wanted in reply
    return f" {normalise(wanted)} " in f" {normalise(reply)} "


def _play(assistant: Assistant, sample: Sample) -> Record:
    played = play(assistant, sample.turns)
    turns = [Judged(turn, each, faults(turn, each)) for turn, each in zip(sample.turns, played, strict=True)]
    right = [not each.found for each in turns if each.turn.judged]
    return record_of(sample, turns, sum(right) / len(right))


def _findings(records: Sequence[Record], samples: Sequence[Sample]) -> Findings:
    turns = [(record, turn) for record in records for turn in record.details["turns"]]
    means = {
        name: [Mark(not turn["faults"][fault], r.group, r.lang) for r, turn in turns if fault in turn["faults"]]
        for name, fault in METRICS.items()
    }
    means["steps"] = [Mark(turn["steps"], record.group, record.lang) for record, turn in turns]
    found = Counter(name for _, turn in turns for name, wrong in turn["faults"].items() if wrong)
    return Findings(means, _baselines(samples), found)


def _baselines(samples: Sequence[Sample]) -> dict[str, dict[str, float]]:
    """Who always gives the commonest answer, does the commonest thing, or looks at the newest picture."""
    turns = [turn for sample in samples for turn in sample.turns]
    reply = _commonest([each for turn in turns for each in (*turn.answers, *turn.contains)])
    action = _commonest([each for turn in turns for each in turn.actions])
    right: dict[str, list[bool]] = {name: [] for name in METRICS}
    for sample in samples:
        pictures = 0
        for turn in sample.turns:
            pictures += len(turn.images)
            wrong = faults(turn, Played(reply, [{"action": action}], [f"img{pictures}"]))
            for name, fault in METRICS.items():
                right[name] += [not wrong[fault]] if fault in wrong else []
    means = {name: round(sum(values) / len(values), 6) for name, values in right.items() if values}
    newest = {name: value for name, value in means.items() if name == "handle_accuracy"}
    majority = {name: value for name, value in means.items() if name != "handle_accuracy"}
    return {"majority": majority, "newest_picture": newest}


def _commonest(values: Sequence[str]) -> str:
    counts = Counter(values)
    return min(counts, key=lambda value: (-counts[value], value), default="")


CONVERSATION = Task(
    "conversation",
    "scripts of several turns: answers, actions, pictures looked at",
    1,
    "turns_right",
    script=Script(_play, _findings),
)
