"""An order in the words of one pipeline of diffusers: each takes other arguments, and has values of its own."""

from __future__ import annotations

import inspect
import itertools
from typing import Any

import torch
from PIL import Image

from runtime.errors import BadOrder
from runtime.generator.base import Order
from runtime.generator.orders import Sizes


class Call:
    """An order in the words of one pipeline, whose own values stand where the order has none."""

    def __init__(self, pipe: Any, order: Order, sizes: Sizes) -> None:
        self._order = order
        self._takes = parameters(pipe)
        self._size = sizes.of(order)
        own = {name: parameter.default for name, parameter in self._takes.items()}
        self.steps = int(own["num_inference_steps"] if order.steps is None else order.steps)
        guidance = own.get("guidance_scale", 0.0) if order.guidance is None else order.guidance
        if order.negative and (guidance <= 1 or "negative_prompt" not in self._takes):
            raise BadOrder(
                "Without guidance above 1, a negative prompt has no effect.",
                hint="Leave it out, or ask for more guidance where the model takes it.",
            )
        self.settings: dict[str, str | int | float] = {
            "prompt": order.prompt,
            "negative": order.negative,
            "steps": self.steps,
            "guidance": float(guidance),
        }
        if hasattr(pipe, "scheduler"):
            self.settings["scheduler"] = type(pipe.scheduler).__name__
        if order.source is not None:
            self.settings["strength"] = float(own["strength"] if order.strength is None else order.strength)

    def arguments(self, seed: int) -> dict[str, Any]:
        """What the pipeline is called with; what it does not take is left out."""
        width, height = self._size
        wanted: dict[str, Any] = {
            "prompt": self._order.prompt,
            "negative_prompt": self._order.negative or None,
            "width": width,
            "height": height,
            "num_inference_steps": self.steps,
            "guidance_scale": self.settings["guidance"],
            "generator": torch.Generator("cpu").manual_seed(seed),
            "output_type": "pil",
        }
        if self._order.source is not None:
            strength = float(self.settings["strength"])
            wanted["image"] = self._order.source.convert("RGB").resize(self._size, Image.Resampling.LANCZOS)
            wanted["strength"] = strength
            # only this share of the steps is done, of which there must be one
            wanted["num_inference_steps"] = next(n for n in itertools.count(self.steps) if int(n * strength) >= 1)
        return {name: value for name, value in wanted.items() if name in self._takes and value is not None}


def parameters(pipe: Any) -> dict[str, inspect.Parameter]:
    """What a pipeline takes when it is called."""
    return dict(inspect.signature(type(pipe).__call__).parameters)
