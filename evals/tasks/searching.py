"""What tasks that look for something have in common: the record of a search, and means of where the right one came."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence

from evals.formats import Sample
from evals.metrics.ranking import chance_within, reciprocal
from evals.records import Record
from evals.tasks.base import Finder, Found, Mark
from runtime.errors import Cancelled, SetupError, VistalkError

SHOWN = 10
"""So many of a ranking are kept in its record."""

SCORE = "reciprocal_rank"
"""Of one search: 1 for the first place, 1/2 for the second, 0 for what was not found."""

Measure = Callable[[int | None], float]
"""What a rank is worth."""


def search_records(finder: Finder, samples: Sequence[Sample]) -> Iterator[Record]:
    """The record of each search, one by one. An error of the encoder counts as not found and is kept."""
    for sample in samples:
        started, error = time.perf_counter(), ""
        try:
            found = finder.find(sample)
        except (Cancelled, SetupError):
            raise
        except VistalkError as failure:
            found, error = Found(None, 0, 0, ()), failure.message
        yield Record(
            id=sample.id,
            images=[hashlib.sha256(picture.read()).hexdigest() for picture in sample.images],
            prompt=sample.text,
            output="\n".join(f"{place}. {name}" for place, name in enumerate(found.first, 1)),
            parsed=next(iter(found.first), None),
            references=list(sample.references),
            score=reciprocal(found.rank),
            group=sample.group,
            lang=sample.lang,
            kind=sample.kind,
            seconds=round(time.perf_counter() - started, 4),
            error=error,
            details={"rank": found.rank, "candidates": found.candidates, "right": found.right, **found.more},
        )


def marks(records: Sequence[Record], measure: Measure, name: str = "rank") -> list[Mark]:
    """What each record's rank is worth; `name` is that of another rank in its details."""
    return [Mark(measure(record.details.get(name)), record.group, record.lang) for record in records]


def chance_of(records: Sequence[Record], depth: int) -> float:
    """How often a random order would have a right one among the first so many."""
    found = [record.details for record in records]
    return mean([chance_within(each["candidates"], each["right"], depth) for each in found])


def mean(values: Sequence[float]) -> float:
    """As baselines are kept; 0 of nothing."""
    return round(sum(values) / len(values), 6) if values else 0.0
