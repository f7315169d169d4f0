"""Which preset fits this machine, by its memory, its GPU and its disk; and which of a preset's models are here."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from runtime.errors import SetupError
from runtime.hardware import best_device, total_memory
from runtime.models import Part, parts, present
from runtime.presets import Preset, presets
from runtime.settings import Settings

NEARLY = 0.9
"""Of the memory that a preset asks for: a machine of 8 GB has a little less than that to give."""

SPARE = 2.0
"""Gigabytes of disk that a download leaves free."""


@dataclass(frozen=True)
class Machine:
    """What a choice depends on, in gigabytes (10^9 bytes); `gpu` is 0 where there is none with memory of its own."""

    memory: float
    gpu: float
    disk: float


@dataclass(frozen=True)
class Piece:
    """One of a preset's models.

    Attributes:
        part: what it does.
        name: "pocket", a hub id, an open_clip model or a folder.
        bytes: on disk; None where it is not here.
        download: gigabytes to fetch, about; None where nobody said.
        here: whether it can be used.
    """

    part: Part
    name: str
    bytes: int | None
    download: float | None

    @property
    def here(self) -> bool:
        """Whether it can be used without fetching anything."""
        return self.bytes is not None


def this_machine(settings: Settings) -> Machine:
    """What this machine has; the disk is that of the data directory."""
    there = next(folder for folder in (settings.home, *settings.home.parents) if os.access(folder, os.F_OK))
    return Machine(total_memory() / 1e9, _gpu(), shutil.disk_usage(there).free / 1e9)


@cache
def _gpu() -> float:
    import torch

    return torch.cuda.mem_get_info()[1] / 1e9 if best_device("auto") == "cuda" else 0.0


def pieces(settings: Settings, preset: Preset) -> list[Piece]:
    """The preset's models, looked for without a network."""
    return [_piece(settings, preset, part) for part in parts(preset)]


def missing(found: list[Piece]) -> float:
    """Gigabytes that are still to be fetched, about."""
    return sum(piece.download or 0.0 for piece in found if not piece.here)


def fits(preset: Preset, machine: Machine, download: float = 0.0) -> bool:
    """Whether the preset runs well on such a machine, once so many gigabytes are fetched."""
    if download and download + SPARE > machine.disk:
        return False
    on_gpu = preset.gpu_gb is not None and machine.gpu >= NEARLY * preset.gpu_gb
    on_processor = preset.memory_gb is not None and machine.memory >= NEARLY * preset.memory_gb
    return on_gpu or on_processor


def recommended(settings: Settings, machine: Machine) -> Preset:
    """The most capable preset that fits; they stand in that order. The first one where none does."""
    known = list(presets().values())
    fitting = [preset for preset in known if fits(preset, machine, missing(pieces(settings, preset)))]
    return fitting[-1] if fitting else known[0]


def _piece(settings: Settings, preset: Preset, part: Part) -> Piece:
    name = str(getattr(preset, part))
    own = presets()[preset.name]
    download = own.download_gb.get(part) if name == getattr(own, part) else None
    try:
        return Piece(part, name, folder_size(present(settings, preset, part)), download)
    except SetupError:  # not here, or not whole
        return Piece(part, name, None, download)


def folder_size(folder: Path) -> int:
    """Bytes of all the files below a folder, or of the one file; 0 where it is not there.

    What disappears while it is counted is left out.
    """
    if folder.is_file():
        return folder.stat().st_size
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(Path(place, name)).st_size  # noqa: PTH116  follows the links of the hub's cache
            except FileNotFoundError:
                continue
    return total
