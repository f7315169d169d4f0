"""What the terminal shows: the answer on stdout, everything about it on stderr.

Text that a model, a picture or a file's name brought stays text: it is no markup, and it cannot steer the terminal.
"""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.style import Style
from rich.table import Table
from rich.text import Text

ESCAPE_SEQUENCE = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)")
KEPT = "\n\t\u200c\u200d"
"""Characters that Unicode counts among the controls and formats, and that words and lines need."""

PIPE_WIDTH = 160
"""Columns of a table that goes to a file or another program."""


def plain(text: str) -> str:
    """The text without escape sequences, control and direction-changing characters, so that it is only ever read."""
    seen = ESCAPE_SEQUENCE.sub("", text)
    return "".join(c for c in seen if c in KEPT or unicodedata.category(c)[0] != "C")


def say(text: str) -> None:
    """Write text to stdout as it is, but `plain`, and at once."""
    print(plain(text), end="", flush=True)


def say_json(value: Any) -> None:
    """Write one line of JSON to stdout; what is not ASCII is escaped, which no terminal obeys."""
    print(json.dumps(value), flush=True)


def say_table(table: Table) -> None:
    """Write a table to stdout."""
    Console(width=None if sys.stdout.isatty() else PIPE_WIDTH).print(table)


def table(*columns: str, title: str | None = None) -> Table:
    """An empty table; fill it with `row`."""
    made = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        header_style="dim",
        show_header=any(columns),
    )
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def cell(value: object, style: str = "") -> Text:
    """A table's cell; None is shown as nothing."""
    return Text("" if value is None else plain(str(value)), style=style)


def visible(text: str) -> str:
    """The text on one line, control and direction-changing characters written as escapes: for the names of files."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def file_name(path: Path, style: str = "") -> Text:
    """A file's path, to be clicked where the terminal knows links."""
    return Text(visible(str(path)), style=Style.parse(style) + Style(link=path.absolute().as_uri()))


def note(text: str, style: str = "dim") -> None:
    """Write a line to stderr."""
    Console(stderr=True, highlight=False).print(Text(plain(text), style=style), soft_wrap=True)


def complain(message: str, hint: str) -> None:
    """Say what went wrong, and what to do about it."""
    note(message, "red")
    if hint:
        note(hint, "")


@contextmanager
def progress_bar() -> Iterator[Callable[[str, float], None]]:
    """Yield a function that takes what is being done and the fraction done: a bar, or where no terminal is, a line for
    each thing that is being done.
    """
    # The stream as it is now: whoever works meanwhile may put another in its place to silence a library.
    console = Console(file=sys.stderr, highlight=False)
    told: set[str] = set()

    def line(what: str, _: float) -> None:
        if what not in told:
            told.add(what)
            console.print(Text(plain(what)), soft_wrap=True)

    if not console.is_terminal:
        yield line
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda what, done: bar.update(task, description=plain(what), completed=done)


@contextmanager
def counting_bar() -> Iterator[Callable[[int, int, str], None]]:
    """Yield a function that takes how many are done, of how many, and a few words: a bar, or a line for each tenth."""
    console = Console(file=sys.stderr, highlight=False)
    tenths: set[int] = set()

    def line(done: int, total: int, words: str) -> None:
        if total and (tenth := 10 * done // total) not in tenths:
            tenths.add(tenth)
            console.print(Text(plain(f"{done} of {total}: {words}")), soft_wrap=True)

    if not console.is_terminal:
        yield line
        return
    columns = (BarColumn(20), MofNCompleteColumn(), _Rate(), TimeRemainingColumn(compact=True))
    told = TextColumn("{task.description}", markup=False)
    with Progress(*columns, told, console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total, words: bar.update(task, completed=done, total=total, description=plain(words))


class _Rate(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:,.1f}/s", style="progress.data.speed")
