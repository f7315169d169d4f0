"""The pocket generator's network: diffusers' U-Net over the picture's 4 × 4 patches, told of words and of a hint.

It reads the noisy picture and the hint (channels side by side, as in InstructPix2Pix, Brooks et al. 2023) and gives the
clean picture (as in "Back to basics", Li & He 2025): what it draws at every step is a preview of the end. The path is
straight (flow matching) and begins not at noise but at the noisy hint (data-dependent couplings, Albergo et al. 2023),
so that little is left to be made up: noisy = (1 - sigma) picture + sigma (hint + `SPREAD` noise).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch.nn.functional import pixel_shuffle, pixel_unshuffle

PATCH = 4
CHANNELS = 3 * PATCH**2
WORD_DIMENSION = 384
MOST_TOKENS = 16
SPREAD = 0.1
"""Of the noise that is added to a hint, pictures being in [-1, 1]."""

WIDTHS = (96, 160, 192)
CONFIGURATION: dict[str, Any] = {
    "sample_size": 128 // PATCH,
    "in_channels": 2 * CHANNELS,
    "out_channels": CHANNELS,
    "down_block_types": ("DownBlock2D", "DownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D", "UpBlock2D"),
    "layers_per_block": 1,
    "cross_attention_dim": WORD_DIMENSION,
    "attention_head_dim": 8,
    "norm_num_groups": 16,
}


class Words(NamedTuple):
    """What the texts say: states (texts, tokens, `WORD_DIMENSION`), and which tokens are there (texts, tokens)."""

    states: torch.Tensor
    there: torch.Tensor

    def before(self, other: Words) -> Words:
        """The texts of both, one after another."""
        return Words(torch.cat([self.states, other.states]), torch.cat([self.there, other.there]))


def build(widths: tuple[int, ...] = WIDTHS) -> Any:
    """The untrained network, float32, with so many channels at each scale. Its answer begins as the hint itself."""
    from diffusers import UNet2DConditionModel

    unet = UNet2DConditionModel(block_out_channels=widths, **CONFIGURATION)
    torch.nn.init.zeros_(unet.conv_out.weight)
    torch.nn.init.zeros_(unet.conv_out.bias)
    return unet.to(memory_format=torch.channels_last)


def clean(unet: Any, noisy: torch.Tensor, hint: torch.Tensor, sigma: torch.Tensor, words: Words) -> torch.Tensor:
    """The clean pictures that the network sees in noisy ones.

    Args:
        unet: as `build` makes it.
        noisy: (pictures, 3, side, side), pictures being in [-1, 1].
        hint: likewise.
        sigma: (pictures,), how far they are on the way to the noisy hint, in (0, 1].
        words: one text for each.
    """
    patches = pixel_unshuffle(torch.cat([noisy, hint], 1), PATCH).to(unet.dtype, memory_format=torch.channels_last)
    answer = unet(patches, sigma * 1000, words.states.to(unet.dtype), encoder_attention_mask=words.there).sample
    return hint + pixel_shuffle(answer, PATCH).float()


def read(texts: list[str], encoder: Any, tokenizer: Any) -> Words:
    """What the sentence encoder makes of each token."""
    tokens = tokenizer(texts, padding="max_length", truncation=True, max_length=MOST_TOKENS, return_tensors="pt").to(
        encoder.device
    )
    with torch.no_grad():
        return Words(encoder(**tokens).last_hidden_state, tokens.attention_mask.bool())
