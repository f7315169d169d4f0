"""Train the pocket encoder: pictures and texts that belong together are brought near (InfoNCE, Radford et al. 2021).

The vision tower is frozen and its maps are computed once, so a step is a small transformer on either side.

<out>/features/  the maps of each source's pictures, as they are and mirrored
<out>/log.jsonl  one line every few steps

and what is trained as `runtime.pocket.training.saving` keeps it
"""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.functional import normalize

from runtime.pocket.training import saving
from runtime.pocket.training.data import Example
from runtime.pocket.training.features import Features
from runtime.pocket.training.loop import Sampler

Report = Callable[[int, float], None]
"""Takes the step and the mean loss since the last report."""


@dataclass(frozen=True)
class Recipe:
    """What a run does. `forgotten` is the share of words that are left out of every second text."""

    steps: int
    batch: int = 512
    rate: float = 1e-3
    warmup: int = 60
    weight_decay: float = 0.2
    smoothing: float = 0.1
    forgotten: float = 0.15
    seed: int = 0
    log_every: int = 20
    save_every: int = 60

    def at(self, step: int) -> float:
        """The learning rate at a step: warm-up, then half a cosine."""
        return self.rate * min(1.0, (step + 1) / self.warmup) * (0.5 + 0.5 * math.cos(math.pi * step / self.steps))


class Matcher:
    """One run in a folder, over a model as `build` makes it, examples by source, and what is known of their texts."""

    def __init__(
        self,
        recipe: Recipe,
        model: Any,
        tokenizer: Any,
        features: Features,
        texts: Mapping[str, list[tuple[Example, list[str]]]],
        shares: Mapping[str, float],
        out: Path,
    ) -> None:
        self.recipe, self.model, self.out = recipe, model, out
        self._features = features
        self._end: int = tokenizer.eos_token_id
        self._longest: int = model.context_length
        self._texts = {
            name: [tokenizer(of, add_special_tokens=False).input_ids for _, of in rows] for name, rows in texts.items()
        }
        self._examples = {name: [example for example, _ in rows] for name, rows in texts.items()}
        self._sampler = Sampler({name: range(len(rows)) for name, rows in texts.items()}, shares, recipe.seed)
        self._trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
        # No decay for single scales and biases, nor for words, of which most batches see few.
        decayed = [p for name, p in self._trained.items() if p.ndim > 1 and "embedding" not in name]
        spared = [p for name, p in self._trained.items() if p.ndim < 2 or "embedding" in name]
        groups = [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": spared, "weight_decay": 0.0}]
        self._optimizer = torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98))
        self.step, self._read = 0, Counter[str]()
        if kept := saving.kept(out):
            self._resume(kept)

    def run(self, report: Report) -> None:
        """Train to the recipe's last step, from where the folder stands."""
        self.model.train()
        losses: list[float] = []
        while self.step < self.recipe.steps:
            losses.append(self._once())
            if self.step % self.recipe.log_every == 0:
                mean = sum(losses) / len(losses)
                with (self.out / "log.jsonl").open("a", encoding="utf-8") as stream:
                    stream.write(json.dumps({"step": self.step, "loss": round(mean, 4)}) + "\n")
                report(self.step, mean)
                losses = []
            if self.step % self.recipe.save_every == 0 or self.step == self.recipe.steps:
                self.save()
        self.model.eval()

    def _once(self) -> float:
        """One step of the optimizer; returns its loss."""
        torch.manual_seed(self.recipe.seed * 1_000_003 + self.step)  # what dropout draws does not depend on a restart
        chance = random.Random(f"{self.recipe.seed} {self.step}")
        drawn = list(self._sampler.draw(self.step, self.recipe.batch, self._read))
        examples = [self._examples[name][row] for name, row in drawn]
        said = [chance.choice(self._texts[name][row]) for name, row in drawn]
        mirrored = [example.mirror and chance.random() < 0.5 for example in examples]
        pictures = [example.picture for example in examples]
        belong = same(pictures, said)
        for group in self._optimizer.param_groups:
            group["lr"] = self.recipe.at(self.step)
        with torch.autocast("cpu", torch.bfloat16):
            seen = self.model.visual.trunk.pool(self._features.of(pictures, mirrored))
            read = self.model.encode_text(self._padded([self._forgetful(ids, chance) for ids in said]))
        alike = normalize(seen.float(), dim=-1) @ normalize(read.float(), dim=-1).T
        loss = self._loss(alike * self.model.logit_scale.exp().clamp(max=100.0), belong)
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
        self.step += 1
        return float(loss.item())

    def _loss(self, scores: torch.Tensor, belong: torch.Tensor) -> torch.Tensor:
        """Cross-entropy both ways, to all that belong together in equal shares."""
        target = belong / belong.sum(1, keepdim=True)
        target = target * (1 - self.recipe.smoothing) + self.recipe.smoothing / len(target)
        by_picture = -(target * scores.log_softmax(1)).sum(1).mean()
        by_text = -(target.T * scores.log_softmax(0)).sum(0).mean()
        return (by_picture + by_text) / 2

    def _forgetful(self, ids: list[int], chance: random.Random) -> list[int]:
        """Now and then without some of its words, as people search with few and Chinese comes as a gloss."""
        if chance.random() < 0.5:
            return ids
        return [word for word in ids if chance.random() >= self.recipe.forgotten] or ids

    def _padded(self, texts: list[list[int]]) -> torch.Tensor:
        """Token ids (texts, context), each text closed by the end mark; padding behind it is seen by nothing."""
        closed = [[*ids[: self._longest - 1], self._end] for ids in texts]
        padded = torch.zeros(len(closed), self._longest, dtype=torch.long)
        for row, ids in zip(padded, closed, strict=True):
            row[: len(ids)] = torch.tensor(ids)
        return padded

    def save(self) -> None:
        """Keep what is trained, its moments and the state; a kill in between leaves the last ones whole."""
        saving.save(self.out, {"step": self.step, "read": self._read}, self._trained, self._optimizer)

    def _resume(self, kept: dict[str, Any]) -> None:
        self.step, self._read = kept["step"], Counter(kept["read"])
        saving.resume(self.out, self.step, self._trained, self._optimizer)


def trainable(model: Any) -> None:
    """Freeze the tower and its naming head; all else is trained."""
    model.requires_grad_(True)
    pooled: nn.Module = model.visual.trunk
    pooled.tower.requires_grad_(False)
    pooled.pool.namer.requires_grad_(False)


def same(pictures: list[Path | None], said: list[list[int]]) -> torch.Tensor:
    """Which picture (row) and text (column) belong together: the same picture's, or the very same words."""
    numbers: dict[object, int] = {}
    of_picture = torch.tensor([numbers.setdefault(picture, len(numbers)) for picture in pictures])
    of_text = torch.tensor([numbers.setdefault(tuple(ids), len(numbers)) for ids in said])
    return ((of_picture[:, None] == of_picture[None]) | (of_text[:, None] == of_text[None])).float()
