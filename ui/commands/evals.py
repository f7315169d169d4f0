"""`vistalk eval`: measure answers on data of one's own, and compare runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runtime.errors import BadSetting
from ui.commands.output import cell, note, say, say_json, say_table, table

if TYPE_CHECKING:
    from evals.runner import Progress
    from evals.summary import Summary
    from runtime.settings import Settings
    from ui.commands.invocation import Invocation

app = typer.Typer(no_args_is_help=True, help="Measure answers on your own data.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; the summary is the last line.")]
FailUnder = Annotated[
    list[str] | None, typer.Option(metavar="METRIC=VALUE", help="Exit with 1 where a metric is lower; repeatable.")
]


@app.command("list")
def list_all(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Show the tasks, and the runs that are kept."""
    from evals.records import Run
    from evals.runner import folder_of
    from evals.tasks import TASKS

    invocation: Invocation = ctx.obj
    folder = folder_of(invocation.settings())
    headers = [Run(path.parent).header() for path in sorted(folder.glob("*/run.json"))]
    if as_json:
        say_json({"tasks": {name: task.about for name, task in TASKS.items()}, "runs": [h.run for h in headers]})
        return
    tasks = table("task", "what it measures")
    for task in TASKS.values():
        tasks.add_row(cell(task.name), cell(task.about))
    say_table(tasks)
    runs = table("run", "samples", "of", "model")
    for header in headers:
        runs.add_row(*map(cell, (header.run, len(header.ids), header.source, header.model)))
    if headers:
        say_table(runs)


@app.command()
def run(
    ctx: typer.Context,
    task: Annotated[str, typer.Argument(help="A task; `vistalk eval list` shows them.")],
    data: Annotated[Path, typer.Option(help="The data file; README names the formats.")],
    subject: Annotated[str, typer.Option(help="model: the bare model; agent: whole turns.")] = "model",
    limit: Annotated[
        int | None, typer.Option(min=1, help="A seeded sample of so many, every kind in proportion.")
    ] = None,
    draw_seed: Annotated[int, typer.Option(help="For that sample.")] = 0,
    out: Annotated[Path | None, typer.Option(help="The run's folder; a run that is there is gone on with.")] = None,
    fail_under: FailUnder = None,
    as_json: AsJson = False,
) -> None:
    """Run a task. Ctrl-C or a crash loses nothing: `vistalk eval resume` goes on."""
    from evals.runner import Plan
    from evals.runner import run as run_task
    from ui.commands.session import bring_pocket

    if subject not in ("model", "agent"):
        raise BadSetting(f"There is no subject {subject!r}.", hint="Choose model or agent.")
    invocation: Invocation = ctx.obj
    settings = invocation.settings()
    limits = _limits(fail_under)
    bring_pocket(settings)
    plan = Plan(task, data, "agent" if subject == "agent" else "model", limit, draw_seed)
    with _bar(task) as progress:
        summary = run_task(settings, plan, progress, out)
    _finish(summary, limits, as_json)


@app.command()
def resume(
    ctx: typer.Context,
    run: Annotated[str, typer.Argument(help="A run's name or folder.")],
    fail_under: FailUnder = None,
    as_json: AsJson = False,
) -> None:
    """Finish a run that was interrupted; what is done is not done again."""
    from evals.runner import resume as resume_run

    invocation: Invocation = ctx.obj
    settings = invocation.settings()
    limits = _limits(fail_under)
    with _bar(run) as progress:
        summary = resume_run(settings, _folder(settings, run), progress)
    _finish(summary, limits, as_json)


