"""A library for tests: encoders that take no time and whose vectors can be reckoned by hand, files, an owner process.

Run as a program, it is a vistalk that has the data directory open: it says when its door is open, and when somebody
made it encode; then it encodes for ever.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from memory.home import Home
from memory.library.records import Progress
from runtime.encoder.base import Vectors, unit
from runtime.models import model_pool
from runtime.settings import Settings, load_settings
from ui import librarian
from ui.door import Door
from ui.visitor import carry_out

LONG = 60
"""Seconds that a test waits for anything."""

PAINTS = {"red": (220, 30, 30), "green": (30, 220, 30), "blue": (30, 30, 220), "yellow": (220, 220, 30)}


class Colours:
    """Pictures are their mean colour; words are the colours that they name."""

    id = "colours"
    dimension = 4

    def __init__(self, before: Callable[[], None] = lambda: None) -> None:
        self._before = before

    def encode_images(self, images: Sequence[Image.Image]) -> Vectors:
        self._before()
        return unit(np.array([[*np.asarray(image.convert("RGB")).mean((0, 1)), 20] for image in images]))

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        named = [[PAINTS[name] for name in re.findall("|".join(PAINTS), text)] for text in texts]
        return unit(np.array([[*np.mean(colours or [(1, 1, 1)], axis=0), 20] for colours in named]))


class Letters:
    """Passages and questions are counts of their letters."""

    id = "letters"
    dimension = 26

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        counts = [[text.lower().count(chr(ord("a") + i)) for i in range(26)] for text in texts]
        return unit(np.array(counts) + 0.01)

    encode_queries = encode_passages


def install(patch: pytest.MonkeyPatch, before: Callable[[], None] = lambda: None) -> None:
    """Let the library use these encoders."""
    patch.setattr(librarian, "encoder", lambda *_: Colours(before))
    patch.setattr(librarian, "passage_encoder", lambda *_: Letters())


def paint(path: Path, colour: str, side: int = 40) -> Path:
    """A picture file of one colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (side, side), PAINTS[colour]).save(path)
    return path


def folder_of(path: Path) -> Path:
    """Four pictures with a catalogue that knows one of them, and a document."""
    for colour in PAINTS:
        paint(path / f"{colour}.png", colour)
    (path / "catalogue.csv").write_text("image,name,description\nred.png,Ember,a red mug\n", encoding="utf-8")
    (path / "rules.md").write_text(
        "# Rules\n\n## Returns\n\nBring it back within thirty days.\n\n## Queue\n\nWait, please.\n", encoding="utf-8"
    )
    return path


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def ask(own: Settings, asked: Any, cancel: threading.Event | None = None) -> tuple[Any, list[Progress]]:
    """Have a request carried out; its answer, and what was told of progress."""
    told: list[Progress] = []
    return carry_out(own, asked, told.append, cancel or threading.Event()), told


def main() -> None:
    """See the module."""
    settings = load_settings()

    def stuck() -> None:
        _tell("encoding")
        threading.Event().wait()

    with pytest.MonkeyPatch.context() as patch:
        install(patch, stuck)
        with Home.open(settings) as home, closing(Door(librarian.Librarian(settings, home, model_pool(settings)))):
            _tell("open")
            sys.stdin.read()


if __name__ == "__main__":
    main()
