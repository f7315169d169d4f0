"""The one assistant of a server process, with its turns, its library and its door: every browser tab looks at the
same."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

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
    """The open assistant, its turns, its library and who indexes for it, and the door for commands that want it.

    The desk stays the same when the settings change, so that a tab that knows it never holds something closed.

    Attributes:
        assistant: the one that answers.
        turns: those under way, and the drafts.
        librarian: of its library.
        indexer: who indexes for it.
        door: where commands ask.
    """

    assistant: Assistant
    librarian: Librarian
    indexer: Indexer
    door: Door
    _settings: Settings | None  # those it was opened with; None while it is not open

    def __init__(self, settings: Settings) -> None:
        """Open all of it.

        Raises:
            SetupError
        """
        self._changing = threading.Lock()
        self._open(settings)
        self.turns = Turns(self.assistant)

    @property
    def busy(self) -> bool:
        """Whether an answer or an indexing is under way, so that changed settings wait."""
        return self.turns.busy or self.indexer.busy

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
        with self._changing, self.turns.paused() as paused:
            if self.follows(settings) or not paused or self.indexer.busy:
                return
            self._settings = None  # whatever happens now, it is open no more
            self._close()
            self._open(settings)
            self.turns.assistant = self.assistant

    def close(self) -> None:
        """Stop the turns and the indexing under way, which keep what is done, and let go of the data directory."""
        self.turns.end_all()
        self._close()

    def _open(self, settings: Settings) -> None:
        assistant = open_assistant(settings)
        librarian = Librarian(assistant.settings, assistant.home, assistant.pool, self._alone)
        try:
            door = Door(librarian)
        except BaseException:
            assistant.close()
            raise
        self.assistant, self.librarian, self.indexer, self.door = assistant, librarian, Indexer(librarian), door
        self._settings = _of_desk(settings)

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        with self.turns.paused() as paused:
            yield paused and not self.indexer.busy

    def _close(self) -> None:
        self.door.close()
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
