"""All that a data file holds, of which a run may ask only some: a search looks through the whole of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evals.formats import Picture, Sample, load
from runtime.errors import BadData

if TYPE_CHECKING:
    from evals.runner import Plan

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic"})
"""What a folder's pictures are told by."""


@dataclass(frozen=True)
class Whole:
    """Every sample of a data file, and the pictures that lie with those that it names."""

    samples: Sequence[Sample]
    others: Sequence[Picture] = ()


def read(plan: Plan) -> Whole:
    """What the plan's data hold.

    Raises:
        BadData: the data or the pictures cannot be read.
    """
    if plan.images is None:
        return Whole(load(plan.task, plan.data))
    if plan.images.is_dir():
        files = sorted(path for path in plan.images.rglob("*") if path.suffix.lower() in SUFFIXES)
        return Whole(load(plan.task, plan.data, pictures=plan.images), [Picture(path) for path in files])
    if not plan.images.is_file():
        raise BadData(f"There are no pictures in {plan.images}.", hint="Name a folder, or a data file with pictures.")
    others = [picture for sample in load("retrieval", plan.images) for picture in sample.images]
    return Whole(load(plan.task, plan.data, pictures=plan.images.parent), others)
