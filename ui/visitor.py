"""Carrying out a request about the library, whoever has the data directory: this process takes it where it is free,
and asks at the door of the one that has it open where it is not."""

from __future__ import annotations

import json
import select
import socket
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter

from memory.home import Home
from memory.library.records import Progress
from runtime.errors import Cancelled, DataDirectoryBusy, VistalkError
from runtime.models import model_pool
from ui.commands.output import note
from ui.door import FILE, SECONDS, Envelope, shared
from ui.librarian import Librarian, Report, Request

if TYPE_CHECKING:
    import threading

    from runtime.settings import Settings

POLL = 0.1
OPENING_SECONDS = 1
"""How long to wait for one that has the data directory and no door; it may be about to open it, or to end."""
ENDING_SECONDS = 60
"""How long one that hung up in the middle may take to let go of the data directory."""

LONGEST_LINE = 100_000_000
"""Bytes."""
PROGRESS = TypeAdapter(Progress)

R = TypeVar("R")


class _NoDoor(Exception):
    """Nobody answers, or not to us."""


class _Gone(Exception):
    """The other side hung up before it was done."""


def carry_out(settings: Settings, request: Request[R], report: Report, cancel: threading.Event) -> R:
    """Carry out a request. Where the one that has the library open ends in the middle, it is begun again here.

    Raises:
        DataDirectoryBusy: another vistalk has it open and answers no requests.
        VistalkError: what the request itself raises.
    """
    patience = time.monotonic() + OPENING_SECONDS
    while True:
        try:
            home = Home.open(settings)
        except DataDirectoryBusy as busy:
            try:
                return _ask(settings, request, report, cancel)
            except _Gone:
                note("The vistalk that had the library open has ended; the rest is done here.")
                patience = time.monotonic() + ENDING_SECONDS
            except _NoDoor:
                if cancel.wait(POLL):
                    raise Cancelled from None
                if time.monotonic() > patience:
                    raise busy from None
        else:
            break
    with home:
        pool = model_pool(settings)
        try:
            return request.run(Librarian(settings, home, pool), report, cancel)
        finally:
            pool.close()


def _ask(settings: Settings, request: Request[R], report: Report, cancel: threading.Event) -> R:
    try:
        address = json.loads((settings.home / FILE).read_bytes())
        envelope = Envelope(
            token=address["token"],
            settings=shared(settings),
            command=request.command,
            arguments=request.model_dump(mode="json"),
        )
        connection = socket.create_connection(("127.0.0.1", int(address["port"])), SECONDS)
    except (OSError, ValueError, KeyError, TypeError, OverflowError) as error:
        raise _NoDoor from error
    with connection:
        events = _events(connection, cancel)
        try:
            connection.sendall(json.dumps(envelope.model_dump()).encode() + b"\n")
            welcome = next(events, None)
        except (OSError, ValueError) as error:
            raise _NoDoor from error
        if welcome != {"event": "welcome"}:
            raise _NoDoor
        try:
            for event in events:
                match event:
                    case {"event": "progress", **counts}:
                        report(PROGRESS.validate_python(counts))
                    case {"event": "done", "result": result}:
                        answer: R = request.reply.validate_python(result)
                        return answer
                    case {"event": "error", "message": str(message), "hint": str(hint)}:
                        raise VistalkError(message, hint=hint)
        except (OSError, ValueError) as error:
            raise _Gone from error
    raise _Gone


def _events(connection: socket.socket, cancel: threading.Event) -> Iterator[Any]:
    """What the other side says, until it hangs up; `cancel` tells it to stop."""
    received, deadline = b"", time.monotonic() + SECONDS
    hung_up = False
    while True:
        while b"\n" in received:
            line, _, received = received.partition(b"\n")
            yield json.loads(line)
            deadline = float("inf")
        if cancel.is_set() and not hung_up:
            connection.shutdown(socket.SHUT_WR)
            hung_up = True
        if time.monotonic() > deadline or len(received) > LONGEST_LINE:
            return
        if select.select([connection], [], [], POLL)[0]:
            if not (more := connection.recv(2**16)):
                return
            received += more
