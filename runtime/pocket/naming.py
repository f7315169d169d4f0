"""Names for what is on a picture, by the vision tower's own ImageNet head."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

if TYPE_CHECKING:
    from PIL import Image

HEAD, LABELS = "naming.safetensors", "naming.json"
LEAST, MOST = 0.06, 4
"""Probability from which a name is given, and how many at most."""


class Namer(nn.Module):
    """The head: coarse features (batch, features, height, width) to names, the likeliest first."""

    def __init__(self, features: int, names: Sequence[str]) -> None:
        super().__init__()
        self.labels = tuple(names)
        self.classifier = nn.Linear(features, len(names))

    @torch.no_grad()
    def names(self, maps: torch.Tensor) -> list[list[str]]:
        """For each picture the names that are probable enough. Further channels of the maps are not looked at."""
        pooled = maps[:, : self.classifier.in_features].float().mean((2, 3))
        probable, classes = self.classifier(pooled).softmax(-1).topk(MOST)
        return [
            [self.labels[int(c)] for p, c in zip(row, of, strict=True) if p >= LEAST]
            for row, of in zip(probable, classes, strict=True)
        ]

    def save(self, folder: Path) -> None:
        """Two files beside a checkpoint."""
        (folder / LABELS).write_text(json.dumps(self.labels), encoding="utf-8")
        save_file({name: value.bfloat16() for name, value in self.state_dict().items()}, folder / HEAD)

    @classmethod
    def load(cls, folder: Path) -> Namer:
        """What `save` wrote."""
        weights = load_file(folder / HEAD)
        namer = cls(weights["classifier.weight"].shape[1], json.loads((folder / LABELS).read_text(encoding="utf-8")))
        namer.load_state_dict(weights)
        namer.eval()
        return namer


def has_head(folder: Path) -> bool:
    """Whether a checkpoint is ours, with a naming head beside its weights."""
    return (folder / HEAD).exists()


def picture_hints(folder: Path, model: Any, processor: Any) -> Callable[[Image.Image], str] | None:
    """What a checkpoint with a naming head tells its language model of a picture; None where it has no such head."""
    if not has_head(folder):
        return None
    namer = Namer.load(folder).to(model.device)
    eyes = model.base_model.vision_tower.timm_model

    def hint(image: Image.Image) -> str:
        pixels = processor.image_processor(image, return_tensors="pt").pixel_values
        with torch.inference_mode():
            return tag_line(namer.names(eyes.forward_features(pixels.to(model.device, model.dtype)))[0])

    return hint


def tag_line(names: Sequence[str]) -> str:
    """What the language model reads after the visual tokens; "" for no names."""
    return f"Tags: {', '.join(names)}.\n" if names else ""


def imagenet_names() -> list[str]:
    """One short name for each of the 1,000 classes, in the head's order."""
    from timm.data import ImageNetInfo

    info = ImageNetInfo()
    return [info.index_to_description(index).split(",")[0] for index in range(info.num_classes())]
