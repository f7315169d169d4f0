"""What our serving of a model is measured against: the plainest `generate` of the same model, prompt and settings."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch
from transformers.generation.streamers import BaseStreamer

from runtime.vlm.engine import GREEDY, VisionEngine
from runtime.vlm.prompting import Conversation


@dataclass(frozen=True)
class Timing:
    """Seconds to the first token and to the last, and how many there were."""

    first: float
    total: float
    tokens: int

    @property
    def rate(self) -> float:
        """Tokens a second after the first."""
        return (self.tokens - 1) / (self.total - self.first)


def bare_generate(engine: VisionEngine, conversation: Conversation, tokens: int) -> Timing:
    """Process and decode exactly `tokens` tokens greedily: no grammar, no reuse, no log-probabilities, no thread."""
    clock = _Clock()
    started = time.perf_counter()
    inputs = engine.prompter.prompt(conversation).inputs
    if "pixel_values" in inputs:
        inputs = {**inputs, "pixel_values": inputs["pixel_values"].to(engine.model.dtype)}
    engine.model.generate(
        **{name: value.to(engine.model.device) for name, value in inputs.items()},
        max_new_tokens=tokens,
        min_new_tokens=tokens,
        pad_token_id=engine.eos[0],
        streamer=clock,
        **GREEDY,
    )
    return Timing(clock.times[1] - started, clock.times[-1] - started, tokens)


class _Clock(BaseStreamer):
    """Notes when each token came; the prompt comes first."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def put(self, value: torch.Tensor) -> None:  # noqa: ARG002
        self.times.append(time.perf_counter())

    def end(self) -> None:
        """Nothing is held back."""
