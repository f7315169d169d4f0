"""What the commands of `vistalk eval` that run something have in common: options, progress, limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from runtime.errors import BadSetting
from ui.commands.output import note

if TYPE_CHECKING:
    from evals.engines import Pace
    from evals.runner import Progress
    from evals.summary import Value

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; the summary is the last line.")]
FailUnder = Annotated[
    list[str] | None, typer.Option(metavar="METRIC=VALUE", help="Exit with 1 where a metric is lower; repeatable.")
]
Subject = Annotated[str, typer.Option(help="model: the bare model; agent: whole turns.")]
Limit = Annotated[int | None, typer.Option(min=1, help="A seeded sample of so many, every kind in proportion.")]
DrawSeed = Annotated[int, typer.Option("--draw-seed", "--seed", help="For that sample.")]
Language = Annotated[str, typer.Option(help="Only the samples in this language, such as en or zh.")]
Images = Annotated[
    Path | None,
    typer.Option(help="A folder, or a data file, with the pictures meant; a search looks through them all."),
]
Batch = Annotated[int, typer.Option(min=1, help="Samples that a local model is handed together.")]
Concurrency = Annotated[
    int | None, typer.Option(min=1, help="Requests to a served model at once; with --engine ray, workers (2).")
]
EngineName = Annotated[str, typer.Option(help="local, or ray: workers in processes of their own.")]


def subject_named(name: str) -> Literal["model", "agent"]:
    """The subject that was asked for.

    Raises:
        BadSetting: there is no such one.
    """
    if name not in ("model", "agent"):
        raise BadSetting(f"There is no subject {name!r}.", hint="Choose model or agent.")
    return "agent" if name == "agent" else "model"


def pace_of(batch: int, concurrency: int | None, engine: str) -> Pace:
    """How fast a run is to go.

    Raises:
        BadSetting: there is no such engine.
    """
    from evals.engines import Pace

    if engine not in ("local", "ray"):
        raise BadSetting(f"There is no engine {engine!r}.", hint="Choose local or ray.")
    return Pace(batch, concurrency, "ray" if engine == "ray" else "local")


def limits_of(wanted: list[str] | None) -> dict[str, float]:
    """The limits of `--fail-under`, by metric.

    Raises:
        BadSetting: one that is no limit.
    """
    limits = {}
    for text in wanted or []:
        name, _, value = text.partition("=")
        try:
            limits[name] = float(value)
        except ValueError as error:
            raise BadSetting(f"{text!r} is no limit.", hint="Write it as accuracy=0.6.") from error
    return limits


def hold_to(limits: Mapping[str, float], metrics: Mapping[str, Value]) -> None:
    """End with exit code 1 where a metric is under its limit, and say so.

    Raises:
        BadSetting: a limit for what was not measured.
    """
    unknown = [name for name in limits if name not in metrics]
    if unknown:
        raise BadSetting(f"The run has no metric {unknown[0]!r}.", hint=f"It has: {', '.join(metrics)}.")
    low = {name: least for name, least in limits.items() if metrics[name].value < least}
    for name, least in low.items():
        note(f"{name} is {metrics[name].value:.4g}, under {least:g}.", "red")
    if low:
        raise typer.Exit(1)


@contextmanager
def progress_bars() -> Iterator[Callable[[str], Progress]]:
    """Yield a function from a run's title to its bar on stderr, with rate, remaining time and running score."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns: list[Any] = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    columns.append(TextColumn("{task.fields[rate]}  score {task.fields[score]}"))
    with Bars(*columns, console=Console(stderr=True)) as bars:

        def begin(title: str) -> Progress:
            bar = bars.add_task(title, total=None, rate="", score="–")

            def progress(done: int, of: int, score: float) -> None:
                speed = bars.tasks[bar].speed
                rate = f"{speed:.2g}/s" if speed else ""
                bars.update(bar, completed=done, total=of, rate=rate, score="–" if score != score else f"{score:.1%}")

            return progress

        yield begin
