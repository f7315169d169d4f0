"""Where on a picture a reply came from: gradient × input at the visual tokens.

For each visual token the product of its embedding and the gradient of the reply's log-likelihood, summed over the
embedding's values, says to first order how much of that likelihood the token carries (Shrikumar et al. 2016). Its
magnitude is shown: a place that speaks against the reply was looked at as much as one that speaks for it, and on
drawings with one object at known places the magnitude follows the object more surely than the positive part does.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from runtime.vlm.base import Heat
from runtime.vlm.decoding import translated

if TYPE_CHECKING:
    from runtime.vlm.engine import VisionEngine
    from runtime.vlm.prompting import Prompt


def attribution(engine: VisionEngine, prompt: Prompt, reply: str) -> Heat | None:
    """How much the reply hangs on each place of the prompt's one picture.

    None where the picture's tokens are no square grid (several pictures, or tiles of one), or it hangs on no place.

    Raises:
        GenerationFailed, OutOfMemory
    """
    side = math.isqrt(prompt.visual_tokens)
    keys = {tag for tag in prompt.tags if isinstance(tag, tuple)}
    words = engine.prompter.words(reply)
    if len(keys) != 1 or side**2 != prompt.visual_tokens or not words:
        return None
    try:
        carried = _carried(engine, prompt, words)
    except Exception as error:
        raise translated(error) from error
    heat = np.abs(carried).reshape(side, side)
    if heat.max() <= 0:
        return None
    values: Heat = (heat / heat.max()).tolist()
    return values


def _carried(engine: VisionEngine, prompt: Prompt, reply: list[int]) -> NDArray[np.float32]:
    """Gradient × input of each visual token, shape (visual tokens,)."""
    captured: list[torch.Tensor] = []

    def capture(_: torch.nn.Module, args: Any, given: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        captured.append(given["inputs_embeds"].detach().requires_grad_())
        return args, given | {"inputs_embeds": captured[-1]}

    ids = torch.cat([prompt.inputs["input_ids"], torch.tensor([reply])], 1)
    inputs = prompt.inputs | {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    device, dtype = engine.model.device, engine.model.dtype
    placed = {k: v.to(device, dtype) if v.is_floating_point() else v.to(device) for k, v in inputs.items()}
    hook = engine.model.base_model.language_model.register_forward_pre_hook(capture, with_kwargs=True)
    try:
        with torch.enable_grad():
            logits = engine.model(**placed, use_cache=False).logits[0, prompt.length - 1 : -1].float()
            likelihood = logits.log_softmax(-1)[range(len(reply)), reply].sum()
            [gradient] = torch.autograd.grad(likelihood, captured)
    finally:
        hook.remove()
    product = (gradient.float() * captured[0].detach().float()).sum(-1)[0]
    values: NDArray[np.float32] = product[ids[0] == engine.prompter.image_token_id].cpu().numpy()
    return values
