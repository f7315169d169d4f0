"""What a task is: how it asks, reads the answer and scores one sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from agent.assistant import Assistant
from evals.formats import Picture, Sample
from evals.metrics.confusion import Confusion
from evals.records import Record
from runtime.presets import Preset
from runtime.settings import Settings

Scorer = Callable[[str | None, Sample], float | None]


def own_words(sample: Sample, _: Preset) -> str:
    """The sample's own words are the prompt."""
    return sample.text


def as_it_is(output: str, _: Sample) -> str | None:
    """The whole output is the answer."""
    return output


def unscored(_: str | None, __: Sample) -> None:
    """One sample has no score of its own."""


@dataclass(frozen=True)
class Mark:
    """One thing that was judged: how well it went, and the group and language it counts under."""

    value: float
    group: str
    lang: str


@dataclass(frozen=True)
class Findings:
    """What a task that is played or looks for something tells beyond its score.

    Attributes:
        means: marks by metric, each to be averaged; one without marks was not asked for.
        retained: by metric, pairs of marks of the same things, whose means are divided.
        baselines: by who is compared and metric, their mean.
        faults: how often each kind of fault was found.
        medians: marks by metric, of which the middle one counts.
        confusion: by language, what was expected and what was given.
        notes: sentences for the reader.
    """

    means: Mapping[str, Sequence[Mark]]
    baselines: Mapping[str, Mapping[str, float]]
    faults: Mapping[str, int]
    retained: Mapping[str, tuple[Sequence[Mark], Sequence[Mark]]] = field(default_factory=dict)
    medians: Mapping[str, Sequence[Mark]] = field(default_factory=dict)
    confusion: Mapping[str, Confusion] = field(default_factory=dict)
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Script:
    """How a task is run with a whole agent, and what its records tell. A record without a score was not asked."""

    play: Callable[[Assistant, Sample], Record]
    findings: Callable[[Sequence[Record], Sequence[Sample]], Findings]


@dataclass(frozen=True)
class Found:
    """What a search gave.

    Attributes:
        rank: of the first that is right, from 1; None where none was found.
        candidates: how many there were to choose from.
        right: how many of them are right.
        first: the best ones by name, best first.
        more: ranks that others than the one examined gave.
    """

    rank: int | None
    candidates: int
    right: int
    first: Sequence[str]
    more: Mapping[str, int | None] = field(default_factory=dict)


class Finder(Protocol):
    """Looks for what one sample asks for."""

    def find(self, sample: Sample) -> Found: ...  # noqa: D102


@dataclass(frozen=True)
class Search:
    """How a task is run that examines an encoder, and what its records tell.

    Attributes:
        encoder: which one the settings mean: the preset's word for it, and its id.
        opened: from the settings, all samples of the data and the pictures that are searched besides theirs.
        findings: as of a script.
    """

    encoder: Callable[[Settings], tuple[str, str]]
    opened: Callable[[Settings, Sequence[Sample], Sequence[Picture]], AbstractContextManager[Finder]]
    findings: Callable[[Sequence[Record]], Findings]


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
        words: what the whole agent is told where a sample has no words of its own.
        script: for a task that the agent plays, instead of being asked.
        search: for a task that looks for something, whose encoder is asked instead of a model that talks.
    """

    name: str
    about: str
    version: int
    metric: str
    ask: Callable[[Sample, Preset], str] = own_words
    parse: Callable[[str, Sample], str | None] = as_it_is
    score: Scorer = unscored
    words: str = ""
    script: Script | None = None
    search: Search | None = None

    @property
    def needs_agent(self) -> bool:
        """Whether a bare model cannot do it."""
        return self.script is not None
