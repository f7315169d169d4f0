"""`vistalk threads`: the conversations, listed, found, named, pinned, deleted, taken out and taken in."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runtime.errors import UserError
from ui.commands.output import cell, note, say, say_json, say_table, table

if TYPE_CHECKING:
    from memory.conversations import Thread
    from memory.home import Home

app = typer.Typer(no_args_is_help=True, help="Show and tidy the conversations.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="As `vistalk threads list` shows it.")]
PINNED = "★ "


@app.command("list")
def list_threads(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many at most.")] = 50,
    offset: Annotated[int, typer.Option(min=0, help="How many to leave out at first.")] = 0,
    as_json: AsJson = False,
) -> None:
    """List conversations: pinned ones first, then by their last turn."""
    with _home(ctx) as home:
        _show(home.conversations.list(limit, offset), as_json, "There are no conversations yet.")


@app.command()
def search(
    ctx: typer.Context,
    words: Annotated[str, typer.Argument(metavar="TEXT", help="Any words of the title or of what was said.")],
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Find conversations by their titles and by what was said in them, the best match first."""
    with _home(ctx) as home:
        _show(home.conversations.search(words, limit), as_json, "Nothing was found.")


@app.command()
def rename(ctx: typer.Context, thread: Id, title: Annotated[str, typer.Argument(help="What to call it.")]) -> None:
    """Give a conversation another title."""
    with _home(ctx) as home:
        home.conversations.rename(thread, title)


@app.command()
def pin(
    ctx: typer.Context,
    thread: Id,
    off: Annotated[bool, typer.Option("--off", help="Not any more.")] = False,
) -> None:
    """Have a conversation stand before the others."""
    with _home(ctx) as home:
        home.conversations.pin(thread, not off)


@app.command()
def delete(ctx: typer.Context, thread: Id) -> None:
    """Delete a conversation, all that was said in it, and its pictures that nothing else uses.

    What vistalk drew in it stays among the drawings.
    """
    with _home(ctx) as home:
        home.conversations.delete(thread)


@app.command()
def export(
    ctx: typer.Context,
    thread: Id,
    file: Annotated[Path, typer.Argument(help="The zip to write; one that is there is replaced.")],
) -> None:
    """Write a conversation to a zip: as Markdown, as JSON, and its pictures."""
    from memory.files import write_whole

    with _home(ctx) as home:
        target = io.BytesIO()
        home.conversations.export(thread, target)
    write_whole(file.expanduser().absolute(), target.getvalue())


@app.command("import")
def import_thread(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A zip that `vistalk threads export` wrote.")],
) -> None:
    """Take in a conversation from a zip, as a new one; prints its id."""
    from agent.archives import import_thread

    try:
        with file.expanduser().open("rb") as source, _home(ctx) as home:
            say(f"{import_thread(home, source).id}\n")
    except OSError as error:
        raise UserError(
            f'The file "{file}" cannot be read: {error.strerror or error}.', hint="Check its name and its folder."
        ) from error


def say_threads(threads: Sequence[Thread]) -> None:
    """Print a table of conversations, numbered from 1."""
    rows = table("", "id", "last turn", "turns", "title")
    rows.columns[1].no_wrap = True  # to be copied in one piece
    for number, thread in enumerate(threads, 1):
        when = thread.updated.astimezone().strftime("%Y-%m-%d %H:%M")
        title = f"{PINNED if thread.pinned else ''}{thread.title}"
        rows.add_row(*map(cell, (number, thread.id, when, thread.turns, title)))
    say_table(rows)


def _home(ctx: typer.Context) -> Home:
    from memory.home import Home

    return Home.open(ctx.obj.settings())


def _show(threads: Sequence[Thread], as_json: bool, nothing: str) -> None:
    if as_json:
        say_json([_values(thread) for thread in threads])
    elif threads:
        say_threads(threads)
    else:
        note(nothing)


def _values(thread: Thread) -> dict[str, Any]:
    from pydantic import TypeAdapter

    values: dict[str, Any] = TypeAdapter(type(thread)).dump_python(thread, mode="json")
    return values
