"""`vistalk chat`: a conversation in the terminal."""

from __future__ import annotations

import shlex
import sys
from contextlib import closing, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runtime.errors import UnknownThread, VistalkError
from ui.commands.output import cell, complain, note, say, say_table, table
from ui.commands.session import Talk, opened, read_upload
from ui.commands.threads import say_threads
from ui.commands.turn import TurnPrinter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.assistant import Assistant, Upload
    from memory.conversations import Thread
    from ui.commands.invocation import Invocation

HELP = """\
/image FILE   attach a picture to the next question; an empty line then describes it
/images       the pictures of this conversation
/new          begin another conversation
/threads      the conversations
/open N       go on with conversation N of that list, or with the one of that id
/help         this
/quit         leave, as Ctrl-D does
Ctrl-C stops an answer."""

SHOWN_TURNS = 3
"""How many turns of a conversation are shown when it is opened."""


def chat(
    ctx: typer.Context,
    thread: Annotated[str | None, typer.Option(metavar="ID", help="Go on with this conversation.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="Print the conversations and end.")] = False,
) -> None:
    """Talk in the terminal.

    Answers go to stdout, how they came about to stderr. /help lists what can be typed beside questions.
    Meanwhile `vistalk index` and `vistalk search` work in other terminals.
    """
    invocation: Invocation = ctx.obj
    settings = invocation.settings()
    if listed:
        from memory.home import Home

        with Home.open(settings) as home:
            _say_threads(home.conversations.list())
        return
    from ui.door import Door
    from ui.librarian import Librarian

    with opened(settings) as assistant:
        talk = Chat(assistant, thread)
        librarian = Librarian(
            assistant.settings, assistant.home, assistant.pool, lambda: nullcontext(not talk.answering)
        )
        with closing(Door(librarian)):
            talk.run()


class Chat:
    """A session: reads lines until the end of input or /quit."""

    def __init__(self, assistant: Assistant, thread: str | None) -> None:
        self._assistant = assistant
        self._talk = Talk(assistant, thread)
        self._waiting: list[Upload] = []
        self._listed: Sequence[Thread] = ()

    @property
    def answering(self) -> bool:
        """Whether a turn is under way."""
        return self._talk.thread is not None and self._assistant.running(self._talk.thread)

    def run(self) -> None:
        """Read and answer."""
        with suppress(ImportError):  # Windows has none
            import readline  # noqa: F401  lets input() edit its line and go back to earlier ones
        note(f"vistalk, {self._assistant.preset.name}. /help lists what can be typed.")
        if self._talk.thread:
            self._show_history()
        while True:
            try:
                line = self._read()
                if line is None or line == "/quit":
                    return
                self._take(line)
            except KeyboardInterrupt:
                note("\nCtrl-D leaves.")
            except VistalkError as error:
                complain(error.message, error.hint)

    def _read(self) -> str | None:
        """The next line, or None at the end of input."""
        attached = f"({len(self._waiting)} attached) " if self._waiting else ""
        try:
            return input(f"{attached}> " if sys.stdin.isatty() else "").strip()
        except EOFError:
            return None

    def _take(self, line: str) -> None:
        name, _, rest = line.partition(" ")
        match name:
            case "/image":
                self._attach(rest)
            case "/images":
                self._show_images()
            case "/new":
                self._talk = Talk(self._assistant)
            case "/threads":
                self._listed = self._assistant.home.conversations.list()
                _say_threads(self._listed)
            case "/open":
                self._open(rest.strip())
            case "/help":
                say(f"{HELP}\n")
            case _ if name.startswith("/"):
                complain(f"There is no {name}.", "/help lists what there is.")
            case _ if line or self._waiting:
                uploads, self._waiting = self._waiting, []
                with TurnPrinter(self._assistant.home.images.path) as printer:
                    self._talk.ask(line, uploads, printer.show)

    def _attach(self, typed: str) -> None:
        try:
            names = shlex.split(typed)
        except ValueError:  # an apostrophe in a name
            names = [typed]
        path = Path(names[0] if len(names) == 1 else typed)
        upload = read_upload(path, self._assistant.settings)
        self._assistant.home.images.check(upload.data, name=upload.name)
        self._waiting.append(upload)

    def _open(self, wanted: str) -> None:
        if wanted.isdecimal() and len(wanted) < 32:
            if not 1 <= int(wanted) <= len(self._listed):
                raise UnknownThread(f"The list has no number {wanted}.", hint="/threads shows it.")
            wanted = self._listed[int(wanted) - 1].id
        self._talk = Talk(self._assistant, wanted)
        self._show_history()

    def _show_history(self) -> None:
        for exchange in self._assistant.history(self._talk.begin())[-SHOWN_TURNS:]:
            note(f"> {' '.join([*(image.handle for image in exchange.images), exchange.words]).strip()}")
            say(f"{exchange.reply}\n" if exchange.reply else "")

    def _show_images(self) -> None:
        rows = table("picture", "file", "size")
        for exchange in self._assistant.history(self._talk.thread) if self._talk.thread else []:
            for image in (*exchange.images, *exchange.found.values()):
                rows.add_row(cell(image.handle), cell(image.name), cell(f"{image.width} × {image.height}"))
        for upload in self._waiting:
            rows.add_row(cell("attached"), cell(upload.name), cell(""))
        if rows.row_count:
            say_table(rows)
        else:
            note("There are no pictures yet.")


def _say_threads(threads: Sequence[Thread]) -> None:
    if threads:
        say_threads(threads)
    else:
        note("There are no conversations yet.")
