"""`vistalk memory`: what is remembered of the user, listed, found, written down, changed and forgotten."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from ui.commands.output import cell, note, say, say_json, say_table, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from memory.home import Home
    from memory.memories.records import Memory

app = typer.Typer(no_args_is_help=True, help="Show and mend what is remembered of you.")

Id = Annotated[str, typer.Argument(metavar="ID", help="As `vistalk memory list` shows it.")]


@app.command("list")
def list_memories(
    ctx: typer.Context,
    words: Annotated[str, typer.Option("--search", metavar="TEXT", help="Only those with any of these words.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many at most.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List memories, the newest first, or the best match where words are searched."""
    from memory.memories.recall import holding

    with _home(ctx) as home:
        memories = (holding(home.memories, words) if words else home.memories.list())[:limit]
    if as_json:
        say_json([memory.to_json() for memory in memories])
    elif memories:
        _say_memories(memories)
    else:
        note("Nothing was found." if words else "Nothing is remembered yet.")


@app.command()
def add(ctx: typer.Context, text: Annotated[str, typer.Argument(metavar="TEXT", help="What to remember.")]) -> None:
    """Write down something to be remembered; prints its id."""
    with _home(ctx) as home:
        say(f"{home.memories.add(text, origin='written').id}\n")


@app.command()
def edit(
    ctx: typer.Context, memory: Id, text: Annotated[str, typer.Argument(metavar="TEXT", help="The new words.")]
) -> None:
    """Put other words in the place of a memory's."""
    with _home(ctx) as home:
        home.memories.edit(memory, text)


@app.command()
def forget(
    ctx: typer.Context, memories: Annotated[list[str], typer.Argument(metavar="ID...", help="As listed.")]
) -> None:
    """Forget memories, down to the bytes, with their pictures that nothing else uses."""
    with _home(ctx) as home:
        known = [home.memories.get(memory).id for memory in memories]
        home.memories.delete(known)


@contextmanager
def _home(ctx: typer.Context) -> Iterator[Home]:
    from memory.home import Home

    with Home.open(ctx.obj.settings()) as home:
        yield home


def _say_memories(memories: Sequence[Memory]) -> None:
    rows = table("id", "told", "", "words")
    rows.columns[0].no_wrap = True  # to be copied in one piece
    for memory in memories:
        when = memory.told.astimezone().strftime("%Y-%m-%d %H:%M")
        shown = " · ".join(part for part in (memory.text, memory.caption) if part)
        rows.add_row(*map(cell, (memory.id, when, "picture" if memory.sha256 else memory.origin, shown)))
    say_table(rows)
