"""`vistalk models train`, `train-encoder` and `train-generator`: make the pocket models' weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from ui.commands.output import note

Data = Annotated[Path, typer.Option(help="The folder that holds the training sets, each in a folder of its own.")]


def train(
    data: Data,
    out: Annotated[Path, typer.Option(help="Checkpoints, log and weights; a run that is there is gone on with.")],
    steps: Annotated[int, typer.Option(min=1, help="Batches to train on, those already done included.")] = 6000,
    decay: Annotated[int, typer.Option(help="The last so many lead the learning rate to zero.")] = 600,
    tokens: Annotated[int, typer.Option(help="Tokens in a batch; on a GPU 30000.")] = 1600,
    rank: Annotated[int, typer.Option(help="Of the adapters.")] = 32,
    seed: Annotated[int, typer.Option()] = 0,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    threads: Annotated[int | None, typer.Option(help="Processor threads; all where it is left out.")] = None,
    workers: Annotated[int, typer.Option(help="Threads that read pictures; 0 reads them between the steps.")] = 0,
    without: Annotated[list[str] | None, typer.Option(help="A set not to use; repeatable.")] = None,
) -> None:
    """Train the pocket model. Ctrl-C or a crash loses at most a few steps: the same command goes on."""
    from agent.lessons import lessons
    from runtime.pocket.training.loop import Recipe
    from runtime.pocket.training.run import train as run

    recipe = Recipe(steps=steps, decay=decay, tokens=tokens, pool=max(48, tokens // 30), rank=rank, seed=seed)
    note(f"{out}: {steps} steps of {tokens} tokens on {device}")

    def report(step: int, losses: Mapping[str, float], speed: float) -> None:
        note(
            f"step {step}/{steps}  {speed:.0f} tokens/s  "
            + "  ".join(f"{k} {v:.2f}" for k, v in sorted(losses.items()))
        )

    plans = lessons(seed, _measured())
    left_out = tuple(without or ())
    run(data, out, recipe, plans, report, device=device, threads=threads, workers=workers, without=left_out)
    note(f"weights: {out / 'weights'}")


def _measured() -> set[str]:
    """The messages on which planning is measured: not one of them is trained on."""
    files = sorted(resources.files("evals").joinpath("data").iterdir(), key=lambda file: file.name)
    kept = [file for file in files if file.name.startswith("planning")]
    return {json.loads(line)["text"] for file in kept for line in file.read_text(encoding="utf-8").splitlines()}


def train_encoder(
    data: Data,
    out: Annotated[Path, typer.Option(help="Features, checkpoints, log and weights; what is there is gone on with.")],
    steps: Annotated[int, typer.Option(min=1, help="Batches to train on, those already done included.")] = 850,
    batch: Annotated[int, typer.Option(min=2, help="Pairs in a batch.")] = 512,
    seed: Annotated[int, typer.Option()] = 0,
    without: Annotated[list[str] | None, typer.Option(help="A set not to use; repeatable.")] = None,
) -> None:
    """Train the pocket encoder. Ctrl-C or a crash loses at most a few steps: the same command goes on."""
    from runtime.pocket.training.encode import train as run
    from runtime.pocket.training.matching import Recipe

    recipe = Recipe(steps=steps, batch=batch, seed=seed)

    def looked(source: str, done: int, total: int) -> None:
        note(f"{source}: {done}/{total} pictures")

    def report(step: int, loss: float) -> None:
        note(f"step {step}/{steps}  loss {loss:.3f}")

    note(f"weights: {run(data, out, recipe, looked, report, without=tuple(without or ()))}")


def train_generator(
    out: Annotated[Path, typer.Option(help="Icons, checkpoints, log and weights; what is there is gone on with.")],
    steps: Annotated[int, typer.Option(min=1, help="Batches to train on, those already done included.")] = 6000,
    decay: Annotated[int, typer.Option(min=1, help="The last so many lead the learning rate to zero.")] = 600,
    batch: Annotated[int, typer.Option(min=1, help="Icons in a batch.")] = 8,
    seed: Annotated[int, typer.Option()] = 0,
    export: Annotated[bool, typer.Option("--export", help="Only write the weights as they stand.")] = False,
) -> None:
    """Train the pocket generator. Ctrl-C or a crash loses at most a few minutes: the same command goes on."""
    from runtime.pocket.training import draw_run
    from runtime.pocket.training.draw import Recipe

    def rasterised(style: str, done: int, total: int) -> None:
        if done == total:
            note(f"{style}: {total} icons")

    def report(step: int, loss: float, speed: float) -> None:
        note(f"step {step}/{steps}  loss {loss:.4f}  {speed:.1f} icons/s")

    recipe = Recipe(steps=steps, decay=decay, batch=batch, seed=seed)
    note(f"weights: {draw_run.export(out) if export else draw_run.train(out, recipe, rasterised, report)}")


def grade_generator(
    run: Annotated[Path, typer.Option(help="Where icons and judge are kept; prepared there if they are not.")],
    out: Annotated[Path, typer.Option(help="Takes grades.json and grid.png.")],
    count: Annotated[int, typer.Option(min=3, help="Held-out prompts.")] = 300,
    trained: Annotated[
        bool, typer.Option("--trained", help="Grade the run's last save, not the pocket preset.")
    ] = False,
) -> None:
    """Measure whether the pocket generator draws what it is asked for, and show fifty drawings."""
    from runtime.pocket.training.draw_grade import grade, pipeline
    from runtime.settings import load_settings

    def report(what: str, done: int, total: int) -> None:
        if done % 30 == 0 or done == total:
            note(f"{what}: {done}/{total}")

    grades = grade(run, pipeline(run, trained=trained, models=load_settings().home / "models"), out, count, report)
    print(json.dumps(grades, indent=1))


def held_out(data: Data, out: Annotated[Path, typer.Option(help="Where the files are written.")]) -> None:
    """Write the questions that training never sees, for `vistalk eval run`."""
    from runtime.pocket.training.heldout import write

    for file in write(data, out):
        note(f"{file}")
