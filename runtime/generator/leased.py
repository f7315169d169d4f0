"""A generator whose pipeline is leased from the pool for each picture, so that others take turns with it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from runtime.generator.base import Drawing, Order, Repertoire, Stage, ignore
from runtime.generator.filter import check
from runtime.generator.folder import read
from runtime.generator.orders import Sizes, check_size, checked
from runtime.pool import ModelPool, ModelSpec

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

    from runtime.generator.painter import Painter
    from runtime.presets import Preset
    from runtime.settings import Settings


@dataclass(frozen=True)
class GeneratorSpec:
    """What is known of a generator before its weights are loaded.

    Attributes:
        id, revision: see `Generator`.
        sizes: what pictures it can draw.
        model: how to load it.
        steps, guidance: where an order does not say; None: the pipeline's own.
    """

    id: str
    revision: str
    sizes: Sizes
    model: ModelSpec[Painter]
    steps: int | None = None
    guidance: float | None = None


def spec(
    name: str, folder: Path, settings: Settings, preset: Preset, hardware: Callable[[], tuple[str, str]]
) -> GeneratorSpec:
    """What is known of the pipeline in a folder, named id@revision; `hardware` gives device and dtype, once needed.

    Raises:
        ModelNotPresent, ModelCorrupt
    """
    layout = read(folder)
    budget = None if settings.memory_budget_gb is None else int(settings.memory_budget_gb * 1e9)

    def short() -> bool:
        from runtime.generator.loading import is_short

        return is_short(layout, *hardware(), budget)

    def needed() -> int:
        device, dtype = hardware()
        return layout.estimate(dtype, one_at_a_time=device == "cuda" and short())

    def load() -> Painter:
        from runtime.generator import loading

        return loading.load(
            layout,
            *hardware(),
            settings.threads,
            scheduler=preset.generator_scheduler,
            tiny=preset.generator_preview,
            checked=settings.drawing_filter,
            short=short(),
        )

    model, _, revision = name.rpartition("@")
    checker = "" if settings.drawing_filter or not layout.checks else ", unchecked"
    key = f"{name} ({settings.device}, {settings.dtype}{checker})"
    return GeneratorSpec(
        id=model,
        revision=revision,
        sizes=layout.sizes,
        model=ModelSpec(key, "generator", needed, load),
        steps=preset.generator_steps,
        guidance=preset.generator_guidance,
    )


def anything(_: str) -> Repertoire:
    """Of a generator that draws whatever can be said."""
    return Repertoire("anything", (), 0)


def icons(prompt: str) -> Repertoire:
    """Of the pocket generator."""
    from runtime.pocket.drawing.repertoire import count, known, nearest

    return Repertoire("icons", known(prompt), count(), nearest(prompt))


class LeasedGenerator:
    """A `Generator` whose files are looked for on first use.

    Args:
        pool: lends the pipeline.
        find: what is known of it; every use raises what this does, such as ModelNotPresent, and the next looks again.
        repertoire: what it can draw, which needs no files.
        filtered: whether the prompt filter is on.
    """

    def __init__(
        self,
        pool: ModelPool,
        find: Callable[[], GeneratorSpec],
        repertoire: Callable[[str], Repertoire] = anything,
        *,
        filtered: bool = True,
    ) -> None:
        self._pool = pool
        self._find = find
        self._repertoire = repertoire
        self._filtered = filtered

    @cached_property
    def spec(self) -> GeneratorSpec:
        """What is known without loading it."""
        return self._find()

    @property
    def id(self) -> str:
        """See `Generator`."""
        return self.spec.id

    @property
    def revision(self) -> str:
        """See `Generator`."""
        return self.spec.revision

    def repertoire(self, prompt: str) -> Repertoire:
        """See `Generator`."""
        return self._repertoire(prompt)

    def draw(
        self,
        order: Order,
        *,
        on_stage: Callable[[Stage], None] = ignore,
        cancel: threading.Event | None = None,
    ) -> list[Drawing]:
        """See `Generator`."""
        order = checked(order)
        check(order.prompt, filtered=self._filtered)
        spec = self.spec
        check_size(order, spec.sizes)
        order = replace(
            order,
            steps=spec.steps if order.steps is None else order.steps,
            guidance=spec.guidance if order.guidance is None else order.guidance,
        )
        pictures = len(order.seeds)
        drawings = []
        for number, seed in enumerate(order.seeds, 1):

            def on_step(step: int, steps: int, preview: Image.Image | None, number: int = number) -> None:
                on_stage(Stage(number, pictures, step, steps, preview))

            with self._pool.lease(spec.model, cancel=cancel) as painter:
                made = painter.paint(order, seed, None if on_stage is ignore else on_step, cancel)
            settings = {"model": spec.id, "revision": spec.revision, "seed": seed, **made.settings}
            drawings.append(Drawing(made.image, seed, settings, made.flagged))
        return drawings
