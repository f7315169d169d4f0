"""`vistalk eval`: measure answers on data of one's own, and compare runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runtime.errors import BadSetting
from ui.commands.eval_report import report, run_folder
from ui.commands.eval_shared import (
    AsJson,
    Batch,
    Concurrency,
    DrawSeed,
    EngineName,
    FailUnder,
    Images,
    Language,
    Limit,
    Subject,
    hold_to,
    limits_of,
    pace_of,
    progress_bars,
    subject_named,
)
from ui.commands.eval_wrappers import calibration, robustness
from ui.commands.output import cell, note, say, say_json, say_table, table

if TYPE_CHECKING:
    from evals.summary import Summary
    from ui.commands.invocation import Invocation

app = typer.Typer(no_args_is_help=True, help="Measure answers on your own data.")


@app.command("list")
def list_all(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Show the tasks, and the runs that are kept."""
    from evals.report.kept import kept_runs
    from evals.runner import folder_of
    from evals.tasks import TASKS

    invocation: Invocation = ctx.obj
    kept, faults = kept_runs(folder_of(invocation.settings()))
    for fault in faults:
        note(fault.message, "red")
    if as_json:
        say_json({"tasks": {name: task.about for name, task in TASKS.items()}, "runs": [one.name for one in kept]})
        return
    tasks = table("task", "what it measures")
    for task in TASKS.values():
        tasks.add_row(cell(task.name), cell(task.about))
    say_table(tasks)
    runs = table("run", "done", "score", "of")
    for one in kept:
        done = f"{one.done} of {len(one.header.ids)}"
        runs.add_row(*map(cell, (one.name, done, one.headline or "not finished", one.facts)))
    if kept:
        say_table(runs)


@app.command()
def run(
    ctx: typer.Context,
    task: Annotated[str, typer.Argument(help="A task; `vistalk eval list` shows them.")],
    data: Annotated[Path, typer.Option(help="The data file; README names the formats.")],
    subject: Subject = "model",
    limit: Limit = None,
    draw_seed: DrawSeed = 0,
    language: Language = "",
    images: Images = None,
    batch: Batch = 32,
    concurrency: Concurrency = None,
    engine: EngineName = "local",
    out: Annotated[Path | None, typer.Option(help="The run's folder; a run that is there is gone on with.")] = None,
    fail_under: FailUnder = None,
    as_json: AsJson = False,
) -> None:
    """Run a task. Ctrl-C or a crash loses nothing: `vistalk eval resume` goes on, at the same pace or another."""
    from evals.runner import Plan
    from evals.runner import run as run_task
    from ui.commands.session import bring_pocket

    invocation: Invocation = ctx.obj
    settings = invocation.settings()
    limits = limits_of(fail_under)
    plan = Plan(task, data, subject_named(subject), limit, draw_seed, language=language, images=images)
    pace = pace_of(batch, concurrency, engine)
    bring_pocket(settings)
    with progress_bars() as bar:
        summary = run_task(settings, plan, bar(task), out, pace=pace)
    _finish(summary, limits, as_json)


@app.command()
def resume(
    ctx: typer.Context,
    run: Annotated[str, typer.Argument(help="A run's name or folder.")],
    batch: Batch = 32,
    concurrency: Concurrency = None,
    engine: EngineName = "local",
    fail_under: FailUnder = None,
    as_json: AsJson = False,
) -> None:
    """Finish a run that was interrupted; what is done is not done again."""
    from evals.runner import resume as resume_run

    invocation: Invocation = ctx.obj
    settings = invocation.settings()
    limits = limits_of(fail_under)
    pace = pace_of(batch, concurrency, engine)
    with progress_bars() as bar:
        summary = resume_run(settings, run_folder(settings, run), bar(run), pace)
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
    found = compare_runs(Run(run_folder(settings, first)), Run(run_folder(settings, second)))
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
    for record in Run(run_folder(invocation.settings(), run)).records():
        if record.id == sample:
            say_json(vars(record))
            return
    raise BadSetting(f"The run {run} has no sample {sample!r} that is done.")


@app.command("from-feedback")
def from_feedback(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="The data file to write, such as mine.jsonl; one there is replaced.")],
    as_json: AsJson = False,
) -> None:
    """Make a data file of the answers that were rated in the chat, for `vistalk eval run conversation`."""
    from evals.feedback import PICTURES, write_feedback
    from memory.home import Home

    invocation: Invocation = ctx.obj
    file = file.expanduser().absolute()
    with Home.open(invocation.settings()) as home:
        written = write_feedback(home, file)
    if as_json:
        say_json(vars(written))
        return
    note(f"{written.judged} to judge, in {file}; their pictures are in {file.parent / PICTURES}")
    if written.waiting:
        note(f"{written.waiting} that nobody gave the right answer to: lines that begin with #, and are skipped")
    if written.left_out:
        note(f"{written.left_out} left out: the answer, or a picture, is gone")


for command in (report, robustness, calibration):
    app.command()(command)


def _finish(summary: Summary, limits: dict[str, float], as_json: bool) -> None:
    if as_json:
        say_json(summary.to_json())
    else:
        _print(summary)
    hold_to(limits, summary.metrics)


def _print(summary: Summary) -> None:
    rows = table("metric", "value", "95 % interval", *summary.baselines)
    for name, value in summary.metrics.items():
        beside = [f"{scores[name]:.4g}" if name in scores else "" for scores in summary.baselines.values()]
        rows.add_row(*map(cell, (name, f"{value.value:.4g}", f"{value.low:.4g} to {value.high:.4g}", *beside)))
    say_table(rows)
    for text in summary.notes:
        note(text)
    if summary.faults:
        note(f"faults: {', '.join(f'{name} {count}' for name, count in summary.faults.items())}")
    note(f"{summary.n} samples, {summary.unparsed} without an answer that counts, {summary.errors} with errors")
    note(f"run {summary.run}")
