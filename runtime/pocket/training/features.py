"""What the frozen tower sees in each training picture, computed once and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import torch
from PIL import Image, ImageOps
from safetensors.torch import load_file, save_file

from runtime.pocket.pooled import PooledTower
from runtime.pocket.training.augment import normalised
from runtime.pocket.training.data import Example

BATCH = 32
MIRRORED = ("flickr8k",)
"""Sources that are read often enough for mirrored pictures to matter."""

Report = Callable[[str, int, int], None]
"""Takes the source, and how many of its pictures are done and how many there are."""


class Features:
    """The averaged maps of pictures, in bfloat16, as they are and mirrored."""

    def __init__(self) -> None:
        self._tables: list[torch.Tensor] = []
        self._places: dict[Path, tuple[int, int, int]] = {}

    def add(self, pictures: Sequence[Path], plain: torch.Tensor, mirrored: torch.Tensor) -> None:
        """Take the maps (pictures, places, features) of some pictures; of mirrored ones there may be none."""
        table = len(self._tables)
        self._tables += [plain, mirrored]
        for row, picture in enumerate(pictures):
            self._places[picture] = (table, table + 1 if len(mirrored) else table, row)

    def of(self, pictures: Sequence[Path | None], mirrored: Sequence[bool]) -> torch.Tensor:
        """The maps of these pictures, float32 (pictures, places, features)."""
        found = [(self._places[picture], turned) for picture, turned in zip(pictures, mirrored, strict=True) if picture]
        return torch.stack([self._tables[place[turned]][place[2]] for place, turned in found]).float()

    def sample(self, most: int) -> torch.Tensor:
        """Some of the maps of each source, to see how features are spread."""
        return torch.cat([table[:most] for table in self._tables[::2]]).float()


def read_features(
    sources: Mapping[str, Sequence[Example]], tower: PooledTower, side: int, folder: Path, report: Report
) -> Features:
    """The maps of all sources' pictures; a source that is done already is read from `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    features = Features()
    for name, examples in sources.items():
        pictures = list(dict.fromkeys(example.picture for example in examples if example.picture))
        file = folder / f"{name}.safetensors"
        if not file.exists():
            looked = partial(report, name)
            plain = _maps(pictures, tower, side, mirrored=False, report=looked)
            turned = _maps(pictures if name in MIRRORED else [], tower, side, mirrored=True, report=looked)
            save_file({"plain": plain, "mirrored": turned}, folder / f"{name}.part")
            (folder / f"{name}.part").replace(file)
        tables = load_file(file)
        features.add(pictures, tables["plain"], tables["mirrored"])
    return features


def _maps(
    pictures: Sequence[Path],
    tower: PooledTower,
    side: int,
    *,
    mirrored: bool,
    report: Callable[[int, int], None],
) -> torch.Tensor:
    rows: list[torch.Tensor] = []
    tower = tower.to(torch.bfloat16, memory_format=torch.channels_last)
    with torch.inference_mode():
        for at in range(0, len(pictures), BATCH):
            pixels = torch.stack([_pixels(picture, side, mirrored) for picture in pictures[at : at + BATCH]])
            seen = tower.averaged(pixels.to(torch.bfloat16, memory_format=torch.channels_last))
            rows.append(seen)
            report(min(at + BATCH, len(pictures)), len(pictures))
    return torch.cat(rows).contiguous() if rows else torch.empty(0)


def _pixels(picture: Path, side: int, mirrored: bool) -> torch.Tensor:
    with Image.open(picture) as opened:
        image = opened.convert("RGB").resize((side, side), Image.Resampling.BICUBIC)
    return normalised(ImageOps.mirror(image) if mirrored else image)
