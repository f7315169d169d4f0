"""`vistalk demo`: something to try vistalk with, made on the spot."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ui.commands.library import run_index, say_outcome
from ui.commands.output import progress_bar, say

if TYPE_CHECKING:
    from ui.commands.invocation import Invocation

app = typer.Typer(no_args_is_help=True, help="Make something to try vistalk with.")


@app.callback()
def demo() -> None:
    """Keeps `shop` a command of its own while it is the only one."""


@app.command()
def shop(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("vistalk-shop"),
    index: Annotated[bool, typer.Option("--index", help="Index it at once.")] = False,
) -> None:
    """Write a small shop: 24 products with pictures, a catalogue, and rules for returns, shipping and warranty.

    Everything in it is made up and drawn by vistalk, so it may be used for anything (CC0).
    """
    from ui.demo.writing import write_shop

    with progress_bar() as progress:
        written = write_shop(folder, progress)
    here = shlex.quote(str(written.catalogue))
    say(f"The shop is in {written.catalogue}, pictures that customers sent in {written.examples}.\n")
    if index:
        invocation: Invocation = ctx.obj
        say_outcome(run_index(invocation.settings(), [written.catalogue.absolute()]))
    photo = shlex.quote(str(written.examples / "customer-1.jpg"))
    say(f"""\

Next:
{"" if index else f"  vistalk index {here}{chr(10)}"}\
  vistalk search --image {photo} --top 3
  vistalk search --documents "How long can I return it?" --top 3
  vistalk ui

In the chat, attach one of the customers' pictures and ask:
  Which product is this?
  What is your return policy?
  收到以后多少天内可以退货？
""")
