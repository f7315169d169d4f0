"""Train the pocket generator: flow matching over icons, their captions and hints.

<out>/icons.safetensors …  the prepared icon sets (`runtime.pocket.training.draw_icons`)
<out>/log.jsonl            one line every few steps
<out>/samples.png          what it draws of a few held-out icons: hint, drawing, icon
and the weights, with their running means, as `runtime.pocket.training.saving` keeps them
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from runtime.pocket.drawing.network import SPREAD, Words, clean
from runtime.pocket.training import saving
from runtime.pocket.training.draw_examples import Examples, tensors

MEANS = "means"
"""The file of the running means."""

Report = Callable[[int, float, float], None]
"""Takes the step, the mean loss since the last report, and examples a second."""


@dataclass(frozen=True)
class Recipe:
    """What a run does.

    `decay`: the last so many steps lead the learning rate to zero; `centre`, `spread`: of the logit-normal places on
    the way, a quarter of them above 0.9, where drawing in few steps is decided; `least`: the place below which errors
    count no more; `average`: how slowly the running means follow.
    """

    steps: int
    decay: int = 600
    batch: int = 8
    rate: float = 3e-4
    warmup: int = 200
    weight_decay: float = 0.01
    centre: float = 1.2
    spread: float = 1.6
    least: float = 0.4
    average: float = 0.998
    seed: int = 0
    log_every: int = 20
    save_every: int = 400

    def at(self, step: int) -> float:
        """The learning rate at a step: warm-up, level, then down to zero."""
        return self.rate * min(1.0, (step + 1) / self.warmup, (self.steps - step) / self.decay)


class Learner:
    """One run in a folder, over a network as `runtime.pocket.drawing.network.build` makes it."""

    def __init__(
        self, recipe: Recipe, unet: Any, read: Callable[[Sequence[str]], Words], examples: Examples, out: Path
    ) -> None:
        self.recipe, self.unet, self.out = recipe, unet, out
        self._read, self._examples = read, examples
        self._trained = dict(unet.named_parameters())
        self.means = {name: value.detach().clone() for name, value in self._trained.items()}
        self._optimizer = torch.optim.AdamW(
            self._trained.values(), lr=0.0, betas=(0.9, 0.99), weight_decay=recipe.weight_decay
        )
        self.step = 0
        if state := saving.kept(out):
            self._resume(state["step"])

    def run(self, report: Report, saved: Callable[[], None]) -> None:
        """Train to the recipe's last step, from where the folder stands; `saved` is called after every save."""
        losses: list[float] = []
        since = time.monotonic()
        while self.step < self.recipe.steps:
            losses.append(self._once())
            if self.step % self.recipe.log_every == 0:
                mean = sum(losses) / len(losses)
                speed = len(losses) * self.recipe.batch / (time.monotonic() - since)
                with (self.out / "log.jsonl").open("a", encoding="utf-8") as stream:
                    line = {"step": self.step, "loss": round(mean, 5), "examples_per_s": round(speed, 2)}
                    stream.write(json.dumps(line) + "\n")
                report(self.step, mean, speed)
                losses, since = [], time.monotonic()
            if self.step % self.recipe.save_every == 0 or self.step == self.recipe.steps:
                self.save()
                saved()

    def _once(self) -> float:
        """One step of the optimizer; returns its loss."""
        recipe = self.recipe
        first = self.step * recipe.batch
        pictures, hints, captions = tensors([self._examples.example(first + at) for at in range(recipe.batch)])
        chance = torch.Generator().manual_seed(recipe.seed * 1_000_003 + self.step)
        sigma = torch.sigmoid(torch.randn(recipe.batch, generator=chance) * recipe.spread + recipe.centre)
        begun = hints + SPREAD * torch.randn(pictures.shape, generator=chance)
        level = sigma[:, None, None, None]
        for group in self._optimizer.param_groups:
            group["lr"] = recipe.at(self.step)
        with torch.autocast("cpu", torch.bfloat16):
            seen = clean(self.unet, (1 - level) * pictures + level * begun, hints, sigma, self._read(captions))
        # The error of the velocity is that of the clean picture over the place on the way.
        loss = ((seen - pictures) / level.clamp(min=recipe.least)).square().mean()
        self._optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(self._trained.values()), 1.0)
        self._optimizer.step()
        self.step += 1
        follow = 1 - min(recipe.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.means.values()), list(self._trained.values()), follow)
        value = float(loss.item())
        if not math.isfinite(value):
            raise FloatingPointError(f"The loss is {value} at step {self.step}.")
        return value

    def save(self) -> None:
        """Keep weights, means, moments and step; a kill in between leaves the last ones whole."""
        saving.save(self.out, {"step": self.step}, self._trained, self._optimizer, **{MEANS: self.means})

    def _resume(self, step: int) -> None:
        self.step = step
        saving.resume(self.out, step, self._trained, self._optimizer)
        means = saving.read(self.out, step, MEANS)
        for name, mean in self.means.items():
            mean.copy_(means[name])
