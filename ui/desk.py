"""The one assistant of a server process, with its turns: every browser tab looks at the same."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from agent.assembly import open_assistant
from agent.assistant import Assistant
from runtime.settings import Settings
from ui.turns import Turns


@dataclass(frozen=True)
class Desk:
    """The open assistant and its turns."""

    assistant: Assistant
    turns: Turns

    def close(self) -> None:
        """Stop the turns under way, which keep what was written, and let go of the data directory."""
        self.turns.end_all()
        self.assistant.close()


@st.cache_resource(show_spinner=False, on_release=Desk.close)
def open_desk(_settings: Settings) -> Desk:
    """Open the assistant at the first call; every later one returns the same.

    Raises:
        SetupError: it cannot be opened; the next call tries again.
    """
    assistant = open_assistant(_settings)
    return Desk(assistant, Turns(assistant))
