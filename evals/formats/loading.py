"""The table of formats, and the one door to all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from evals.formats.attacks import ATTACKS, built_in_attacks
from evals.formats.base import Placed, Sample
from evals.formats.memories import MEMORIES
from evals.formats.own import ROWS, read_lines
from evals.formats.public import EASY_VQA, read_coco, read_data, read_easy_vqa, read_mm_vet, read_vqa_v2
from evals.formats.scripts import SCRIPTS
from evals.formats.searches import SEARCHES, both_ways
from evals.formats.source import Source
from evals.formats.tables import read_table
from runtime.errors import BadData

TASKS = (*ROWS, *SCRIPTS, *SEARCHES, *MEMORIES)


@dataclass(frozen=True)
class Format:
    """A way of writing samples down.

    Attributes:
        name: what people call it.
        tasks: what its rows can be used for.
        fits: whether a file is written so, told by its beginning; a faulty file still fits.
        read: its samples; raises BadData at the first fault.
    """

    name: str
    tasks: tuple[str, ...]
    fits: Callable[[Source], bool]
    read: Callable[[Source], Iterator[Placed]]


def _holds(source: Source, *lists: str) -> bool:
    return isinstance(source.head, dict) and all(isinstance(source.head.get(name), list) for name in lists)


def _is_table(source: Source) -> bool:
    columns = source.text.split("\n", 1)[0].rstrip("\r").split("\t")
    return source.path.suffix == ".tsv" or {"question", "answer"} <= set(columns)


def _is_mm_vet(source: Source) -> bool:
    first = next(iter(source.head.values()), None) if isinstance(source.head, dict) else None
    return isinstance(first, dict) and "imagename" in first


def _is_lines(source: Source) -> bool:
    rows = source.head if isinstance(source.head, list) else [source.head]  # a script may be a bare list of turns
    return (all(isinstance(row, dict) for row in rows) and not source.indented) or source.path.suffix == ".jsonl"


def _read_own(source: Source) -> Iterator[Placed]:
    return (SCRIPTS | SEARCHES | MEMORIES).get(source.task, read_lines)(source)


def _read_coco(source: Source) -> Iterator[Placed]:
    return both_ways(read_coco(source)) if source.task == "retrieval" else read_coco(source)


ASKED = ("vqa", "ocr")
FORMATS = (
    Format("tab-separated table", ASKED, _is_table, read_table),
    Format("VQA v2 questions", ASKED, lambda source: _holds(source, "questions"), read_vqa_v2),
    Format(
        "COCO captions", ("caption", "retrieval"), lambda source: _holds(source, "images", "annotations"), _read_coco
    ),
    Format("TextVQA or DocVQA", ASKED, lambda source: _holds(source, "data"), read_data),
    Format("MM-Vet", ASKED, _is_mm_vet, read_mm_vet),
    Format("JSON Lines", TASKS, _is_lines, _read_own),
)
"""Tried in this order: JSON Lines fit whatever begins with a JSON object or list in one line."""

BUILT_IN: dict[str, tuple[tuple[str, ...], Callable[[], Iterator[Placed]]]] = {
    EASY_VQA: (ASKED, read_easy_vqa),
    ATTACKS: (("injection",), built_in_attacks),
}
"""What a name in the place of a path stands for: the tasks that can use it, and its samples."""


def load(
    task: str, path: Path | str, annotations: Path | str | None = None, pictures: Path | None = None
) -> list[Sample]:
    """Every sample of a file, all of it checked, its pictures found.

    Args:
        task: one of `TASKS`.
        path: the file, in any of `FORMATS`; or "easy-vqa", the test questions of that package, or "attacks", ours.
        annotations: the answers to VQA v2 questions, where they are not beside them under their usual name.
        pictures: the folder of the pictures, where they are not beside the file.

    Raises:
        BadData: says the file, the line or item, and what is wrong with it.
    """
    if task not in TASKS:
        raise BadData(f"There is no task {task!r}.", hint=f"Choose from: {', '.join(TASKS)}.")
    if str(path) in BUILT_IN:
        tasks, read = BUILT_IN[str(path)]
        if task not in tasks:
            raise BadData(
                f"{path} is a set which the task {task!r} cannot use.", hint=f"It is for: {', '.join(tasks)}."
            )
        return [sample for _, sample in read()]
    source = Source(Path(path), task, Path(annotations) if annotations else None, pictures)
    form = next((form for form in FORMATS if form.fits(source)), None)
    if form is None:
        source.document()  # says where the JSON is broken, if that is why
        raise source.bad("no known format begins like this", hint=f"Known are: {', '.join(f.name for f in FORMATS)}.")
    if task not in form.tasks:
        raise source.bad(f"the file is a {form.name} file, which the task {task!r} cannot use")
    samples = _unique(source, form.read(source))
    source.require_pictures()
    return samples


def _unique(source: Source, placed: Iterator[Placed]) -> list[Sample]:
    """The samples; refuses none at all, an id that comes twice, and references that are all blank (one may be)."""
    places: dict[str, str] = {}
    samples = []
    for where, sample in placed:
        if sample.id in places:
            raise source.bad(f"{where} repeats the id {sample.id!r} of {places[sample.id]}")
        if not any(reference.strip() for reference in sample.references):
            raise source.bad(f"{where} has no answer that is not empty")
        places[sample.id] = where
        samples.append(sample)
    if not samples:
        raise source.bad("the file holds no samples")
    return samples
