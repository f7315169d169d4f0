"""The pocket encoder's eyes: the two-scale tower, and a small transformer that makes one vector of its maps.

Registered with timm, so that an ordinary open_clip configuration names it; import this module before loading one.
"""

from __future__ import annotations

from typing import Any

import torch
from timm.models import register_model
from torch import nn
from torch.nn.functional import avg_pool2d, log_softmax

from runtime.pocket.naming import imagenet_names
from runtime.pocket.tower import BACKBONE, TwoScaleTower

ARCHITECTURE = "vistalk_pooled_lite2"
PLACES = 4
"""Rows and columns of places that the transformer looks at; maps are averaged to that."""

WIDTH, HEADS, LAYERS = 384, 6, 1
NAMES_SPREAD = 0.3
"""Brings the naming head's log-probabilities to about the spread of the other features."""


class Pool(nn.Module):
    """Averaged maps (batch, places, features) to vectors (batch, `out`).

    One token for each place, and one for the whole picture, which also reads what the ImageNet head makes of it and
    becomes the result. Coarse features are counts of evidence, so their square roots are compared.
    """

    def __init__(self, coarse: int, features: int, out: int, dropout: float = 0.2) -> None:
        super().__init__()
        names = len(imagenet_names())
        self.coarse = coarse
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("deviation", torch.ones(features))
        self.namer = nn.Linear(coarse, names).requires_grad_(False)
        self.places = nn.Linear(features, WIDTH)
        self.whole = nn.Linear(coarse + names, WIDTH)
        self.position = nn.Parameter(torch.randn(1 + PLACES**2, WIDTH) * 0.02)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(WIDTH, HEADS, WIDTH * 3, dropout, "gelu", batch_first=True, norm_first=True)
            for _ in range(LAYERS)
        )
        self.norm = nn.LayerNorm(WIDTH)
        self.project = nn.Linear(WIDTH, out, bias=False)
        self.drop = nn.Dropout(dropout)

    def rooted(self, places: torch.Tensor) -> torch.Tensor:
        """With the coarse features' square roots."""
        return torch.cat([places[..., : self.coarse].clamp(min=0).sqrt(), places[..., self.coarse :]], -1)

    def forward(self, places: torch.Tensor) -> torch.Tensor:
        """See the class."""
        names = log_softmax(self.namer(places[..., : self.coarse].mean(1)), -1) * NAMES_SPREAD
        x = (self.rooted(places) - self.mean) / self.deviation
        whole = self.whole(self.drop(torch.cat([x[..., : self.coarse].mean(1), names], -1)))
        x = torch.cat([whole[:, None], self.places(self.drop(x))], 1) + self.position
        for block in self.blocks:
            x = block(x)
        return self.project(self.norm(x[:, 0]))


class PooledTower(nn.Module):
    """Pictures (batch, 3, side, side) to vectors (batch, `num_features`)."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.tower = TwoScaleTower(BACKBONE)
        self.pool = Pool(self.tower.coarse_features, self.tower.num_features, num_features)
        self.num_features = num_features

    def averaged(self, pixels: torch.Tensor) -> torch.Tensor:
        """The maps of the frozen tower, averaged to places: (batch, `PLACES`², features)."""
        maps = self.tower(pixels)
        return avg_pool2d(maps, maps.shape[-1] // PLACES).flatten(2).transpose(1, 2)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """See the class."""
        return self.pool(self.averaged(pixels))


@register_model
def vistalk_pooled_lite2(num_classes: int, **_: Any) -> PooledTower:
    """For `timm.create_model`; open_clip asks for as many classes as its vectors have dimensions."""
    return PooledTower(num_classes)
