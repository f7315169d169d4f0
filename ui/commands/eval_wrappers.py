"""`vistalk eval robustness` and `vistalk eval calibration`: what stands around an ordinary run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runtime.errors import BadSetting
from ui.commands.eval_report import run_folder
from ui.commands.eval_shared import (
    AsJson,
    DrawSeed,
    FailUnder,
    Limit,
    Subject,
    hold_to,
    limits_of,
    progress_bars,
    subject_named,
)
from ui.commands.output import cell, note, say_json, say_table, table

if TYPE_CHECKING:
    from evals.calibration import Calibration
    from evals.robustness import Robustness, Under
    from evals.summary import Value
    from ui.commands.invocation import Invocation


def robustness(
    ctx: typer.Context,
    task: Annotated[str, typer.Argument(help="A task about pictures: vqa, statement, presence, caption or ocr.")],
    data: Annotated[Path, typer.Option(help="The data file.")],
    corruptions: Annotated[str, typer.Option(help="Kinds with commas between; all or none.")] = "all",
    severities: Annotated[str, typer.Option(help="Of 1 to 5, with commas between.")] = "1,3,5",
    attacks: Annotated[
        str | None, typer.Option(help="Gradient attacks on a model that runs here: fgsm, pgd, or both.")
    ] = None,
    epsilons: Annotated[str, typer.Option(help="How far an attack moves values, in levels of 255.")] = "1,2,4",
    subject: Subject = "model",
    limit: Limit = None,
    draw_seed: DrawSeed = 0,
    out: Annotated[
        Path | None, typer.Option(help="The folder of all runs; those that are there are gone on with.")
    ] = None,
    fail_under: FailUnder = None,
    as_json: AsJson = False,
) -> None:
    """Run a task on spoilt pictures, and say how much of its score is left. After Ctrl-C go on with `--out`."""
    from evals.conditions import condition_of
    from evals.corruptions import KINDS
    from evals.robustness import measure
    from evals.runner import Plan
    from ui.commands.session import bring_pocket

    invocation: Invocation = ctx.obj
    settings = invocation.settings()
    limits = limits_of(fail_under)
    kinds = list(KINDS) if corruptions == "all" else [] if corruptions == "none" else _parts(corruptions)
    conditions = [condition_of(f"{kind}-{level}") for kind in kinds for level in _parts(severities)]
    conditions += [condition_of(f"{kind}-{level}") for kind in _parts(attacks or "") for level in _parts(epsilons)]
    if not conditions:
        raise BadSetting("There is nothing to measure.", hint="Name corruptions, or attacks, or both.")
    plan = Plan(task, data, subject_named(subject), limit, draw_seed)
    bring_pocket(settings)
    with progress_bars() as bar:
        found = measure(settings, plan, list(dict.fromkeys(conditions)), bar, out)
    if as_json:
        say_json(found.to_json())
    else:
        _print_robustness(found)
    hold_to(limits, found.metrics)


def calibration(
    ctx: typer.Context,
    runs: Annotated[list[str], typer.Argument(help="Names or folders of runs of one model.")],
    method: Annotated[str, typer.Option(help="logistic or isotonic.")] = "logistic",
    split_seed: Annotated[int, typer.Option(help="For the halves.")] = 0,
    out: Annotated[Path | None, typer.Option(help="The JSON file; else calibration.json in the first run.")] = None,
    curve: Annotated[Path | None, typer.Option(help="A file for the curve alone, as a model keeps it.")] = None,
    fail_under: FailUnder = None,
    as_json: AsJson = False,
) -> None:
    """Mend stated confidences on half of a run's pictures, and judge that on the other half."""
    from evals.calibration import calibrate
    from evals.metrics.recalibration import FITS
    from evals.records import Run
    from memory.files import write_whole

    if method not in FITS:
        raise BadSetting(f"There is no method {method!r}.", hint=f"Choose one of: {', '.join(FITS)}.")
    invocation: Invocation = ctx.obj
    settings = invocation.settings()
    limits = limits_of(fail_under)
    folders = [run_folder(settings, run) for run in runs]
    found = calibrate([Run(folder) for folder in folders], method, split_seed)
    place = out or folders[0] / "calibration.json"
    write_whole(place, json.dumps(found.to_json(), indent=1).encode())
    if curve:
        write_whole(curve, json.dumps(found.curve.to_json()).encode())
    if as_json:
        say_json(found.to_json())
    else:
        _print_calibration(found)
        note(f"written to {place}")
    hold_to(limits, found.metrics)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _print_robustness(found: Robustness) -> None:
    rows = table("", "value", "95 % interval", *found.clean.baselines)
    beside = [f"{scores[found.metric]:.4g}" for scores in found.clean.baselines.values() if found.metric in scores]
    rows.add_row(*map(cell, (f"{found.metric}, clean", *_with_interval(found.score), *beside)))
    if found.retained:
        rows.add_row(*map(cell, ("retained of it, mean over corruptions", *_with_interval(found.retained))))
    say_table(rows)
    for title, family in (("severity", False), ("levels of 255", True)):
        _print_conditions(title, [each for each in found.under if (each.condition.family == "attack") == family])
    if found.score.value == 0:
        note("Nothing was right without any of this, so there was nothing to lose.", "yellow")
    note(f"{found.clean.n} samples a run; in brackets the share of the clean score that is left, with its interval")
    note(f"runs in {found.folder}")


def _print_conditions(title: str, under: Sequence[Under]) -> None:
    """A row a kind, a column a level."""
    if not under:
        return
    levels = list(dict.fromkeys(each.condition.level for each in under))
    by_kind: dict[str, dict[int, str]] = {}
    for each in under:
        left = each.retained
        shown = f"{each.score.value:.4g} ({left.value:.0%}, {left.low:.0%} to {left.high:.0%})"
        by_kind.setdefault(each.condition.kind, {})[each.condition.level] = shown
    rows = table(title, *map(str, levels))
    for kind, cells in by_kind.items():
        rows.add_row(cell(kind), *(cell(cells.get(level)) for level in levels))
    say_table(rows)


def _print_calibration(found: Calibration) -> None:
    from evals.calibration import SHARES

    rows = table("", "as stated", "calibrated")
    for name in ("ece", "aurc"):
        values = [found.metrics[f"{name}{suffix}"] for suffix in found.sides]
        rows.add_row(cell(name), *(cell("{} ({})".format(*_with_interval(value))) for value in values))
    for at, share in enumerate(SHARES):
        risks = [f"{side.risk[at]:.1%}" for side in found.sides.values()]
        rows.add_row(*map(cell, (f"errors among the surest {share:.0%}", *risks)))
    say_table(rows)
    for title, side in (("as stated", found.stated), ("calibrated", found.mended)):
        bins = table(title, "answers", "mean confidence", "right")
        for each in side.bins:
            shown = f"{each.low:.1f} to {each.high:.1f}", each.n, f"{each.confidence:.2f}", f"{each.right:.2f}"
            bins.add_row(*map(cell, shown))
        say_table(bins)
    note(f"fitted on {found.n_fit} answers about half of the pictures, judged on {found.n} about the others")
    note(f"saying the same of every answer would have an ece of {found.constant:.4g}")


def _with_interval(value: Value) -> tuple[str, str]:
    return f"{value.value:.4g}", f"{value.low:.4g} to {value.high:.4g}"
