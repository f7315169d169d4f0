"""The desks of a server process: one a user, each with an assistant, its turns and its library; every browser tab of a
user looks at the same."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import streamlit as st

from agent.assembly import open_assistant
from agent.assistant import Assistant
from runtime.settings import Settings
from ui.door import Door
from ui.librarian import Librarian
from ui.library.indexing import Indexer
from ui.turns import Turns

ELSEWHERE = {"appearance", "host", "port"}
"""Settings that say nothing about what is on the desk."""


class Desk:
    """The open assistant, its turns, its library and who indexes for it. The first one of a process, that of the user
    whom the settings name, has a door for commands too, and opens the others.

    The desk stays the same when the settings change, so that a tab that knows it never holds something closed.

    Attributes:
        assistant: the one that answers.
        turns: those under way, and the drafts.
        librarian: of its library.
        indexer: who indexes for it.
    """

    assistant: Assistant
    librarian: Librarian
    indexer: Indexer
    _door: Door | None
    _settings: Settings | None  # those it was opened with; None while it is not open

    def __init__(self, settings: Settings, first: Desk | None = None) -> None:
        """Open all of it; `first` is the process's first desk where this is not.

        Raises:
            SetupError
        """
        self._changing = threading.Lock()
        self._first = first or self
        self._others: dict[str, Desk] = {}
        self._open(settings)
        self._settings = _of_desk(settings)
        self.turns = Turns(self.assistant)

    def of(self, settings: Settings) -> Desk:
        """The desk of the user whom the settings name, who shares the models and the data directory with this one's.

        Raises:
            SetupError: it cannot be opened.
        """
        if settings.user == self.assistant.settings.user:
            return self
        with self._changing:
            if settings.user not in self._others:
                self._others[settings.user] = Desk(settings, self)
            return self._others[settings.user]

    @property
    def busy(self) -> bool:
        """Whether an answer or an indexing is under way, of whatever user, so that changed settings wait."""
        return any(desk.turns.busy or desk.indexer.busy for desk in self._all())

    def follows(self, settings: Settings) -> bool:
        """Whether it was opened with these settings."""
        return self._settings == _of_desk(settings)

    def follow(self, settings: Settings) -> None:
        """Open all of it anew where the settings are others now; what is under way ends first, and until then nothing
        changes.

        Raises:
            SetupError: it cannot be opened with them; the next call tries again.
        """
        if self.follows(settings):
            return
        with self._alone() as alone:
            if self.follows(settings) or not alone:
                return
            self._settings = None  # whatever happens now, it is open no more
            self._close()
            self._open(settings)
            self.turns.assistant = self.assistant
            for user, other in self._others.items():
                other._open(settings.model_copy(update={"user": user}))
                other.turns.assistant = other.assistant
            self._settings = _of_desk(settings)

    def close(self) -> None:
        """Stop the turns and the indexing under way, which keep what is done, and let go of the data directory."""
        for desk in self._all():
            desk.turns.end_all()
        self._close()

    def _open(self, settings: Settings) -> None:
        first = self._first is self
        assistant = open_assistant(settings, beside=None if first else self._first.assistant)
        librarian = Librarian(assistant.settings, assistant.home, assistant.pool, self._first._alone)
        try:
            self._door = Door(librarian) if first else None
        except BaseException:
            assistant.close()
            raise
        self.assistant, self.librarian, self.indexer = assistant, librarian, Indexer(librarian)

    def _all(self) -> list[Desk]:
        return [self, *self._others.copy().values()]

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Within, nobody's turn begins, nor a desk; False where a turn or an indexing is under way."""
        with self._changing, ExitStack() as held:
            paused = [held.enter_context(desk.turns.paused()) for desk in self._all()]
            yield all(paused) and not any(desk.indexer.busy for desk in self._all())

    def _close(self) -> None:
        for other in self._others.values():
            other._close()
        if self._door:
            self._door.close()
        self.indexer.end()
        self.assistant.close()


def _of_desk(settings: Settings) -> Settings:
    defaults = {name: Settings.model_fields[name].get_default() for name in ELSEWHERE}
    return settings.model_copy(update=defaults)


@st.cache_resource(show_spinner=False, on_release=Desk.close)
def open_desk(_settings: Settings) -> Desk:
    """Open the desk at the first call; every later one returns the same, whatever the settings are by then.

    Raises:
        SetupError: it cannot be opened; the next call tries again.
    """
    return Desk(_settings)
