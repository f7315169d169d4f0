"""How a page begins: the words to show and the open desk, or one sentence why there is none."""

from __future__ import annotations

import streamlit as st

from runtime.errors import SetupError
from runtime.settings import load_settings
from ui.desk import Desk, open_desk
from ui.exchange import failure
from ui.language import Texts, shown_language, texts


def at_desk() -> tuple[Desk, Texts] | None:
    """The desk and the page's words; None where it cannot be opened, which is then on the page."""
    words = texts(shown_language("auto", st.context.locale))
    try:
        settings = load_settings()
        words = texts(shown_language(settings.language, st.context.locale))
        with st.spinner(words.opening):
            return open_desk(settings), words
    except SetupError as error:
        failure(error.message, error.hint)
        st.button(words.try_again)
        return None