@app.command()
def compare(
    ctx: typer.Context,
    first: Annotated[str, typer.Argument(help="A run's name or folder.")],
    second: Annotated[str, typer.Argument(help="The run to compare with it.")],
    as_json: AsJson = False,
) -> None:
    """Say whether the second run is better than the first, and on which samples they differ."""
    from evals.comparison import compare as compare_runs
    from evals.records import Run

    invocation: Invocation = ctx.obj
    settings = invocation.settings()
    found = compare_runs(Run(_folder(settings, first)), Run(_folder(settings, second)))
    numbers = {name: value for name, value in vars(found).items() if name != "changed"}
    if as_json:
        say_json({**numbers, "changed": [one.id for one, _ in found.changed]})
        return
    say(
        f"{found.first:.1%} → {found.second:.1%} on {found.n} samples: {found.difference:+.1%} "
        f"({found.low:+.1%} to {found.high:+.1%}), p = {found.p:.3g} ({found.test})\n"
    )
    rows = table("sample", "expected", "first", "second", "score")
    for one, two in found.changed:
        score = f"{one.score:.2g} → {two.score:.2g}"
        rows.add_row(*map(cell, (one.id, " | ".join(sorted(set(one.references))[:3]), one.output, two.output, score)))
    say_table(rows)


@app.command()
def show(
    ctx: typer.Context,
    run: Annotated[str, typer.Argument(help="A run's name or folder.")],
    sample: Annotated[str, typer.Option(help="The sample's id.")],
) -> None:
    """Print all that is known of one sample of a run."""
    from evals.records import Run

    invocation: Invocation = ctx.obj
    for record in Run(_folder(invocation.settings(), run)).records():
        if record.id == sample:
            say_json(vars(record))
            return
    raise BadSetting(f"The run {run} has no sample {sample!r} that is done.")


def _folder(settings: Settings, run: str) -> Path:
    from evals.runner import folder_of

    return Path(run) if Path(run).is_dir() else folder_of(settings) / Path(run).name


def _limits(wanted: list[str] | None) -> dict[str, float]:
    limits = {}
    for text in wanted or []:
        name, _, value = text.partition("=")
        try:
            limits[name] = float(value)
        except ValueError as error:
            raise BadSetting(f"{text!r} is no limit.", hint="Write it as accuracy=0.6.") from error
    return limits


@contextmanager
def _bar(title: str) -> Iterator[Progress]:
    """A bar on stderr with rate, remaining time and running score."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns: list[Any] = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    columns.append(TextColumn("{task.fields[rate]}  score {task.fields[score]}"))
    with Progress(*columns, console=Console(stderr=True)) as bars:
        bar = bars.add_task(title, total=None, rate="", score="–")

        def progress(done: int, of: int, score: float) -> None:
            speed = bars.tasks[0].speed
            rate = f"{speed:.2g}/s" if speed else ""
            bars.update(bar, completed=done, total=of, rate=rate, score="–" if score != score else f"{score:.1%}")

        yield progress


def _finish(summary: Summary, limits: dict[str, float], as_json: bool) -> None:
    if as_json:
        say_json(summary.to_json())
    else:
        _print(summary)
    unknown = [name for name in limits if name not in summary.metrics]
    if unknown:
        raise BadSetting(f"The run has no metric {unknown[0]!r}.", hint=f"It has: {', '.join(summary.metrics)}.")
    low = {name: least for name, least in limits.items() if summary.metrics[name].value < least}
    for name, least in low.items():
        note(f"{name} is {summary.metrics[name].value:.4g}, under {least:g}.", "red")
    if low:
        raise typer.Exit(1)


def _print(summary: Summary) -> None:
    rows = table("metric", "value", "95 % interval", *summary.baselines)
    for name, value in summary.metrics.items():
        beside = [f"{scores[name]:.4g}" if name in scores else "" for scores in summary.baselines.values()]
        rows.add_row(*map(cell, (name, f"{value.value:.4g}", f"{value.low:.4g} to {value.high:.4g}", *beside)))
    say_table(rows)
    for text in summary.notes:
        note(text)
    note(f"{summary.n} samples, {summary.unparsed} without an answer that counts, {summary.errors} with errors")
    note(f"run {summary.run}")
