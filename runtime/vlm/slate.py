"""Several prompts answered together, each as if it were alone.

A matrix product rounds by its shape, so that in 16 bits a prompt that is read with others may lose a near-tie of two
words that it wins alone. Here the shapes in which a prompt is computed follow from that prompt and from nothing else:

- It is cut after its last picture. The head is read by itself, once for all prompts that have it in common.
- The rest is padded on its left to a multiple of `STEP` tokens, and answered in a slate of exactly `ROWS` rows, one
  for each prompt, all of one length. Rows that no prompt needs repeat the first.

So neither how many prompts come together nor their order can change an answer, in any number format. What remains is
that a kernel must compute a row without looking at its neighbours, at any place: tests/runtime/test_slate.py checks it.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from tokenizers.decoders import DecodeStream

from runtime.errors import ModelError, VistalkError
from runtime.vlm.decoding import Decoding, Piece, Sampler, Stop, TokenQueue
from runtime.vlm.prefix import stacked
from runtime.vlm.prompting import BY_TOKEN, WITHOUT_PIXELS, Prompt

if TYPE_CHECKING:
    from transformers import LogitsProcessor

    from runtime.vlm.engine import VisionEngine

ROWS = 8
STEP = 8

Outcomes = dict[int, Piece | VistalkError]
"""Whole replies, or why there is none, by the number of the prompt."""


@dataclass(frozen=True)
class Row:
    """A prompt as it lies in a slate, with the number that it came with."""

    number: int
    prompt: Prompt

    @property
    def padding(self) -> int:
        """Tokens between the head and the rest, which do not count.

        One at least: transformers would compute a slate in which no row has any without a mask, which rounds otherwise.
        """
        return STEP - (self.prompt.length - self.prompt.head) % STEP

    @property
    def shape(self) -> tuple[int, int]:
        """Tokens of the head, and of all with padding: what the rows of a slate have in common."""
        return self.prompt.head, self.prompt.length + self.padding

    def inputs(self, filler: int) -> dict[str, torch.Tensor]:
        """What the model takes once it has read the head."""
        given = {"attention_mask": torch.ones_like(self.prompt.inputs["input_ids"]), **self.prompt.inputs}
        return {
            name: self._padded(value, filler if name == "input_ids" else 0) if name in BY_TOKEN else value
            for name, value in given.items()
            if name in WITHOUT_PIXELS
        }

    def _padded(self, value: torch.Tensor, filler: int) -> torch.Tensor:
        head = self.prompt.head
        return torch.cat([value[:, :head], value.new_full((1, self.padding), filler), value[:, head:]], dim=1)


def together(engine: VisionEngine, prompts: Mapping[int, Prompt], decoding: Decoding) -> Generator[Outcomes]:
    """Answer prompts a slate at a time, and yield each slate's replies.

    Grammar and stop strings are for replies that are streamed. A slate that fails is tried again a prompt at a time,
    so that an error is its own prompt's. Closing the iterator stops the model within a token.
    """
    waiting = _slates([Row(number, prompt) for number, prompt in prompts.items()], ROWS if engine.stackable else 1)
    while waiting:
        rows = waiting.pop(0)
        try:
            yield _answered(engine, rows, decoding)
        except ModelError as error:
            if len(rows) == 1:
                yield {rows[0].number: error}
            else:
                waiting[:0] = [[row] for row in rows]


def _slates(rows: Sequence[Row], most: int) -> list[list[Row]]:
    """The rows in groups of one shape."""
    by_shape: dict[tuple[int, int], list[Row]] = {}
    for row in rows:
        by_shape.setdefault(row.shape, []).append(row)
    return [group[i : i + most] for group in by_shape.values() for i in range(0, len(group), most)]


def _answered(engine: VisionEngine, rows: Sequence[Row], decoding: Decoding) -> Outcomes:
    if not engine.stackable:  # a cache that slides or recurs cannot be padded: the prompt is read in one piece
        (row,) = rows
        *pieces, last = engine.stream(row.prompt, replace(decoding, reuse=False), threading.Event())
        return {row.number: replace(last, text="".join(piece.text for piece in pieces))}
    engine.room(rows[0].shape[1])
    pieces = engine.run(Stop(threading.Event()), _decode, engine, rows, decoding)
    return {row.number: piece for row, piece in zip(rows, pieces, strict=True)}


@torch.no_grad()
def _decode(engine: VisionEngine, rows: Sequence[Row], decoding: Decoding, stop: Stop) -> list[Piece]:
    heads = []
    for row in rows:
        stop.check()
        heads.append(engine.head(row.prompt.beginning()))
    idle = ROWS - len(rows)
    inputs = [row.inputs(engine.eos[0]) for row in [*rows, *[rows[0]] * idle]]
    caches = [cache for cache, _ in [*heads, *[heads[0]] * idle]]
    tokens = TokenQueue()
    processors: list[LogitsProcessor] = [tokens.recorder]
    if decoding.temperature > 0:
        processors.append(Sampler(decoding.temperature, decoding.seed, engine.model.device, ROWS))
    engine.generate(
        {name: torch.cat([row[name] for row in inputs]) for name in inputs[0]},
        stacked(caches) if rows[0].prompt.head else caches[0],
        min(decoding.max_new_tokens, engine.room(rows[0].shape[1])),
        processors,
        tokens,
        stop,
    )
    stop.check()
    steps = list(tokens)
    return [_piece(engine, [step[i] for step in steps], cached) for i, (_, cached) in enumerate(heads)]


def _piece(engine: VisionEngine, steps: Sequence[tuple[int, float]], cached: int) -> Piece:
    """What one row says up to its end; what follows is padding until the longest row ends."""
    end = next((count for count, (token, _) in enumerate(steps, 1) if token in engine.eos), None)
    said = steps[:end]
    words, backend = DecodeStream(skip_special_tokens=True), engine.prompter.tokenizer.backend_tokenizer
    return Piece(
        text="".join(words.step(backend, token) or "" for token, _ in said if token not in engine.eos),
        tokens=len(said),
        cached=cached,
        confidence=engine.confidence(sum(logprob for _, logprob in said), len(said)),
        finish="stop" if end else "length",
    )
