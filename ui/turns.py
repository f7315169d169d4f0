"""Turns that run in threads of their own, so that whoever watches may leave, reload or look elsewhere and come back."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from agent.assistant import Assistant, Upload
from agent.events import Event, Failed
from runtime.errors import ThreadBusy, VistalkError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Draft:
    """What a person sent and the conversation did not take: kept until it is sent again or thrown away."""

    words: str
    uploads: Sequence[Upload]
    failure: Failed


class Running:
    """One turn under way. It keeps every event, so that any number of watchers see the whole of it at any time.

    Attributes:
        thread: the conversation.
        words: what the person said.
        uploads: what came with it.
        before: how many exchanges of the conversation stand before the turn.
    """

    def __init__(self, thread: str, words: str, uploads: Sequence[Upload], before: int) -> None:
        self.thread = thread
        self.words = words
        self.uploads = uploads
        self.before = before
        self.cancel = threading.Event()
        self._events: list[Event] = []
        self._over = threading.Event()

    @property
    def events(self) -> Sequence[Event]:
        """All that has come so far, oldest first."""
        return tuple(self._events)

    @property
    def done(self) -> bool:
        """Whether the last event has come and the turn is saved."""
        return self._over.is_set()

    def stop(self) -> None:
        """Ask it to end; what is written so far is kept. Returns at once."""
        self.cancel.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Return when it is over, or False after so many seconds."""
        return self._over.wait(timeout)

    def add(self, event: Event) -> None:
        """Take the next event."""
        self._events.append(event)

    def finish(self) -> None:
        """Say that no event follows and all is saved."""
        self._over.set()


class Turns:
    """The turns of one assistant that are under way, at most one a conversation, and the drafts that became none.

    Attributes:
        assistant: who answers; to be replaced while `paused`.
    """

    def __init__(self, assistant: Assistant) -> None:
        self.assistant = assistant
        self._guard = threading.Lock()
        self._running: dict[str, Running] = {}
        self._drafts: dict[str, Draft] = {}

    def start(self, thread: str, words: str, uploads: Sequence[Upload] = ()) -> Running:
        """Begin a turn; what it is refused for later becomes the draft, as with `refuse`.

        Raises:
            UnknownThread
            ThreadBusy: another turn is under way there.
        """
        return self._start(
            lambda: Running(thread, words, uploads, len(self.assistant.history(thread))),
            lambda running: self.assistant.ask(thread, words, uploads, running.cancel),
            thread,
        )

    def again(self, thread: str, turn: int) -> Running:
        """Begin a turn anew, as a branch beside it; counted from 0.

        Raises:
            UnknownThread
            ThreadBusy: another turn is under way there.
        """
        return self._start(
            lambda: Running(thread, self.assistant.history(thread)[turn].words, (), turn),
            lambda running: self.assistant.again(thread, turn, running.cancel),
            thread,
        )

    def edit(self, thread: str, turn: int, words: str) -> Running:
        """Begin a turn anew with other words and the same pictures, as `again` does.

        Raises:
            UnknownThread
            ThreadBusy: another turn is under way there.
        """
        return self._start(
            lambda: Running(thread, words, (), turn),
            lambda running: self.assistant.edit(thread, turn, words, cancel=running.cancel),
            thread,
        )

    def _start(self, made: Callable[[], Running], begin: Callable[[Running], Iterator[Event]], thread: str) -> Running:
        with self._guard:
            if thread in self._running:
                raise ThreadBusy
            running, began = made(), self.assistant.home.conversations.get(thread).updated
            self._running[thread] = running
            self._drafts.pop(thread, None)
        arguments = (running, begin(running), began)
        threading.Thread(target=self._run, args=arguments, name=f"turn {thread}", daemon=True).start()
        return running

    def get(self, thread: str) -> Running | None:
        """The turn that is under way in a conversation. Once it is None, `Assistant.history` holds all of it."""
        with self._guard:
            return self._running.get(thread)

    def refuse(self, thread: str, words: str, uploads: Sequence[Upload], error: VistalkError) -> None:
        """Keep what was sent and could not be taken."""
        with self._guard:
            self._drafts[thread] = Draft(words, uploads, Failed(error.code, error.message, error.hint))

    def draft(self, thread: str) -> Draft | None:
        """What was sent last and not taken."""
        with self._guard:
            return self._drafts.get(thread)

    def latest(self, thread: str) -> Running | Draft | None:
        """What was sent last, where the conversation may not hold it yet."""
        return self.get(thread) or self.draft(thread)

    def discard(self, thread: str) -> None:
        """Throw the draft away."""
        with self._guard:
            self._drafts.pop(thread, None)

    @property
    def busy(self) -> bool:
        """Whether any turn is under way."""
        with self._guard:
            return bool(self._running)

    @contextmanager
    def paused(self) -> Iterator[bool]:
        """Within, no turn begins: whoever wants one waits. False, and nothing is held up, where one is under way."""
        with self._guard:
            if not self._running:
                yield True
                return
        yield False

    def end(self, thread: str) -> None:
        """Stop what is under way in a conversation, wait until it is over, and throw the draft away."""
        if running := self.get(thread):
            running.stop()
            running.wait()
        self.discard(thread)

    def end_all(self) -> None:
        """Stop all that is under way, and wait until it is over."""
        with self._guard:
            running = list(self._running.values())
        for turn in running:
            turn.stop()
        for turn in running:
            turn.wait()

    def _run(self, running: Running, events: Iterator[Event], began: datetime) -> None:
        try:
            for event in events:
                running.add(event)
            taken = self.assistant.home.conversations.get(running.thread).updated > began
        except Exception as error:
            logger.exception("a turn ended in a way that was not foreseen")
            told = VistalkError.unforeseen(error)
            running.add(Failed(told.code, told.message, told.hint))
            taken = False
        last = running.events[-1]
        with self._guard:
            if not taken and isinstance(last, Failed):
                self._drafts[running.thread] = Draft(running.words, running.uploads, last)
            del self._running[running.thread]
        running.finish()
