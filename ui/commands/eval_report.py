"""`vistalk eval report`: finished runs as something to attach to a decision."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ui.commands.output import say

if TYPE_CHECKING:
    from runtime.settings import Settings
    from ui.commands.invocation import Invocation


def run_folder(settings: Settings, run: str) -> Path:
    """The folder of a run that was named, or that is the folder itself."""
    from evals.runner import folder_of

    return Path(run) if Path(run).is_dir() else folder_of(settings) / Path(run).name


def report(
    ctx: typer.Context,
    runs: Annotated[list[str], typer.Argument(help="Names or folders; each later one is compared with the first.")],
    out: Annotated[Path | None, typer.Option(help="The HTML file; else report.html in the first run's folder.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the report as Markdown too.")] = None,
    readme: Annotated[
        bool, typer.Option("--readme", help="Store the results in the source tree and bring its README up to date.")
    ] = False,
) -> None:
    """Write a report of finished runs: one HTML file that needs nothing else."""
    from evals.report import as_html, as_markdown, build
    from evals.report.spoiling import opened
    from evals.report.stored import store, write_readme
    from memory.files import write_whole

    invocation: Invocation = ctx.obj
    found = [opened(run_folder(invocation.settings(), run)) for run in runs]
    made = build(found)
    page = out or found[0].folder / "report.html"
    write_whole(page, as_html(made).encode())
    say(f"The report is {page}\n")
    if markdown:
        write_whole(markdown, as_markdown(made).encode())
        say(f"As Markdown it is {markdown}\n")
    if readme:
        for run in found:
            say(f"Stored {store(run)}\n")
        say(f"Brought up to date {write_readme()}\n")
