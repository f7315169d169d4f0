"""Speed of the generator behind our interface, as a ratio to the bare pipeline in the same run."""

from __future__ import annotations

import threading
import time

from evals.bench.report import Measure, median
from runtime.errors import BadSetting
from runtime.generator.base import Order, Stage
from runtime.generator.baseline import bare_draw
from runtime.generator.leased import LeasedGenerator
from runtime.models import generator, model_pool
from runtime.presets import preset_of
from runtime.settings import Settings

ROUNDS = 7
STEPS = 20
PROMPT = "a red apple"


def drawing(settings: Settings) -> list[Measure]:
    """Time of a picture, ours over bare, rounds interleaved, and of a first preview; nothing without a generator.

    Ours shows a preview of every step and can be stopped within one.
    """
    preset = preset_of(settings)
    if preset.generator == "none":
        return []
    pool = model_pool(settings)
    drawer = generator(settings, preset, pool)
    if not isinstance(drawer, LeasedGenerator):
        raise BadSetting("Only a generator that runs here can be measured here.")
    ratios, spent, previews = [], [], []
    for _ in range(ROUNDS + 1):
        ours = _ours(drawer, Order(PROMPT, steps=STEPS))[0]
        with pool.lease(drawer.spec.model) as painter:
            ratios.append(ours / bare_draw(painter, Order(PROMPT, steps=STEPS, guidance=drawer.spec.guidance), 0))
        usual, first = _ours(drawer, Order(PROMPT))
        spent.append(usual)
        previews.append(first)
    pool.close()
    picture, preview = (3.0, 1.0) if preset.generator == "pocket" else (None, None)
    return [
        Measure("picture", median(spent[1:]), "s", "most", picture, "as many steps as the preset takes"),
        Measure("first_preview", median(previews[1:]), "s", "most", preview),
        Measure("draw_ratio", median(ratios[1:]), "×", "most", 1.05, f"ours / bare pipeline, {STEPS} steps"),
    ]


def _ours(drawer: LeasedGenerator, order: Order) -> tuple[float, float]:
    """Seconds to the finished picture, and to the first stage."""
    stages: list[float] = []

    def watch(_: Stage) -> None:
        stages.append(time.perf_counter())

    started = time.perf_counter()
    drawer.draw(order, on_stage=watch, cancel=threading.Event())
    return time.perf_counter() - started, stages[0] - started
