"""A tiny pipeline behind the generator, as the settings would open it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from PIL import Image

from runtime.generator.leased import LeasedGenerator
from runtime.models import generator
from runtime.pool import ModelPool
from runtime.presets import preset_of
from runtime.settings import load_settings


def opened(folder: Path | str, pool: ModelPool | None = None, **settings: Any) -> LeasedGenerator:
    chosen = load_settings(**{"generator": str(folder), "dtype": "float32", "device": "cpu", **settings})
    made = generator(chosen, preset_of(chosen), pool or ModelPool(2 * 2**30))
    assert isinstance(made, LeasedGenerator)
    return made


def bytes_of(image: Image.Image) -> tuple[tuple[int, int], bytes]:
    return image.size, image.tobytes()


class Countdown(threading.Event):
    """Is set from the time it was looked at so often; `looks` counts."""

    def __init__(self, after: float) -> None:
        super().__init__()
        self.after = after
        self.looks = 0

    def is_set(self) -> bool:
        self.looks += 1
        return self.looks > self.after
