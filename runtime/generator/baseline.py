"""The pipeline as diffusers runs it, to measure ours against."""

from __future__ import annotations

import time

from runtime.generator.base import Order
from runtime.generator.call import Call
from runtime.generator.painter import Painter


def bare_draw(painter: Painter, order: Order, seed: int) -> float:
    """Seconds for the same picture from words, with nobody watching and nothing that could stop it."""
    arguments = Call(painter.pipe, order, painter.sizes).arguments(seed)
    started = time.perf_counter()
    painter.pipe(**arguments)
    return time.perf_counter() - started
