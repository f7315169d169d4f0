"""What is put into the chat from whichever page: words into its box, to be sent or changed, or a conversation."""

from __future__ import annotations

import streamlit as st

KEY = "input"
WAITING = "words for the box"
"""Where words are kept until the box is drawn."""

TURNING = "turning to a conversation"


def fill(words: str) -> None:
    """Have these words stand in the box when it is drawn next."""
    st.session_state[WAITING] = words


def waiting() -> bool:
    """Whether words wait for the box to be drawn."""
    return WAITING in st.session_state


def turn_to(thread: str) -> None:
    """Have the chat turn to a conversation when the page is drawn next."""
    st.session_state["conversation"] = thread
    st.session_state[TURNING] = True


def turning() -> bool:
    """Whether a conversation waits to be turned to; asked once."""
    return bool(st.session_state.pop(TURNING, False))


def pour() -> None:
    """Put what waits into the box; to be called before it is drawn."""
    if waiting():
        st.session_state[KEY] = st.session_state.pop(WAITING)
