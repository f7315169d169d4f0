"""How a run goes about its samples: a batch at a time, several requests at once, or on the workers of Ray.

None of it changes an answer; records come in whatever order they are done.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from evals.examiner import open_examiner
from evals.formats import Sample
from evals.records import Record
from evals.subjects import Subject
from runtime.errors import BadSetting
from runtime.presets import preset_of
from runtime.settings import Settings

if TYPE_CHECKING:
    from evals.runner import Plan

T = TypeVar("T")
R = TypeVar("R")

Engine = Literal["local", "ray"]
RAY_WORKERS = 2


@dataclass(frozen=True)
class Pace:
    """How fast a run goes.

    Attributes:
        batch: how many samples are handed to the subject together.
        concurrency: how many samples are asked about at once, or how many workers Ray has; None: one, or `RAY_WORKERS`.
        engine: where the subject runs.
    """

    batch: int = 32
    concurrency: int | None = None
    engine: Engine = "local"


STEADY = Pace()


def examined(
    settings: Settings, plan: Plan, samples: Sequence[Sample], pace: Pace, subject: Subject | None = None
) -> Generator[Record]:
    """The record of each sample, as they come; by a subject that is open, or one that is opened.

    Raises:
        BadSetting: several at once are asked of a model that runs here.
        MissingDependency: there is no Ray.
        ModelNotPresent
    """
    ordered = in_company(samples)
    if pace.engine == "ray":
        from evals.engine_ray import on_ray

        yield from on_ray(settings, plan, batches(ordered, pace.batch), pace.concurrency or RAY_WORKERS)
        return
    threads = pace.concurrency or 1
    if threads > 1 and preset_of(settings).local:
        raise BadSetting(
            "A model that runs on this machine answers in batches, not several requests at once.",
            hint="Leave out --concurrency; --batch says how many samples it is handed together.",
        )
    with open_examiner(settings, plan, subject) as examiner:
        if threads > 1:
            with closing(concurrently(lambda one: list(examiner.records([one])), ordered, threads)) as done:
                for records in done:
                    yield from records
        else:
            for batch in batches(ordered, pace.batch):
                yield from examiner.records(batch)


def in_company(samples: Sequence[Sample]) -> list[Sample]:
    """The questions about each picture together, and pictures with questions of like length near each other."""
    shown: dict[tuple[str, ...], list[Sample]] = {}
    for sample in samples:
        shown.setdefault(tuple(picture.key for picture in sample.images), []).append(sample)
    by_length = [sorted(group, key=lambda sample: len(sample.text)) for group in shown.values()]
    by_length.sort(key=lambda group: len(group[-1].text))
    return [sample for group in by_length for sample in group]


def batches(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """In order, `size` at a time."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def concurrently(work: Callable[[T], R], items: Sequence[T], threads: int) -> Generator[R]:
    """What `work` gives for each item, as they come; what it raises ends the iteration.

    Once the iterator is closed no further item is begun. Nobody waits for those under way, which may hang on a server:
    their threads end with the process.
    """
    left: queue.SimpleQueue[T] = queue.SimpleQueue()
    for item in items:
        left.put(item)
    done: queue.SimpleQueue[Future[R]] = queue.SimpleQueue()
    closed = threading.Event()

    def labour() -> None:
        while not closed.is_set():
            try:
                item = left.get_nowait()
            except queue.Empty:
                return
            result: Future[R] = Future()
            try:
                result.set_result(work(item))
            except BaseException as error:  # raised again where the result is taken
                result.set_exception(error)
            done.put(result)

    for _ in range(min(threads, len(items))):
        threading.Thread(target=labour, daemon=True).start()
    try:
        for _ in items:
            yield done.get().result()
    finally:
        closed.set()
