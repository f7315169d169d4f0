"""Does the pocket generator draw what it is asked for? Held-out prompts, judged by a `draw_judge.Judge`.

Two thirds of the prompts ask for a thing in a style in which its training never saw it, one third for a thing in a
colour that it never had there. Beside the drawings stand the hints that they were drawn from: thumbnails.

<out>/grades.json  the numbers
<out>/grid.png     fifty drawings, each below its hint
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from runtime.pocket import generator
from runtime.pocket.drawing.bank import bank
from runtime.pocket.drawing.colours import COLOURS, recoloured, shares
from runtime.pocket.drawing.composing import SIDE, composed
from runtime.pocket.drawing.hints import hint_for
from runtime.pocket.drawing.pipeline import PocketPipeline
from runtime.pocket.drawing.scene import Item, Scene
from runtime.pocket.sources import LITE2
from runtime.pocket.tower import load
from runtime.pocket.training import draw_run
from runtime.pocket.training.draw_examples import Icons
from runtime.pocket.training.draw_icons import prepare
from runtime.pocket.training.draw_judge import WHOLE, Judge, judge
from runtime.pocket.training.draw_split import colour_held_out
from runtime.pocket.training.run import fetched

Report = Callable[[str, int, int], None]
"""Takes what is done, how much of it, and how much there is."""

SHOWN, COLUMNS = 50, 10
"""Drawings on the grid."""

TOP = 5


@dataclass(frozen=True)
class Asked:
    """One prompt, and what it is to show."""

    concept: int
    scene: Scene


def asked(icons: Icons, count: int) -> list[Asked]:
    """The held-out prompts, always the same for a count."""
    chance = random.Random(0)
    pairs = icons.held_out()
    chance.shuffle(pairs)
    prompts = [Asked(at, Scene((Item(icons.concepts[at].name),), style)) for at, style in pairs[: count * 2 // 3]]
    while len(prompts) < count:
        at = chance.randrange(len(icons.concepts))
        style, colour = chance.choice(icons.styles(at)), chance.choice([one for one in COLOURS if one != "white"])
        changed = recoloured(icons.picture(at, style), colour)
        if colour_held_out(icons.concepts[at].name, colour) and changed is not None:
            prompts.append(Asked(at, Scene((Item(icons.concepts[at].name, colour),), style)))
    return prompts


def pipeline(run: Path, *, trained: bool, models: Path) -> Any:
    """What is graded: a run's last save, or the committed generator, put together below `models`."""
    made = draw_run.pipeline(run) if trained else _committed(models)
    made.set_progress_bar_config(disable=True)
    return made


def _committed(models: Path) -> Any:
    folder = generator.assemble(models, lambda _what, _share: None)
    return PocketPipeline.from_pretrained(folder, dtype=torch.bfloat16, use_safetensors=True, local_files_only=True)


def grade(run: Path, draws: Any, out: Path, count: int, report: Report) -> dict[str, Any]:
    """Draw the prompts and write numbers and grid.

    Args:
        run: where the icons are prepared, and the judge is kept.
        draws: the `PocketPipeline`.
        out: takes the files.
        count: of prompts.
        report: told how far it is.
    """
    out.mkdir(parents=True, exist_ok=True)
    prepare(run, report)
    icons = Icons(run)
    eyes, _ = load(fetched(LITE2, run / "base"))
    eyes = eyes.to(torch.bfloat16, memory_format=torch.channels_last)
    judging = judge(run, eyes, icons, lambda done, of: report("icons judged", done, of))
    prompts = asked(icons, count)
    drawings: dict[str, list[Image.Image]] = {"drawn": [], "hint": []}
    for number, prompt in enumerate(prompts):
        drawings["hint"].append(hint_for(prompt.scene, icons.concepts, bank(), _chance(number)))
        drawings["drawn"].append(draws(prompt.scene.caption, generator=_seed(number)).images[0])
        report("prompts drawn", number + 1, len(prompts))
    held_out = icons.held_out()
    real = [composed([WHOLE], [icons.picture(*pair)]) for pair in held_out]
    numbers: dict[str, Any] = {"prompts": len(prompts), "things": len(icons.concepts)}
    numbers["judge on held-out icons"] = _named(judging, real, [at for at, _ in held_out])
    for name, pictures in drawings.items():
        numbers[name] = _named(judging, pictures, [prompt.concept for prompt in prompts]) | _coloured(pictures, prompts)
    recolourings = [
        composed([WHOLE], [_recoloured(icons, prompt)]) for prompt in prompts if prompt.scene.items[0].colour
    ]
    numbers["icons recoloured by rule"] = _coloured(recolourings, [p for p in prompts if p.scene.items[0].colour])
    (out / "grades.json").write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
    _grid(drawings["hint"], drawings["drawn"]).save(out / "grid.png")
    return numbers


def _seed(number: int) -> torch.Generator:
    return torch.Generator().manual_seed(number)


def _chance(number: int) -> random.Random:
    """The chance by which the pipeline chooses the hint of that seed."""
    return random.Random(int(torch.randint(2**62, (1,), generator=_seed(number))))


def _recoloured(icons: Icons, prompt: Asked) -> Image.Image:
    icon = icons.picture(prompt.concept, prompt.scene.style)
    return recoloured(icon, str(prompt.scene.items[0].colour)) or icon


def _named(judging: Judge, pictures: list[Image.Image], concepts: list[int]) -> dict[str, float]:
    """How often the judge's first, and one of its first five, is what the picture is to show."""
    ranks = torch.cat([judging.ranked(pictures[at : at + 24]) for at in range(0, len(pictures), 24)])
    right = ranks[:, :TOP] == torch.tensor(concepts)[:, None]
    return {"top 1": round(float(right[:, 0].float().mean()), 3), "top 5": round(float(right.any(1).float().mean()), 3)}


def _coloured(pictures: list[Image.Image], prompts: list[Asked]) -> dict[str, float]:
    """How often the colour asked for covers more of what is drawn than any other."""
    right = [
        next(iter(shares(picture)), None) == prompt.scene.items[0].colour
        for picture, prompt in zip(pictures, prompts, strict=True)
        if prompt.scene.items[0].colour
    ]
    return {"colour": round(sum(right) / max(1, len(right)), 3)}


def _grid(hints: list[Image.Image], drawn: list[Image.Image]) -> Image.Image:
    """Drawings from all over the prompts, each below its hint."""
    chosen = range(0, len(drawn), max(1, len(drawn) // SHOWN))[:SHOWN]
    rows = -(-len(chosen) // COLUMNS)
    grid = Image.new("RGB", (COLUMNS * SIDE, rows * 2 * SIDE), "white")
    for place, number in enumerate(chosen):
        x, y = place % COLUMNS * SIDE, place // COLUMNS * 2 * SIDE
        grid.paste(hints[number], (x, y))
        grid.paste(drawn[number], (x, y + SIDE))
    return grid
