"""How a page begins: the words to show and the open desk, or one sentence why there is none."""

from __future__ import annotations

import streamlit as st

from runtime.errors import SetupError
from runtime.settings import Settings, load_settings
from ui.desk import Desk, open_desk
from ui.faults import failure
from ui.language import Texts, shown_language, texts
from ui.users import of_user


def at_desk() -> tuple[Desk, Texts] | None:
    """The desk and the page's words; None where it cannot be opened, which is then on the page."""
    words = texts(shown_language("auto", st.context.locale))
    try:
        settings = load_settings()
        words = page_words(settings)
        with st.spinner(words.opening):
            return users_desk(settings), words
    except SetupError as error:
        failure(error, words)
        st.button(words.try_again)
        return None


def users_desk(settings: Settings) -> Desk:
    """The desk of whoever looks at the page, as the settings are now.

    Raises:
        SetupError: it cannot be opened, or nobody has signed in.
    """
    own = of_user(settings)
    desk: Desk = open_desk(settings)
    desk.follow(settings)
    return desk.of(own)


def page_words(settings: Settings) -> Texts:
    """The words in the language that the settings and the browser lead to."""
    return texts(shown_language(settings.language, st.context.locale))
