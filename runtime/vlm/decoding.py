"""The pieces of one decoding: what was asked for, tokens on their way out, probabilities, sampling, stopping."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from transformers import LogitsProcessor, StoppingCriteria
from transformers.generation.streamers import BaseStreamer

from runtime.errors import Cancelled, GenerationFailed, OutOfMemory, VistalkError


@dataclass(frozen=True)
class Decoding:
    """How to decode. `temperature` 0 takes the likeliest token; `seed` counts only above 0.

    `reuse` starts from what was read before. In 16 bits that rounds a little differently than reading it all again.
    """

    max_new_tokens: int = 256
    temperature: float = 0.0
    seed: int = 0
    json_schema: dict[str, Any] | None = None
    stop: tuple[str, ...] = ()
    reuse: bool = True


@dataclass(frozen=True)
class Piece:
    """Some of the reply. The last piece has no text; it has `finish`, the counts and the confidence."""

    text: str
    tokens: int = 0
    cached: int = 0
    confidence: float | None = None
    finish: str = ""


class TokenQueue(BaseStreamer):
    """Hands each step, a token with its log-probability for each row, from the model's thread to the reader's."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        self._queue: queue.SimpleQueue[list[tuple[int, float]] | None] = queue.SimpleQueue()
        self._prompt = True

    def put(self, value: torch.Tensor) -> None:
        """Called by `generate`: first with the prompts, then with each step's tokens, shape (rows,)."""
        if self._prompt:
            self._prompt = False
            return
        self._queue.put(list(zip(value.tolist(), self.recorder.logprobs(value), strict=True)))

    def end(self) -> None:
        """No more tokens: called by `generate`, and when its thread ends however it ends."""
        self._queue.put(None)

    def __iter__(self) -> Iterator[list[tuple[int, float]]]:
        return iter(self._queue.get, None)


class Recorder(LogitsProcessor):
    """Remembers the model's own distribution, before grammar and sampling, to give the chosen token's probability."""

    def __init__(self) -> None:
        self._logits: deque[torch.Tensor] = deque()

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:  # noqa: ARG002
        """Scores of shape (rows, vocabulary), handed on as they are."""
        self._logits.append(scores)
        return scores

    def logprobs(self, tokens: torch.Tensor) -> list[float]:
        """Of the next token that came out in each row, shape (rows,), in nats."""
        logits = self._logits.popleft()
        chosen = logits.gather(-1, tokens.to(logits.device)[:, None])[:, 0]
        values: list[float] = (chosen - logits.logsumexp(-1)).tolist()
        return values


class Sampler(LogitsProcessor):
    """Sampling by the Gumbel trick: the likeliest after noise is an exact sample; each row has its own generator."""

    def __init__(self, temperature: float, seed: int, device: torch.device, rows: int = 1) -> None:
        self._temperature = temperature
        self._generators = [torch.Generator(device).manual_seed(seed) for _ in range(rows)]

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:  # noqa: ARG002
        """Scores of shape (rows, vocabulary), with noise whose argmax is a sample."""
        noise = torch.empty_like(scores)
        for row, generator in zip(noise, self._generators, strict=True):
            row.exponential_(generator=generator)
        return scores / self._temperature - noise.log()


class Stop(StoppingCriteria):
    """Ends decoding when the caller cancels or walks away."""

    def __init__(self, cancel: threading.Event) -> None:
        self.now = False
        self._cancel = cancel

    def __call__(self, input_ids: torch.LongTensor, scores: Any, **_: Any) -> torch.Tensor:  # noqa: ARG002
        """Asked after every token; shape (batch,)."""
        return torch.full((input_ids.shape[0],), self.now or self._cancel.is_set(), device=input_ids.device)

    def check(self) -> None:
        """Raise Cancelled where the caller has cancelled or walked away."""
        if self.now or self._cancel.is_set():
            raise Cancelled


class StopText:
    """Lets text through up to the first stop string, holding back what may be the beginning of one."""

    def __init__(self, stops: tuple[str, ...]) -> None:
        self.found = False
        self._stops = stops
        self._held = ""

    def feed(self, piece: str) -> str:
        """The text that is safe to show after this piece."""
        text = self._held + piece
        at = min((start for stop in self._stops if (start := text.find(stop)) >= 0), default=None)
        if at is not None:
            self.found, self._held = True, ""
            return text[:at]
        keep = max((n for stop in self._stops for n in range(1, len(stop)) if text.endswith(stop[:n])), default=0)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def rest(self) -> str:
        """What was held back and turned out to be text after all."""
        held, self._held = self._held, ""
        return held


def translated(error: BaseException) -> VistalkError:
    """A model's error as one of ours."""
    if isinstance(error, VistalkError):
        return error
    text = str(error)
    memory = isinstance(error, MemoryError | torch.OutOfMemoryError) or "allocate memory" in text
    return (
        OutOfMemory() if memory else GenerationFailed(f"The model stopped: {text.splitlines()[0] if text else error!r}")
    )
