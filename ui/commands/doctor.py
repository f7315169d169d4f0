"""`vistalk doctor`: what this installation is, and what keeps it from working."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runtime.errors import DataDirectoryBusy, SetupError
from ui.commands.output import cell, note, say, say_json, say_table, table

if TYPE_CHECKING:
    from runtime.doctor import Report
    from ui.commands.invocation import Invocation


def doctor(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
) -> None:
    """Tell what keeps vistalk from working.

    Shows settings, data directory, packages, machine and models, and what to do about each problem.

    Exits with 0 where vistalk can be used, 1 where something keeps it from working.
    """
    from runtime.doctor import examine

    invocation: Invocation = ctx.obj
    settings = invocation.settings()
    report = examine(settings, _holder(settings.home))
    if as_json:
        say_json(report.to_json())
    else:
        _say(report)
    raise typer.Exit(0 if report.usable else 1)


def _holder(home: Path) -> str:
    """A sentence about the process that has the data directory open, or nothing."""
    from memory.lock import DataLock

    if not os.access(home, os.W_OK):
        return ""
    try:
        DataLock(home).release()
    except DataDirectoryBusy as error:
        return error.message
    except SetupError:  # it is no folder, or cannot be written: the report tells that in its own words
        return ""
    return ""


def _say(report: Report) -> None:
    from runtime.hardware import readable

    say(f"vistalk {report.version}, Python {report.python}\n\n")
    settings = table("", "", "", title="Settings")
    for name, value in report.settings.items():
        settings.add_row(cell(name), cell(value), cell("set" if name in report.changed else "", "dim"))
    say_table(settings)
    exists = "" if report.settings_file_exists else " (there is none)"
    say(f"file: {report.settings_file}{exists}\n\n")

    home = table("", "", title="Data directory")
    home.add_row("folder", cell(report.home.path))
    home.add_row("exists", cell("yes" if report.home.exists else "no, it is made on first use"))
    home.add_row("writable", cell("yes" if report.home.writable else "no"))
    home.add_row("free disk", cell(readable(report.home.free_bytes)))
    home.add_row("in use", cell(report.home.holder or "no"))
    say_table(home)

    machine = table("", "", title="\nMachine")
    for name, told in report.machine.items():
        machine.add_row(cell(name), cell(told))
    say_table(machine)

    packages = table("", "", title="\nPackages")
    for name, version in report.packages.items():
        packages.add_row(cell(name), cell(version or "not installed"))
    say_table(packages)

    models = table("", "", "", title="\nModels")
    for entry in report.models:
        here = "here" if entry.present else "not here"
        models.add_row(cell(entry.preset), cell(entry.model), cell(here if entry.needs_files else "needs no files"))
    say_table(models)

    say("\n")
    for problem in report.problems:
        say(f"{'✗' if problem.blocks else '!'} {problem.what}\n  {problem.remedy}\n")
    note("vistalk can be used." if report.usable else "vistalk cannot be used like this.", "")
