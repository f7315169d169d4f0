"""`vistalk models`: which there are, fetching them, measuring them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from runtime.errors import ModelNotPresent
from ui.commands.output import cell, note, progress_bar, say_json, say_table, table
from ui.commands.train import grade_generator, held_out, train, train_encoder, train_generator

if TYPE_CHECKING:
    from ui.commands.invocation import Invocation

app = typer.Typer(no_args_is_help=True, help="List, fetch, measure and train models.")
app.command()(train)
app.command("train-encoder")(train_encoder)
app.command("train-generator")(train_generator)
app.command("grade-generator")(grade_generator)
app.command("held-out")(held_out)


@app.command("list")
def list_models(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
) -> None:
    """Show presets and models, and which are here."""
    from runtime.doctor import inventory

    invocation: Invocation = ctx.obj
    entries = inventory(invocation.settings())
    if as_json:
        say_json([asdict(entry) for entry in entries])
        return
    from runtime.hardware import readable

    rows = table("", "preset", "model", "parameters", "on disk", "for")
    for entry in entries:
        parameters = entry.parameters and f"{entry.parameters / 1e6:,.0f} M"
        place = (readable(entry.bytes) if entry.bytes else "yes") if entry.present else "no"
        on_disk = place if entry.needs_files else "needs none"
        mark = "→" if entry.chosen else ""
        rows.add_row(*map(cell, (mark, entry.preset, entry.model, parameters, on_disk, entry.summary)))
    say_table(rows)
    others = table("preset", "pictures", "passages", "drawing", title="\nFor search, and to draw")
    for entry in entries:
        others.add_row(*map(cell, (entry.preset, entry.encoder, entry.passage_encoder, entry.generator)))
    say_table(others)


@app.command()
def pull(
    ctx: typer.Context,
    preset: Annotated[str | None, typer.Argument(help="A preset; the chosen one where it is left out.")] = None,
) -> None:
    """Bring a preset's models to this machine."""
    from runtime.models import parts, present
    from runtime.models import pull as fetch
    from runtime.presets import preset_of

    invocation: Invocation = ctx.obj
    settings = invocation.adding(preset=preset).settings()
    chosen = preset_of(settings)
    if not parts(chosen):
        note(f"The preset {chosen.name} needs no model files.")
    if chosen.vlm == "pocket":
        from ui.commands.session import bring_pocket

        bring_pocket(settings)
    for part in parts(chosen):
        try:
            folder = present(settings, chosen, part)
        except ModelNotPresent:
            with progress_bar() as progress:
                fetch(settings, chosen, progress, part)
            folder = present(settings, chosen, part)
        note(f"{getattr(chosen, part)} is here: {folder}")


@app.command()
def bench(
    ctx: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help="What to measure; everything where it is left out.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure how fast this machine runs the chosen models."""
    from evals.bench.main import run_bench

    invocation: Invocation = ctx.obj
    raise typer.Exit(run_bench(invocation.settings(), names or [], as_json))
