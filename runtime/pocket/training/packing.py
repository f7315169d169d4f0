"""One picture, many questions, one sequence: everything about a picture shares its prefix, kept apart by a block mask.

A row is [prefix: turn mark, visual tokens, tags, and the question where all ask the same][segment][segment]…; each
segment (question and answer, or answer alone) sees the prefix and itself, its positions go on from the prefix, and
the loss is on answers only.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from runtime.pocket.training.data import Answer, Example

HEAD, TURN, END = "<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n", "<|im_end|>"
IGNORED = -100


@dataclass
class Row:
    """Token ids with their segment (0 for the prefix), position, label and loss weight."""

    ids: list[int] = field(default_factory=list)
    segments: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def add(self, ids: Sequence[int], segment: int, start: int, answer: int = 0) -> None:
        """Append tokens of which the last `answer` are to be learned, each at 1 / sqrt(answer).

        Long answers then count more than short ones, but less than by their length (Chen et al. 2024, InternVL 2.5).
        """
        self.ids += ids
        self.segments += [segment] * len(ids)
        self.positions += range(start, start + len(ids))
        asked = len(ids) - answer
        self.labels += [IGNORED] * asked + list(ids[asked:])
        self.weights += [0.0] * asked + [answer**-0.5] * answer if answer else [0.0] * asked


@dataclass(frozen=True)
class Batch:
    """Tensors of shape (rows, length); `mask` is additive, (rows, 1, length, length)."""

    ids: torch.Tensor
    positions: torch.Tensor
    labels: torch.Tensor
    weights: torch.Tensor
    mask: torch.Tensor

    def to(self, device: str) -> Batch:
        """The same tensors on a device."""
        return Batch(**{name: value.to(device) for name, value in vars(self).items()})


class Packer:
    """Makes rows with one tokenizer. `visual_tokens` placeholders stand for a picture."""

    def __init__(self, tokenizer: Any, image_token: int, visual_tokens: int) -> None:
        self._tokenizer = tokenizer
        self._head = self._encode(HEAD)
        self._picture = [image_token] * visual_tokens
        self._turn, self._end = self._encode(TURN), self._encode(END)

    def _encode(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer(text, add_special_tokens=False).input_ids
        return ids

    def _answer(self, answer: Answer) -> list[int]:
        pieces = (answer,) if isinstance(answer, str) else answer
        return [token for piece in pieces for token in self._encode(piece)]

    def row(self, example: Example, tags: str, chance: random.Random, most: int) -> Row:
        """The example with at most so many of its pairs, drawn at random."""
        pairs = chance.sample(example.pairs, min(most, len(example.pairs)))
        row = Row()
        if example.picture is None:
            for number, (prompt, answer) in enumerate(pairs, 1):
                asked = [*self._head, *self._encode(prompt), *self._turn]
                said = [*self._answer(answer), *(self._end if example.ends else [])]
                row.add([*asked, *said], number, 0, len(said))
            return row
        prefix = [*self._head, *self._picture, *self._encode(tags)]
        questions = {question for question, _ in pairs}
        if len(questions) == 1:
            prefix += [*self._encode(questions.pop()), *self._turn[:-1]]
        row.add(prefix, 0, 0)
        shared = not questions  # each segment then repeats the turn's last token, which the answer follows
        for number, (question, answer) in enumerate(pairs, 1):
            asked = self._turn[-1:] if shared else [*self._encode(question), *self._turn]
            said = [*self._answer(answer), *self._end]
            row.add([*asked, *said], number, len(prefix), len(said))
        return row


def collate(rows: Sequence[Row], pad: int) -> Batch:
    """Rows side by side, padded on the right."""
    longest = max(len(row.ids) for row in rows)

    def padded(values: Sequence[Sequence[float]], fill: float, kind: torch.dtype) -> torch.Tensor:
        return torch.tensor([[*line, *[fill] * (longest - len(line))] for line in values], dtype=kind)

    segments = padded([row.segments for row in rows], -1, torch.long)
    same = (segments[:, :, None] == segments[:, None, :]) | (segments[:, None, :] == 0)
    seen = same & torch.ones(longest, longest, dtype=torch.bool).tril()
    mask = torch.zeros(seen.shape, dtype=torch.bfloat16).masked_fill(~seen, torch.finfo(torch.bfloat16).min)
    return Batch(
        padded([row.ids for row in rows], pad, torch.long),
        padded([row.positions for row in rows], 0, torch.long),
        padded([row.labels for row in rows], IGNORED, torch.long),
        padded([row.weights for row in rows], 0.0, torch.float32),
        mask[:, None],
    )
