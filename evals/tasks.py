"""The tasks: how each asks, reads the answer, scores one sample, and what it is compared with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evals.formats import Sample
from evals.metrics.answers import anls, exact, normalise, vqa_accuracy
from evals.metrics.yesno import parse_yes_no
from runtime.presets import Preset
from tools.looking import prompt as tool_prompt

ANNOTATORS = 4
"""From so many references on an answer is scored as by the VQA code; of fewer, any may be matched: with two or three
that formula gives a perfect answer less than 1."""

READ = "Read the text in this picture."

Scorer = Callable[[str | None, Sample], float | None]


@dataclass(frozen=True)
class Task:
    """One task.

    Attributes:
        name: as in `vistalk eval run NAME`.
        about: one line for `vistalk eval list`.
        version: raised when prompts or scoring change.
        metric: the name of the mean score; empty where only the whole run has scores.
        ask: the prompt for the bare model; the whole agent gets the sample's own words.
        parse: the answer that counts, or None where the output holds none.
        score: of one parsed answer, in [0, 1].
        plans: whether the chosen action is the answer, rather than the words.
        words: what the whole agent is told where a sample has no words of its own.
    """

    name: str
    about: str
    version: int
    metric: str
    ask: Callable[[Sample, Preset], str]
    parse: Callable[[str, Sample], str | None]
    score: Scorer
    plans: bool = False
    words: str = ""


def _short(sample: Sample, preset: Preset) -> str:
    return preset.short_answer.replace("{question}", sample.text)


def _statement(sample: Sample, preset: Preset) -> str:
    asked = {"zh": "这句话对吗？"}.get(sample.lang, "Is this true? ")
    return preset.short_answer.replace("{question}", asked + sample.text)


def _yes_no(output: str, sample: Sample) -> str | None:
    found = parse_yes_no(output, "zh" if sample.lang == "zh" else "en")
    return None if found is None else "yes" if found else "no"


def _same(parsed: str | None, sample: Sample) -> float:
    return float(parsed is not None and parsed in sample.references)


def _vqa(parsed: str | None, sample: Sample) -> float:
    if len(sample.references) >= ANNOTATORS:
        return vqa_accuracy(parsed or "", sample.references)
    return exact(parsed or "", sample.references)


TASKS = {
    task.name: task
    for task in (
        Task("vqa", "questions about pictures", 1, "vqa_accuracy", _short, lambda out, _: _answer(out), _vqa),
        Task("statement", "is a sentence about a picture true", 1, "accuracy", _statement, _yes_no, _same),
        Task("presence", "is a thing in the picture (POPE)", 1, "accuracy", _short, _yes_no, _same),
        Task(
            "caption",
            "descriptions against several references",
            1,
            "",
            lambda sample, _: tool_prompt(sample.lang, "caption"),
            lambda out, _: out,
            lambda _, __: None,
        ),
        Task(
            "ocr",
            "text in pictures, by edit distance (ANLS)",
            1,
            "anls",
            lambda sample, _: sample.text or READ,
            lambda out, _: out,
            lambda parsed, sample: anls(parsed or "", sample.references),
            words=READ,
        ),
        Task(
            "planning",
            "the first action chosen for a message",
            1,
            "accuracy",
            lambda sample, _: sample.text,
            lambda out, _: out,
            _same,
            plans=True,
        ),
    )
}


def _answer(output: str) -> str:
    """A short answer without the full stop that this model's training put there."""
    return output.strip().removesuffix(".")


def majority(samples: Sequence[Sample]) -> dict[str, str]:
    """The commonest reference of all samples, for each of them."""
    counts = Counter(reference for sample in samples for reference in sample.references)
    commonest = min(counts, key=lambda answer: (-counts[answer], answer))
    return dict.fromkeys((sample.id for sample in samples), commonest)


def question_only(samples: Sequence[Sample]) -> dict[str, str]:
    """For each sample the commonest reference to the same question about other pictures, else to its first words.

    The sample's own group is left out throughout, so that nobody is told the answer.
    """
    whole = _commonest(samples, lambda sample: normalise(sample.text))
    start = _commonest(samples, lambda sample: " ".join(normalise(sample.text).split()[:2]))
    anything = _commonest(samples, lambda _: "")
    return {s.id: whole[s.id] or start[s.id] or anything[s.id] for s in samples}


def _commonest(samples: Sequence[Sample], key: Callable[[Sample], str]) -> dict[str, str]:
    totals: dict[str, Counter[str]] = {}
    own: dict[tuple[str, str], Counter[str]] = {}
    for sample in samples:
        counted = Counter(sample.references)
        totals.setdefault(key(sample), Counter()).update(counted)
        own.setdefault((key(sample), sample.group), Counter()).update(counted)
    guesses = {}
    for sample in samples:
        left = totals[key(sample)] - own[key(sample), sample.group]
        guesses[sample.id] = min(left, key=lambda answer: (-left[answer], answer)) if left else ""
    return guesses
