"""From samples to records: what is asked about each, and what becomes of the answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evals.conditions import condition_of
from evals.formats import Sample
from evals.gradient import Attempt
from evals.records import Record
from evals.searched import read
from evals.subjects import Answer, BareModel, Question, Subject, WholeAgent, open_subject
from evals.tasks import TASKS, Task
from evals.tasks.base import Finder
from evals.tasks.searching import search_records
from evals.tasks.translated import translated
from runtime.errors import Cancelled, SetupError, VistalkError
from runtime.presets import Preset, preset_of
from runtime.settings import Settings
from runtime.translating import translator_of

if TYPE_CHECKING:
    from evals.runner import Plan

Change = Callable[[Attempt], Sequence[bytes]]
"""Takes a sample that is about to be asked about, and gives its pictures as they are to be shown."""


@dataclass(frozen=True)
class Asked:
    """A sample with its own pictures and what is asked of it, or the sentence why nothing can be."""

    sample: Sample
    pictures: Sequence[bytes]
    question: Question
    error: str = ""


@dataclass(frozen=True)
class Examiner:
    """Asks one subject about the samples of one task."""

    task: Task
    preset: Preset
    subject: Subject
    change: Change

    def records(self, samples: Sequence[Sample]) -> Iterator[Record]:
        """The records of samples that are asked about together, as they come.

        The subject's errors score nothing and are kept; a stop and a wrong setup end the run.
        """
        if self.task.script and isinstance(self.subject, WholeAgent):
            for sample in samples:
                yield self.task.script.play(self.subject.assistant, sample)
            return
        asked = [self._asked(sample) for sample in samples]
        for each in asked:
            if each.error:
                yield self._record(each, Answer("", error=each.error))
        ready = [each for each in asked if not each.error]
        for place, answer in self.subject.answers([each.question for each in ready]):
            yield self._record(ready[place], answer)

    def _asked(self, sample: Sample) -> Asked:
        pictures = [picture.read() for picture in sample.images]
        bare = isinstance(self.subject, BareModel)
        prompt = self.task.ask(sample, self.preset) if bare else sample.text or self.task.words
        try:
            shown = self.change(Attempt(self.task, sample, self.subject, pictures, prompt))
        except (Cancelled, SetupError):
            raise
        except VistalkError as error:
            return Asked(sample, pictures, Question((), prompt), error.message)
        return Asked(sample, pictures, Question(shown, prompt))

    def _record(self, asked: Asked, answer: Answer) -> Record:
        task, sample = self.task, asked.sample
        parsed = None if answer.error else task.parse(answer.text, sample)
        return Record(
            id=sample.id,
            images=[hashlib.sha256(data).hexdigest() for data in asked.pictures],
            prompt=asked.question.prompt,
            output=answer.text,
            parsed=parsed,
            references=list(sample.references),
            score=task.score(parsed, sample) if parsed is not None else (0.0 if task.metric else None),
            group=sample.group,
            lang=sample.lang,
            kind=sample.kind,
            confidence=answer.confidence,
            usage=answer.usage,
            seconds=round(answer.seconds, 4),
            error=answer.error,
        )


@dataclass(frozen=True)
class SearchExaminer:
    """Looks for what the samples of one task ask for."""

    finder: Finder

    def records(self, samples: Sequence[Sample]) -> Iterator[Record]:
        """The record of each, one by one; see `search_records`."""
        return search_records(self.finder, samples)


@contextmanager
def open_examiner(
    settings: Settings, plan: Plan, subject: Subject | None = None
) -> Iterator[Examiner | SearchExaminer]:
    """For a plan; with a subject of its own, closed at the end, where none is open.

    Raises:
        ModelNotPresent, BadSetting
    """
    if search := TASKS[plan.task].search:
        whole = read(plan)
        with search.opened(settings, whole.samples, whole.others) as finder:
            yield SearchExaminer(finder)
        return
    with nullcontext(subject) if subject else open_subject(plan.subject, settings) as asked:
        task, preset = TASKS[plan.task], preset_of(settings)
        if isinstance(asked, BareModel) and (translator := translator_of(preset)):
            task = translated(task, translator)  # the whole agent has its own
        yield Examiner(task, preset, asked, _change(plan, settings))


def _change(plan: Plan, settings: Settings) -> Change:
    """What the plan's condition does to pictures."""
    if not plan.condition:
        return lambda attempt: attempt.pictures
    condition = condition_of(plan.condition)
    return lambda attempt: condition.shown(attempt, settings)
