"""A task for a model that reads English only: Chinese samples are asked and answered as in the product."""

from __future__ import annotations

from dataclasses import replace

from evals.formats import Sample
from evals.tasks.base import Task
from runtime.presets import Preset
from runtime.translating import Translator


def translated(task: Task, translator: Translator) -> Task:
    """The task with a translator between a Chinese sample and the bare model."""

    def ask(sample: Sample, preset: Preset) -> str:
        if sample.lang == "zh":
            sample = replace(sample, text=translator.question(sample.text), lang="en")
        return task.ask(sample, preset)

    def parse(output: str, sample: Sample) -> str | None:
        return task.parse(translator.reply(output, sample.text) if sample.lang == "zh" else output, sample)

    return replace(task, ask=ask, parse=parse)
