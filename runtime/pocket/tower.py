"""The pocket model's eyes: an ImageNet EfficientNet-lite whose last two scales are read together.

The last feature map knows what things are, the one before it where they are: each of its 2 × 2 cells is folded into
channels, so the finer scale costs no further token. The network's own ImageNet head is kept for naming (`Namer`).

Registered with timm, so that an ordinary `TimmWrapperConfig` names it; import this module before loading a checkpoint.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import timm
import torch
from timm.models import register_model
from torch import nn
from torch.nn.functional import pixel_unshuffle

from runtime.pocket.naming import Namer, imagenet_names

ARCHITECTURE = "vistalk_two_scale_lite2"
BACKBONE = "tf_efficientnet_lite2"
FOLD, FINE_STRIDE = 2, 16


class TwoScaleTower(nn.Module):
    """Pictures (batch, 3, side, side) to features (batch, `num_features`, side / 32, side / 32)."""

    def __init__(self, backbone: str) -> None:
        super().__init__()
        self.backbone = timm.create_model(backbone, pretrained=False, num_classes=0, global_pool="")
        fine = next(stage for stage in self.backbone.feature_info if stage["reduction"] == FINE_STRIDE)
        self._fine_block = int(fine["stage"]) - 1
        self.coarse_features = int(self.backbone.num_features)
        self.num_features = self.coarse_features + int(fine["num_chs"]) * FOLD**2

    def forward_features(self, pixels: torch.Tensor) -> torch.Tensor:
        """Both scales side by side, the coarse one first."""
        x = self.backbone.bn1(self.backbone.conv_stem(pixels))
        for index, stage in enumerate(self.backbone.blocks):
            x = stage(x)
            if index == self._fine_block:
                fine = x
        coarse = self.backbone.bn2(self.backbone.conv_head(x))
        return torch.cat([coarse, pixel_unshuffle(fine, FOLD)], 1)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """See `forward_features`."""
        return self.forward_features(pixels)


@register_model
def vistalk_two_scale_lite2(**_: Any) -> TwoScaleTower:
    """For `timm.create_model`, whose options have no meaning here; weights come from the checkpoint."""
    return TwoScaleTower(BACKBONE)


def load(vision: Path) -> tuple[TwoScaleTower, Namer]:
    """The tower and its head with the ImageNet weights of the packaged file, whose tensors come in timm's order."""
    whole = timm.create_model(BACKBONE, pretrained=False)
    tensors = torch.load(vision, map_location="cpu", weights_only=True)
    whole.load_state_dict(dict(zip(whole.state_dict(), tensors.values(), strict=True)))
    eyes = TwoScaleTower(BACKBONE).eval()
    eyes.backbone.load_state_dict(whole.state_dict(), strict=False)
    namer = Namer(eyes.coarse_features, imagenet_names()).eval()
    namer.classifier.load_state_dict(whole.get_classifier().state_dict())
    return eyes, namer
