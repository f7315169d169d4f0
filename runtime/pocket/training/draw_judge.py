"""An independent judge of drawings: a frozen ImageNet tower and a linear head that learned from real icons only.

It has seen no drawing of ours, and none of the icons that the generator's training was kept from: on those its own
accuracy is stated.

<run>/judge.safetensors  the head, and the spread of the features
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import nn

from runtime.pocket.drawing.colours import COLOURS, recoloured
from runtime.pocket.drawing.composing import Place, blurred, composed, shaken
from runtime.pocket.training.augment import normalised
from runtime.pocket.training.draw_examples import Icons

SIDE, BATCH = 160, 24
EPOCHS, RATE = 40, 2e-3
HEAD = "judge.safetensors"
WHOLE = Place(0, 0.5, 0.5, 1.0)

Report = Callable[[int, int], None]
"""Takes how many pictures have been looked at, and how many there are."""


class Judge:
    """Says which things of the repertoire a picture may show."""

    def __init__(self, eyes: Any, tensors: dict[str, torch.Tensor]) -> None:
        self._eyes, self._tensors = eyes, tensors

    def ranked(self, pictures: Sequence[Image.Image]) -> torch.Tensor:
        """The numbers of all things (pictures, concepts), the likeliest first."""
        seen = (features(self._eyes, pictures) - self._tensors["mean"]) / self._tensors["spread"]
        return (seen @ self._tensors["weight"].T + self._tensors["bias"]).argsort(1, descending=True)


def judge(run: Path, eyes: Any, icons: Icons, report: Report) -> Judge:
    """The judge of a run's folder, trained unless it is there."""
    file = run / HEAD
    if not file.exists():
        save_file(_trained(eyes, icons, report), file)
    return Judge(eyes, load_file(file))


def features(eyes: Any, pictures: Sequence[Image.Image]) -> torch.Tensor:
    """What the tower makes of pictures (pictures, features), averaged over places; roots, as they are counts."""
    with torch.inference_mode():
        pixels = torch.stack(
            [normalised(picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC)) for picture in pictures]
        )
        pixels = pixels.to(torch.bfloat16, memory_format=torch.channels_last)
        seen = eyes(pixels).float().mean((2, 3))
        return seen.sign() * seen.abs().sqrt()


def _trained(eyes: Any, icons: Icons, report: Report) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    shown = [(at, style) for at in range(len(icons.concepts)) for style in icons.styles(at)]
    rows: list[torch.Tensor] = []
    labels: list[int] = []
    views = [(at, style, view) for at, style in shown for view in range(3)]
    for start in range(0, len(views), BATCH):
        batch = views[start : start + BATCH]
        rows.append(features(eyes, [_view(icons, *view) for view in batch]))
        labels += [at for at, _, _ in batch]
        report(len(labels), len(views))
    seen, wanted = torch.cat(rows), torch.tensor(labels)
    mean, spread = seen.mean(0), seen.std(0) + 1e-2
    seen = (seen - mean) / spread
    head = nn.Linear(seen.shape[1], len(icons.concepts))
    nn.init.zeros_(head.weight)
    optimizer = torch.optim.AdamW(head.parameters(), lr=RATE, weight_decay=0.1)
    for epoch in range(EPOCHS):
        for rows_of in torch.randperm(len(seen)).split(256):
            dropped = nn.functional.dropout(seen[rows_of], 0.3)
            loss = nn.functional.cross_entropy(head(dropped), wanted[rows_of], label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        for group in optimizer.param_groups:
            group["lr"] = RATE * (1 - (epoch + 1) / EPOCHS)
    return {"weight": head.weight.detach(), "bias": head.bias.detach(), "mean": mean, "spread": spread}


def _view(icons: Icons, concept: int, style: str, view: int) -> Image.Image:
    """An icon as it is; turned and moved; or so in another colour and a little out of focus."""
    chance = random.Random(f"judge {concept} {style} {view}")
    icon = icons.picture(concept, style)
    if view == 0:
        return composed([WHOLE], [icon])
    if view == 1:
        return composed(shaken([WHOLE], chance), [icon])
    changed = recoloured(icon, chance.choice(list(COLOURS))) or icon
    return blurred(composed(shaken([WHOLE], chance), [changed]), chance.randint(40, 100))
