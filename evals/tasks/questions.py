"""The tasks of one question a sample."""

from __future__ import annotations

from evals.formats import Sample
from evals.metrics.answers import anls, exact, vqa_accuracy
from evals.metrics.yesno import parse_yes_no
from evals.tasks.base import Task
from runtime.presets import Preset
from tools.looking import prompt as tool_prompt

ANNOTATORS = 10
"""From so many references on an answer is scored as by the VQA code, whose data have ten. Fewer are other wordings of
one answer, any of which may be matched: that formula would give a perfect answer less than 1."""

READ = "Read the text in this picture."


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


def _anls(parsed: str | None, sample: Sample) -> float:
    return anls(parsed or "", sample.references)


def _describe(sample: Sample, _: Preset) -> str:
    return tool_prompt(sample.lang, "caption")


def _read(sample: Sample, _: Preset) -> str:
    return sample.text or READ


def _answer(output: str, _: Sample) -> str:
    """A short answer without the full stop that a model's training may have put there."""
    return output.strip().removesuffix(".").removesuffix("。")


QUESTIONS = (
    Task("vqa", "questions about pictures", 2, "vqa_accuracy", _short, _answer, _vqa),
    Task("statement", "is a sentence about a picture true", 1, "accuracy", _statement, _yes_no, _same),
    Task("presence", "is a thing in the picture (POPE)", 1, "accuracy", _short, _yes_no, _same),
    Task("caption", "descriptions against several references", 1, "", _describe),
    Task("ocr", "text in pictures, by edit distance (ANLS)", 1, "anls", _read, score=_anls, words=READ),
)
