"""The training loop: seeded, resumable at any kill, logged line by line.

<out>/log.jsonl  one line every few steps: step, losses by source, rate, speed

and projector and adapters as `runtime.pocket.training.saving` keeps them
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch

from runtime.pocket.assemble import STRIDE
from runtime.pocket.naming import tag_line
from runtime.pocket.training import augment, saving
from runtime.pocket.training.data import Example
from runtime.pocket.training.learner import Learner
from runtime.pocket.training.packing import Packer, Row, collate

T = TypeVar("T")

Report = Callable[[int, Mapping[str, float], float], None]
"""Takes the step, the mean loss of each source since the last report, and tokens a second."""


@dataclass(frozen=True)
class Recipe:
    """What a run does. A step is one batch of about `tokens` tokens; `decay` steps at the end lead the rate to zero."""

    steps: int
    decay: int
    warmup: int = 40
    tokens: int = 1600
    pairs: int = 6
    pool: int = 48
    side: int = 256
    rank: int = 32
    adapter_rate: float = 3e-4
    projector_rate: float = 1e-3
    without_tags: float = 0.3
    seed: int = 0
    log_every: int = 20

    def rate(self, step: int) -> float:
        """Share of the full learning rate at a step: warm-up, plateau, decay."""
        return min(1.0, (step + 1) / self.warmup, max(0.02, (self.steps - step) / max(1, self.decay)))


@dataclass
class State:
    """Where a run is: steps done, pools drawn, examples read of each source."""

    step: int = 0
    pools: int = 0
    read: Counter[str] = field(default_factory=Counter)


class Sampler(Generic[T]):
    """Draws examples by the sources' shares, each source in a new order every time round."""

    def __init__(self, sources: Mapping[str, Sequence[T]], shares: Mapping[str, float], seed: int) -> None:
        self._sources, self._shares, self._seed = sources, shares, seed
        self._orders: dict[tuple[str, int], list[int]] = {}

    def draw(self, pool: int, count: int, read: Counter[str]) -> Iterator[tuple[str, T]]:
        """The examples of that pool; `read` is advanced."""
        chance = random.Random(f"{self._seed} {pool}")
        names = list(self._sources)
        for name in chance.choices(names, [self._shares[name] for name in names], k=count):
            examples = self._sources[name]
            lap, at = divmod(read[name], len(examples))
            read[name] += 1
            yield name, examples[self._order(name, lap)[at]]

    def _order(self, name: str, lap: int) -> list[int]:
        if (name, lap) not in self._orders:
            self._orders = {key: value for key, value in self._orders.items() if key[0] != name}
            order = list(range(len(self._sources[name])))
            random.Random(f"{self._seed} {name} {lap}").shuffle(order)
            self._orders[name, lap] = order
        return self._orders[name, lap]


@dataclass
class _Drawn:
    source: str
    example: Example
    pixels: torch.Tensor | None
    row: Row


