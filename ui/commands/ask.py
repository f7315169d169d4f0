"""`vistalk ask` and `vistalk plan`: one question."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress_bar import ProgressBar

from agent.events import Done, Failed
from runtime.errors import VistalkError
from ui.commands.output import cell, note, say, say_json, say_table, table
from ui.commands.session import Talk, opened, read_upload, read_words
from ui.commands.turn import TurnPrinter, call

if TYPE_CHECKING:
    from agent.planner import Plan
    from ui.commands.invocation import Invocation

INTERRUPTED = 130

Question = Annotated[
    str,
    typer.Argument(metavar="[QUESTION]", help="What to ask; - reads it from stdin; may be left out with a picture."),
]
Images = Annotated[
    list[Path] | None, typer.Option("--image", "-i", metavar="FILE", help="A picture; repeat it for several.")
]
Thread = Annotated[str | None, typer.Option("--thread", metavar="ID", help="Go on with this conversation.")]


def ask(
    ctx: typer.Context,
    question: Question = "",
    images: Images = None,
    thread: Thread = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print events, one JSON object a line.")] = False,
) -> None:
    """Ask one question and print the answer.

    The answer goes to stdout as it is written. How it came about goes to stderr, and the conversation's id comes
    last, to go on with --thread.

    With --json, stdout holds one object a line. The first is {"event": "Thread", "id": ...}; then come ImageAdded,
    Planned, ToolStarted, ToolProgress, Preview (of a drawing: fraction done, and a small JPEG in base64), ToolFinished
    and Token as they happen, and Queued where others use the model; the last is Done, or Failed with code, message,
    hint and the text so far. Where nothing could begin, Failed is the only line.

    Exits with 0 after an answer, 1 after a failure, 130 where Ctrl-C stopped it; what was written by then is kept.
    """
    invocation: Invocation = ctx.obj
    with _failures_told(as_json):
        settings = invocation.settings()
        words, uploads = read_words(question), [read_upload(path, settings) for path in images or []]
        with opened(settings) as assistant:
            talk = Talk(assistant, thread)
            if as_json:
                say_json({"event": "Thread", "id": talk.begin()})
                last = talk.ask(words, uploads, lambda event: say_json(event.to_json()))
            else:
                with TurnPrinter(assistant.home.images.path) as printer:
                    last = talk.ask(words, uploads, printer.show)
                if talk.thread:
                    note(f"thread {talk.thread}")
    raise typer.Exit(_exit_code(last))


def plan(
    ctx: typer.Context,
    question: Question = "",
    images: Images = None,
    thread: Thread = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plan as a JSON object.")] = False,
) -> None:
    """Show what a question would lead to first.

    Prints the action that the agent would choose and how likely each was. Runs and stores nothing.

    With --json, stdout holds one object: action, arguments, probabilities (by action, summing to 1) and seconds; or
    a Failed event, as with `vistalk ask --json`.
    """
    invocation: Invocation = ctx.obj
    with _failures_told(as_json):
        settings = invocation.settings()
        words, uploads = read_words(question), [read_upload(path, settings) for path in images or []]
        with opened(settings) as assistant:
            chosen = assistant.plan(words, uploads, thread)
        if as_json:
            say_json(asdict(chosen))
        else:
            _say_plan(chosen)


def _say_plan(plan: Plan) -> None:
    say(f"{call(plan.action, plan.arguments)}\n")
    rows = table("action", "probability", "")
    for action, likely in sorted(plan.probabilities.items(), key=lambda pair: -pair[1]):
        rows.add_row(cell(action), ProgressBar(total=1, completed=likely, width=30), cell(f"{likely:.1%}"))
    say_table(rows)


def _exit_code(last: Done | Failed) -> int:
    if isinstance(last, Failed):
        return 1
    return INTERRUPTED if last.finish == "cancelled" else 0


@contextmanager
def _failures_told(as_json: bool) -> Iterator[None]:
    """With JSON, an error that ends the command is an event on stdout like those that end a turn."""
    try:
        yield
    except VistalkError as error:
        if not as_json:
            raise
        say_json(Failed(error.code, error.message, error.hint).to_json())
        raise typer.Exit(1) from error
