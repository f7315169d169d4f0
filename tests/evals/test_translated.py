"""Chinese samples for a model that reads English only: asked and scored as the product would."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import evals
from evals.formats import load
from evals.tasks import TASKS
from evals.tasks.translated import translated
from runtime.presets import presets
from runtime.translating import Dictionary

SAMPLES = load("vqa", Path(evals.__file__).parent / "data" / "outside_zh.jsonl")
PRESET = presets()["pocket"]


def test_a_chinese_sample_is_asked_in_english_and_scored_in_chinese() -> None:
    task = translated(TASKS["vqa"], Dictionary())
    sample = next(sample for sample in SAMPLES if "大象" in sample.references)
    assert task.ask(sample, PRESET) == "What animal is this? Answer briefly."
    assert task.parse("Elephant.", sample) == "大象"
    assert task.score(task.parse("Elephant.", sample), sample) == 1
    assert task.score(task.parse("Boy.", sample), sample) == 0


def test_an_english_sample_is_left_alone() -> None:
    task = translated(TASKS["vqa"], Dictionary())
    sample = replace(SAMPLES[0], text="What is this?", lang="en", references=("cat",))
    assert task.ask(sample, PRESET) == TASKS["vqa"].ask(sample, PRESET)
    assert task.parse("Cat.", sample) == "Cat"


def test_a_caption_is_asked_for_in_english() -> None:
    task = translated(TASKS["caption"], Dictionary())
    sample = replace(SAMPLES[0], text="", references=("一只狗在海滩上奔跑。",))
    assert task.ask(sample, PRESET) == "Describe the image."
    assert task.parse("A dog runs on the beach.", sample) == "一只狗在海滩上奔跑。"


def test_every_reference_can_be_matched() -> None:
    """The metric's normalisation leaves Chinese as it is, but for the full stop."""
    for sample in SAMPLES:
        for reference in sample.references:
            parsed = TASKS["vqa"].parse(f"{reference}。", sample)
            assert TASKS["vqa"].score(parsed, sample) == 1, (sample.text, reference)
