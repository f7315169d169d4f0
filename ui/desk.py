"""The one assistant of a server process, with its turns, its library and its door: every browser tab looks at the
same."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from agent.assembly import open_assistant
from agent.assistant import Assistant
from runtime.settings import Settings
from ui.door import Door
from ui.librarian import Librarian
from ui.library.indexing import Indexer
from ui.turns import Turns


@dataclass(frozen=True)
class Desk:
    """The open assistant, its turns, its library and who indexes for it, and the door for commands that want it."""

    assistant: Assistant
    turns: Turns
    librarian: Librarian
    indexer: Indexer
    door: Door

    def close(self) -> None:
        """Stop the turns and the indexing under way, which keep what is done, and let go of the data directory."""
        self.door.close()
        self.indexer.end()
        self.turns.end_all()
        self.assistant.close()


@st.cache_resource(show_spinner=False, on_release=Desk.close)
def open_desk(_settings: Settings) -> Desk:
    """Open the assistant at the first call; every later one returns the same.

    Raises:
        SetupError: it cannot be opened; the next call tries again.
    """
    assistant = open_assistant(_settings)
    librarian = Librarian(assistant.settings, assistant.home, assistant.pool)
    try:
        door = Door(librarian)
    except BaseException:
        assistant.close()
        raise
    return Desk(assistant, Turns(assistant), librarian, Indexer(librarian), door)