class Trainer:
    """One run in a folder."""

    def __init__(
        self, recipe: Recipe, learner: Learner, sampler: Sampler[Example], out: Path, device: str, workers: int
    ) -> None:
        self.recipe, self.learner, self.out, self.device = recipe, learner.to(device).eval(), out, device
        self._sampler = sampler
        self._threads = ThreadPoolExecutor(workers) if workers else None
        self._packer = Packer(learner.tokenizer, learner.image_token, (recipe.side // STRIDE) ** 2)
        adapters = [p for p in learner.language.parameters() if p.requires_grad]
        groups = [
            {"params": list(learner.projector.parameters()), "rate": recipe.projector_rate},
            {"params": adapters, "rate": recipe.adapter_rate},
        ]
        self._optimizer = torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98), weight_decay=0.01)
        self._trained = {n: p for n, p in learner.named_parameters() if p.requires_grad}
        self.state = State()
        out.mkdir(parents=True, exist_ok=True)
        if kept := saving.kept(out):
            self._resume(kept)

    def run(self, report: Report) -> None:
        """Train to the recipe's last step, from where the folder stands."""
        losses: dict[str, list[float]] = {}
        began, tokens = time.monotonic(), 0
        while self.state.step < self.recipe.steps:
            for batch in self._batches():
                for source, loss in self._step(batch):
                    losses.setdefault(source, []).append(loss)
                tokens += sum(len(drawn.row.ids) for drawn in batch)
                if self.state.step % self.recipe.log_every == 0:
                    means = {name: round(sum(of) / len(of), 3) for name, of in sorted(losses.items())}
                    speed = tokens / (time.monotonic() - began)
                    self._log(means, speed)
                    report(self.state.step, means, speed)
                    losses, began, tokens = {}, time.monotonic(), 0
                if self.state.step >= self.recipe.steps:
                    break
            self.state.pools += 1
            self.save()

    def _batches(self) -> list[list[_Drawn]]:
        """The next pool, cut into batches of rows of like length, in random order."""
        chance = random.Random(f"{self.recipe.seed} {self.state.pools} rows")
        drawn = list(self._sampler.draw(self.state.pools, self.recipe.pool, self.state.read))
        seeds = [chance.getrandbits(32) for _ in drawn]
        jobs = [(*pair, seed) for pair, seed in zip(drawn, seeds, strict=True)]
        loaded = list(self._threads.map(self._load, jobs) if self._threads else map(self._load, jobs))
        batches: list[list[_Drawn]] = [[]]
        for one in sorted(loaded, key=lambda one: (one.pixels is None, len(one.row.ids))):
            batch = batches[-1]
            kinds = {other.pixels is None for other in batch} | {one.pixels is None}
            if batch and (len(one.row.ids) * (len(batch) + 1) > self.recipe.tokens or len(kinds) > 1):
                batches.append([])
            batches[-1].append(one)
        chance.shuffle(batches)
        return batches

    def _load(self, job: tuple[str, Example, int]) -> _Drawn:
        source, example, seed = job
        chance = random.Random(seed)
        pixels, tags = None, ""
        if example.picture is not None:
            pixels = augment.load(
                example.picture, self.recipe.side, chance, crop=example.geometry, mirror=example.mirror
            )
        return _Drawn(source, example, pixels, self._packer.row(example, tags, chance, self.recipe.pairs))

    def _step(self, batch: list[_Drawn]) -> list[tuple[str, float]]:
        """One step of the optimizer; returns each row's source and loss."""
        chance = random.Random(f"{self.recipe.seed} {self.state.step} tags")
        features = None
        if batch[0].pixels is not None:
            pixels = torch.stack([drawn.pixels for drawn in batch if drawn.pixels is not None])
            features, names = self.learner.look(pixels.to(self.device))
            for drawn, known in zip(batch, names, strict=True):
                if chance.random() >= self.recipe.without_tags:
                    drawn.row = self._packer.row(drawn.example, tag_line(known), chance, self.recipe.pairs)
        packed = collate([drawn.row for drawn in batch], 0).to(self.device)
        factor = self.recipe.rate(self.state.step)
        for group in self._optimizer.param_groups:
            group["lr"] = group["rate"] * factor
        with torch.autocast(self.device, torch.bfloat16):
            loss, by_row = self.learner(packed, features)
        self._optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(self._trained.values()), 1.0)
        self._optimizer.step()
        self.state.step += 1
        return list(zip((drawn.source for drawn in batch), by_row.tolist(), strict=True))

    def _log(self, means: Mapping[str, float], speed: float) -> None:
        line: dict[str, Any] = {"step": self.state.step, "rate": round(self.recipe.rate(self.state.step), 3)}
        line |= {"tokens_per_s": round(speed), "loss": means}
        line["read"] = dict(sorted(self.state.read.items()))
        with (self.out / "log.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")

    def save(self) -> None:
        """Keep weights, moments and state; a kill in between leaves the last ones whole."""
        saving.save(self.out, vars(self.state), self._trained, self._optimizer)

    def _resume(self, kept: dict[str, Any]) -> None:
        self.state = State(kept["step"], kept["pools"], Counter(kept["read"]))
        saving.resume(self.out, self.state.step, self._trained, self._optimizer)
