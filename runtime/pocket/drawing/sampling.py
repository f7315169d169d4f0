"""From a noisy hint to a picture in a few steps, guided away from what the network would draw without the words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from runtime.pocket.drawing.network import SPREAD, Words, clean

STEPS, GUIDANCE = 2, 1.0
"""When drawing, unless others are asked for."""

AVOIDING = 2.0
"""The least guidance where something is to be drawn away from."""


def scheduler() -> Any:
    """Euler's steps on the straight path."""
    from diffusers import FlowMatchEulerDiscreteScheduler

    return FlowMatchEulerDiscreteScheduler()


def sampled(
    unet: Any,
    schedule: Any,
    hint: torch.Tensor,
    words: Words,
    otherwise: Words,
    *,
    steps: int,
    guidance: float,
    generator: torch.Generator,
    seen: Callable[[int, torch.Tensor, torch.Tensor], None],
) -> torch.Tensor:
    """One picture (1, 3, side, side) in [-1, 1].

    Args:
        hint: of that shape.
        words: one text. `otherwise`: what it is guided away from, the empty text where nothing is to be avoided.
        guidance: how far; 1 or less is not at all.
        generator: of the processor, so that a seed means the same on every device.
        seen: called after every step with its number from 0, its time and the clean picture as it looks by then.
    """
    device = hint.device
    schedule.set_timesteps(sigmas=[1 - step / steps for step in range(steps)], device=device)
    noisy = hint + SPREAD * torch.randn(hint.shape, generator=generator).to(device)
    guided = guidance > 1
    texts = words.before(otherwise) if guided else words
    copies = 2 if guided else 1
    for step, time in enumerate(schedule.timesteps):
        sigma = schedule.sigmas[step]
        with torch.no_grad():
            batch = noisy.expand(copies, -1, -1, -1), hint.expand(copies, -1, -1, -1)
            answers = clean(unet, *batch, sigma.expand(copies), texts)
        picture = answers[:1] + (guidance - 1) * (answers[:1] - answers[1:]) if guided else answers
        picture = picture.clamp(-1, 1)
        noisy = schedule.step((noisy - picture) / sigma, time, noisy, return_dict=False)[0]
        seen(step, time, picture)
    return picture
