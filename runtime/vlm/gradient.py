"""The gradient attack on a model that runs here: pictures changed by a few levels so that an answer becomes unlikely.

The gradient is followed through the model and through its image processor to the picture's own 8-bit values, so what
comes out is a picture like any other, and is shown to the model like any other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from PIL import Image

from runtime.errors import GenerationFailed
from runtime.vlm.base import Part
from runtime.vlm.decoding import translated

if TYPE_CHECKING:
    from runtime.vlm.engine import VisionEngine


def attacked(
    engine: VisionEngine, pictures: Sequence[Image.Image], words: str, answer: str, *, epsilon: int, steps: int
) -> list[Image.Image]:
    """The pictures, no value of which moved by more than `epsilon` of 255 levels, that make the answer least likely.

    Projected gradient ascent on the answer's loss after the words (Madry et al. 2018), by the gradient's sign; with
    one step it is FGSM. Of all the steps' pictures the worst is taken, the unchanged one included.

    Raises:
        GenerationFailed: the model or its processor cannot be differentiated.
        OutOfMemory
    """
    try:
        return _attacked(engine, pictures, words, answer, epsilon, steps)
    except Exception as error:
        raise translated(error) from error


def _attacked(
    engine: VisionEngine, pictures: Sequence[Image.Image], words: str, answer: str, epsilon: int, steps: int
) -> list[Image.Image]:
    clean = [torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() for picture in pictures]
    keys = [hashlib.sha256(picture.tobytes()).hexdigest() for picture in pictures]
    target = engine.prompter.words(answer)
    stride = max(1.0, 2.5 * epsilon / steps) if steps > 1 else float(epsilon)
    now, worst, highest = clean, clean, -float("inf")
    for step in range(steps + 1):
        seen = [one.clone().requires_grad_() for one in now]
        loss = _loss(engine, seen, keys, words, target)
        if loss.item() > highest:
            worst, highest = now, loss.item()
        if step < steps:
            gradients = torch.autograd.grad(loss, seen)
            now = [_moved(*each, stride, epsilon) for each in zip(now, clean, gradients, strict=True)]
    return [Image.fromarray(one.permute(1, 2, 0).byte().numpy()) for one in worst]


def _moved(now: torch.Tensor, clean: torch.Tensor, gradient: torch.Tensor, stride: float, epsilon: int) -> torch.Tensor:
    """A step uphill to whole levels, kept within epsilon of the clean picture and within 0 to 255."""
    moved = (now + stride * gradient.sign()).round()
    return torch.minimum(torch.maximum(moved, clean - epsilon), clean + epsilon).clamp(0, 255)


def _loss(
    engine: VisionEngine, pictures: list[torch.Tensor], keys: list[str], words: str, target: list[int]
) -> torch.Tensor:
    """The mean negative log-likelihood of the target's tokens after the pictures and the words, in nats."""
    # The processors of transformers take tensors of shape (3, height, width) in the place of pictures.
    parts = [Part(image=cast("Image.Image", one), key=key) for one, key in zip(pictures, keys, strict=True)]
    inputs: dict[str, Any] = engine.prompter.prompt([("user", [*parts, Part(text=words)])]).inputs
    if not inputs["pixel_values"].requires_grad:
        raise GenerationFailed("This model's image processor lets no gradient through.")
    length = inputs["input_ids"].shape[1]
    ids = torch.cat([inputs["input_ids"], torch.tensor([target])], 1)
    inputs = {
        name: torch.nn.functional.pad(value, (0, len(target))) if value.shape == (1, length) else value
        for name, value in inputs.items()
    } | {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    device, dtype = engine.model.device, engine.model.dtype
    placed = {k: v.to(device, dtype) if v.is_floating_point() else v.to(device) for k, v in inputs.items()}
    logits = engine.model(**placed, use_cache=False).logits[0, length - 1 : -1].float()
    return torch.nn.functional.cross_entropy(logits, ids[0, length:].to(device))
