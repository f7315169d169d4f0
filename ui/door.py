"""A door into the process that has the data directory open, for commands that want its library meanwhile.

It listens on this machine only. Port and token stand in `door.json` in the data directory, which only its owner can
read; a file left by a process that died leads to nobody, or to somebody who does not know the token. Both sides speak
lines of JSON: one request, `{"token", "settings", "command", "arguments"}`; then "welcome", any number of
"progress", and last "done" or "error". To hang up is to cancel, whichever side does it.
"""

from __future__ import annotations

import hmac
import json
import logging
import secrets
import socket
import threading
from contextlib import suppress
from dataclasses import asdict
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from memory.files import write_whole
from runtime.errors import SetupError, VistalkError
from ui.librarian import REQUESTS, Request

if TYPE_CHECKING:
    from memory.library.records import Progress
    from runtime.settings import Settings
    from ui.librarian import Librarian

logger = logging.getLogger(__name__)

FILE = "door.json"
LONGEST_REQUEST = 1_000_000
"""Bytes of a request's line."""
MOST_VISITORS = 8
SECONDS = 10
"""How long a side may take to say its first line, or to take what it is sent."""


def shared(settings: Settings) -> dict[str, str | None]:
    """The settings that both sides must have in common."""
    return {name: getattr(settings, name) for name in ("user", "preset", "encoder", "passage_encoder")}


class Envelope(BaseModel):
    """A request as it is sent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: str
    settings: dict[str, str | None]
    command: str
    arguments: dict[str, Any]

    def request(self, settings: Settings) -> Request[Any]:
        """What is asked.

        Raises:
            SetupError: it is for another user or other models, or nothing that can be asked here.
        """
        for name, here in shared(settings).items():
            if (there := self.settings.get(name)) != here:
                raise SetupError(
                    f"The vistalk that is open has another {name}: {here or 'the usual'}, not {there or 'the usual'}.",
                    hint="Close it first, or give the same settings.",
                )
        try:
            return REQUESTS[self.command].model_validate(self.arguments)
        except (KeyError, ValidationError) as error:
            raise SetupError("The vistalk that is open does not understand this; it may be another version.") from error


class Door:
    """Answers requests with the librarian until it is closed, each in a thread of its own.

    Raises:
        DiskFull: `door.json` could not be written.
        SetupError: nothing can listen on this machine.
    """

    def __init__(self, librarian: Librarian) -> None:
        self._file = librarian.settings.home / FILE
        token = secrets.token_hex(32)
        try:
            self._server = _Server(librarian, token)
        except OSError as error:
            raise SetupError(f"Nothing can listen on 127.0.0.1: {error.strerror or error}.") from error
        try:
            write_whole(self._file, json.dumps({"port": self._server.server_address[1], "token": token}).encode())
        except VistalkError:
            self._server.server_close()
            raise
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="door")
        self._thread.start()

    def close(self) -> None:
        """Hang up on everyone and return once their requests have stopped; a second call does nothing."""
        with suppress(OSError):  # one that stays leads to nobody
            self._file.unlink()
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()  # joins the threads


class _Server(ThreadingTCPServer):
    daemon_threads = False

    def __init__(self, librarian: Librarian, token: str) -> None:
        self.librarian = librarian
        self.token = token
        self._visitors: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Visit)

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ARG002
        with self._guard:
            if len(self._visitors) == MOST_VISITORS:
                return False
            self._visitors.add(request)
        return True

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._visitors.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        logger.exception("a visit at the door ended in a way that was not foreseen")

    def hang_up(self) -> None:
        """On everyone; they are told nothing, so that they know to go on by themselves."""
        with self._guard:
            for visitor in self._visitors:
                with suppress(OSError):  # they were faster
                    visitor.shutdown(socket.SHUT_RDWR)


class _Visit(StreamRequestHandler):
    timeout = SECONDS
    server: _Server

    def handle(self) -> None:
        with suppress(OSError):  # they left, or said nothing in time
            self._cancel = threading.Event()
            envelope = self._admitted(self.rfile.readline(LONGEST_REQUEST + 1))
            if envelope is None:
                self._tell("refused")
            else:
                self._tell("welcome")
                self._answer(envelope)

    def _admitted(self, line: bytes) -> Envelope | None:
        """What was sent by one who knows the token."""
        if not line.endswith(b"\n"):  # too long, or cut off
            return None
        try:
            envelope = Envelope.model_validate(json.loads(line))
        except (ValueError, RecursionError):
            return None
        known = hmac.compare_digest(envelope.token.encode("utf-8", "replace"), self.server.token.encode())
        return envelope if known else None

    def _answer(self, envelope: Envelope) -> None:
        watching = threading.Thread(target=self._watch, name="door watch")
        watching.start()
        try:
            request = envelope.request(self.server.librarian.settings)
            result = request.run(self.server.librarian, self._report, self._cancel)
            self._tell("done", result=type(request).reply.dump_python(result))
        except VistalkError as error:
            self._tell("error", message=error.message, hint=error.hint)
        except Exception as error:
            logger.exception("a request at the door failed in a way that was not foreseen")
            told = VistalkError.unforeseen(error)
            self._tell("error", message=told.message, hint=told.hint)
        finally:
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)  # ends the watch
            watching.join()

    def _report(self, progress: Progress) -> None:
        self._tell("progress", **asdict(progress))

    def _tell(self, event: str, **details: Any) -> None:
        """Send a line; whoever cannot be told has hung up."""
        try:
            self.wfile.write(json.dumps({"event": event, **details}, default=str).encode() + b"\n")
        except OSError:
            self._cancel.set()
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)  # half a line may have been sent: no other follows

    def _watch(self) -> None:
        """Cancel when they hang up."""
        while True:
            try:
                self.connection.recv(1)
            except TimeoutError:
                continue
            except OSError:
                pass
            self._cancel.set()
            return
