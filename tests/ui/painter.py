"""A generator for tests that takes no time: it fills its pictures with the colour that the prompt names."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from agent import assembly
from runtime import models
from runtime.errors import Cancelled, OutOfMemory
from runtime.generator.base import Drawing, Order, Repertoire, Stage, ignore
from tests.ui.shelves import PAINTS

STEPS = 4


class Painter:
    """Does what a generator promises. A prompt may hold "unfit" to be flagged, and "huge" to run out of memory.

    Args:
        before: called before each step.

    Attributes:
        able: what it says it can draw.
        orders: what it was told to draw.
    """

    id = "painter"
    revision = "1"

    def __init__(self, before: Callable[[], None] = lambda: None) -> None:
        self._before = before
        self.able = Repertoire("anything", (), 0)
        self.orders: list[Order] = []

    def repertoire(self, prompt: str) -> Repertoire:
        return self.able

    def draw(
        self, order: Order, *, on_stage: Callable[[Stage], None] = ignore, cancel: threading.Event | None = None
    ) -> list[Drawing]:
        self.orders.append(order)
        return [self._draw(order, number, on_stage, cancel) for number in range(1, len(order.seeds) + 1)]

    def _draw(
        self, order: Order, number: int, on_stage: Callable[[Stage], None], cancel: threading.Event | None
    ) -> Drawing:
        if "huge" in order.prompt:
            raise OutOfMemory
        size = (order.width or 128, order.height or 128)
        [colour, *_] = [*re.findall("|".join(PAINTS), order.prompt), "red"]
        for step in range(1, STEPS + 1):
            self._before()
            if cancel and cancel.is_set():
                raise Cancelled
            shade = tuple(part * step // STEPS for part in PAINTS[colour])
            on_stage(Stage(number, len(order.seeds), step, STEPS, Image.new("RGB", (32, 32), shade)))
        seed = order.seeds[number - 1]
        made: dict[str, Any] = {
            "model": self.id, "revision": self.revision, "prompt": order.prompt, "negative": order.negative,
            "seed": seed, "steps": order.steps or STEPS, "guidance": order.guidance or 2.5,
            "width": size[0], "height": size[1], "scheduler": "none",
        }  # fmt: skip
        if order.source:
            made["strength"] = order.strength or 0.5
        return Drawing(Image.new("RGB", size, PAINTS[colour]), seed, made, "unfit" in order.prompt)


def install(patch: pytest.MonkeyPatch, before: Callable[[], None] = lambda: None) -> Painter:
    """Let a painter draw, whatever the settings name."""
    painter = Painter(before)
    for module in (models, assembly):
        patch.setattr(module, "generator", lambda *_: painter)
    return painter
