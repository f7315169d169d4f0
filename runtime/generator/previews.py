"""Small pictures of what is being drawn: latents seen through a tiny autoencoder, or projected to three colours.

A scheduler that also says what it takes the finished latents for is listened to, since that shows more, sooner, than
the noisy latents themselves.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from runtime.generator.hub import preview

SIDE = 128
"""Pixels of a preview's longer side, at most."""

PATCHES, PATCH = 8, 16
"""The projection is learned from PATCHES×PATCHES squares, each of one colour and PATCH pixels wide."""

Preview = Callable[[torch.Tensor], Image.Image]
"""Takes latents as the denoiser sees them: (1, channels, height, width)."""


def previewer(pipe: Any, tiny: str | None, device: str, dtype: torch.dtype) -> Preview | None:
    """How to look at a pipeline's latents; None where it has no autoencoder to look through."""
    if tiny:
        return _through(preview(tiny), device, dtype)
    vae = getattr(pipe, "vae", None)
    return None if vae is None else _projected(vae)


def _through(folder: Path, device: str, dtype: torch.dtype) -> Preview:
    from diffusers import AutoencoderTiny

    vae = AutoencoderTiny.from_pretrained(folder, dtype=dtype, use_safetensors=True, local_files_only=True).to(device)
    scale = 2 ** (len(vae.config.decoder_block_out_channels) - 1)

    def see(latents: torch.Tensor) -> Image.Image:
        few = _reduced(latents, SIDE // scale).to(device, vae.dtype)
        return _picture(vae.decode(few / vae.config.scaling_factor).sample[0])

    return see


def _projected(vae: Any) -> Preview:
    """Each latent pixel becomes one colour by the linear map that fits best where the colours are known."""
    with torch.inference_mode():
        colours = torch.rand((1, 3, PATCHES, PATCHES), generator=torch.Generator().manual_seed(0)) * 2 - 1
        pixels = torch.nn.functional.interpolate(colours, scale_factor=PATCH).to(vae.device, vae.dtype)
        shift, factor = getattr(vae.config, "shift_factor", None) or 0.0, vae.config.scaling_factor
        latents = ((vae.encode(pixels).latent_dist.mode() - shift) * factor).float().cpu()
        seen = torch.nn.functional.interpolate(colours, size=latents.shape[2:])[0].flatten(1).T
        rows = latents[0].flatten(1).T
        known = torch.cat([rows, torch.ones(len(rows), 1)], 1)
        solved = torch.linalg.lstsq(known, seen, driver="gelsd").solution  # (channels + 1, 3); any rank will do
    weights, bias = solved[:-1], solved[-1]

    def see(latents: torch.Tensor) -> Image.Image:
        few = _reduced(latents, SIDE)[0].float().cpu()
        return _picture(torch.einsum("chw,cd->dhw", few, weights) + bias[:, None, None])

    return see


def _reduced(latents: torch.Tensor, side: int) -> torch.Tensor:
    """Averaged down to at most that many latents a side."""
    height, width = latents.shape[2:]
    scale = side / max(height, width)
    if scale >= 1:
        return latents
    size = max(1, round(height * scale)), max(1, round(width * scale))
    return torch.nn.functional.interpolate(latents.float(), size=size, mode="area")


def _picture(pixels: torch.Tensor) -> Image.Image:
    """From (3, height, width) between -1 and 1."""
    bytes_ = ((pixels.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(1, 2, 0)
    return Image.fromarray(np.asarray(bytes_.cpu().contiguous()))


@contextmanager
def expected(scheduler: Any) -> Iterator[list[torch.Tensor]]:
    """A list that holds, after each step, what the scheduler takes the finished latents for, if it says so."""
    step = scheduler.step
    latest: list[torch.Tensor] = []

    @functools.wraps(step)  # pipelines look at its parameters
    def listened(*args: Any, **kwargs: Any) -> Any:
        result = step(*args, **kwargs)
        latest[:] = result[1:2] if isinstance(result, tuple) else []
        return result

    scheduler.step = listened
    try:
        yield latest
    finally:
        del scheduler.step  # the class's own again
