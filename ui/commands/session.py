"""What the commands that talk share: files read, the model brought, the assistant opened, a turn taken and stopped."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from agent.events import Done, Event, Failed
from runtime.errors import ModelNotPresent, UserError
from ui.commands.output import note, progress_bar

if TYPE_CHECKING:
    from PIL import Image

    from agent.assistant import Assistant, Upload
    from runtime.models import Part
    from runtime.settings import Settings

STDIN = "-"


def read_words(question: str) -> str:
    """The question, or what stands on stdin where it is "-"."""
    return sys.stdin.read() if question == STDIN else question


def read_upload(path: Path, settings: Settings) -> Upload:
    """A file's bytes, hardly more of them than the settings let a picture have.

    Raises:
        UserError: the file cannot be read.
    """
    from agent.assistant import Upload

    try:
        with path.expanduser().open("rb") as file:
            return Upload(file.read(settings.max_upload_bytes + 1), path.name)
    except OSError as error:
        raise UserError(
            f'The file "{path}" cannot be read: {error.strerror or error}.', hint="Check its name and its folder."
        ) from error


def read_picture(path: Path, settings: Settings) -> Image.Image:
    """A picture file, checked as an upload is.

    Raises:
        UserError: the file cannot be read.
        ImageRejected: it is not a picture that is accepted.
    """
    from memory.decode import decode

    upload = read_upload(path, settings)
    limits = {"max_bytes": settings.max_upload_bytes, "max_pixels": settings.max_pixels}
    return decode(upload.data, name=upload.name, **limits).image


def bring_pocket(settings: Settings, wanted: Sequence[Part] | None = None) -> None:
    """Put the pocket models together, with a progress bar, where they are the chosen ones and not there yet.

    `wanted` names those that are needed; None: all of the preset's.

    Raises:
        DataDirectoryBusy: another vistalk may be doing the same.
        VistalkError: what `runtime.models.pull` raises.
    """
    from memory.home import Home
    from runtime.models import parts, present, pull
    from runtime.presets import preset_of

    preset = preset_of(settings)
    for part in parts(preset) if wanted is None else wanted:
        if getattr(preset, part) != "pocket":
            continue
        try:
            present(settings, preset, part)
        except ModelNotPresent:
            with Home.open(settings):
                note("The pocket models are put together once; this takes a minute or two.")
                with progress_bar() as progress:
                    pull(settings, preset, progress, part)


@contextmanager
def opened(settings: Settings) -> Iterator[Assistant]:
    """The assistant, closed at the end.

    Raises:
        VistalkError: what `bring_pocket` and `open_assistant` raise.
    """
    from agent.assembly import open_assistant

    bring_pocket(settings)
    assistant = open_assistant(settings)
    try:
        yield assistant
    finally:
        assistant.close()


@contextmanager
def stop_on_interrupt() -> Iterator[threading.Event]:
    """Within, the first Ctrl-C sets the event that is yielded; the next one interrupts as usual."""
    cancel = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        if cancel.is_set():
            signal.default_int_handler(number, frame)
        cancel.set()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield cancel
    finally:
        signal.signal(signal.SIGINT, before)


class Talk:
    """A conversation under way.

    Attributes:
        thread: its id; None until `begin`, and again where its first turn came to nothing.
    """

    def __init__(self, assistant: Assistant, thread: str | None = None) -> None:
        """Go on with a conversation, or with a new one.

        Raises:
            UnknownThread
        """
        self._assistant = assistant
        self.thread = None if thread is None else assistant.home.conversations.get(thread).id

    def begin(self) -> str:
        """The conversation's id; it is made where there is none yet."""
        if self.thread is None:
            self.thread = self._assistant.home.conversations.create().id
        return self.thread

    def ask(self, words: str, uploads: list[Upload], show: Callable[[Event], None]) -> Done | Failed:
        """Take a turn, showing each event; Ctrl-C stops it. A conversation that it leaves empty is removed."""
        thread, conversations = self.begin(), self._assistant.home.conversations
        last: Event | None = None
        with stop_on_interrupt() as cancel:
            for last in self._assistant.ask(thread, words, uploads, cancel):
                show(last)
        assert isinstance(last, Done | Failed)  # noqa: S101  the assistant's promise
        if isinstance(last, Failed) and not conversations.get(thread).turns:
            conversations.delete(thread)
            self.thread = None
        return last
