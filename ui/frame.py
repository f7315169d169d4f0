"""What surrounds every page: its name, its style, and the way to the others."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import streamlit as st

from runtime.errors import SetupError
from runtime.settings import Settings, load_settings
from ui import box, chat_page
from ui.account import draw_account
from ui.appearance import wear
from ui.fetching import fetcher
from ui.language import Language, shown_language, texts
from ui.settings.downloading import draw_download
from ui.sidebar import PARAMETER
from ui.users import admitted, signing_in

FOLDER = Path(__file__).parent

TAGS: dict[Language, str] = {"en": "en", "zh": "zh-CN"}
"""The languages as browsers call them; Streamlit itself says English, whatever a page holds."""


def show() -> None:
    """Draw the page that the address names."""
    wanted = _settings()
    if wanted and wear(wanted.appearance):
        st.rerun()
    words = texts(shown_language(wanted.language if wanted else "auto", st.context.locale))
    # No icons here: Streamlit would fetch a page's icon from another machine, as the picture in the browser's tab.
    chat = st.Page(chat_page.show, title=words.pages["chat"], url_path="chat", default=True)
    library = st.Page(_page("library"), title=words.pages["library"], url_path="library")
    gallery = st.Page(_page("gallery"), title=words.pages["gallery"], url_path="gallery")
    memory = st.Page(_page("memory"), title=words.pages["memory"], url_path="memory")
    evaluations = st.Page(_page("evaluations"), title=words.pages["evaluations"], url_path="evaluations")
    settings = st.Page(_page("settings"), title=words.pages["settings"], url_path="settings")
    owners = [] if signing_in() else [evaluations, settings]  # those who sign in share the machine and do not own it
    page = st.navigation([chat, library, gallery, memory, *owners], position="hidden")
    if (box.turning() or box.waiting()) and page != chat:
        st.switch_page(chat, query_params=_conversation())
    layout = "centered" if page == chat else "wide"
    st.set_page_config("vistalk", page_icon=FOLDER / "icon.svg", layout=layout)
    st.logo(FOLDER / "logo.svg", size="large")
    st.html(FOLDER / "style.css")
    st.html(f"<style>:root {{ color-scheme: {st.context.theme.type or 'light dark'} }}</style>")  # dialogs too
    _say_language(words.language)
    if not admitted(words):
        return
    if page == chat:
        st.session_state["conversation"] = st.query_params.get(PARAMETER)
    with st.sidebar, st.container(gap="xxsmall"):
        st.page_link(chat, icon=":material/chat:", query_params=_conversation())
        st.page_link(library, icon=":material/photo_library:")
        st.page_link(gallery, icon=":material/palette:")
        st.page_link(memory, icon=":material/psychology:")
        for owned, icon in zip(owners, (":material/monitoring:", ":material/settings:"), strict=False):
            st.page_link(owned, icon=icon)
    with st.sidebar:
        if owners:
            draw_download(fetcher(), words)
        else:
            draw_account(words)
    page.run()


def _say_language(language: Language) -> None:
    """Have the browser know it, for reading aloud and for drawing characters as Chinese and not as Japanese ones."""
    script = f"document.documentElement.lang = '{TAGS[language]}'"
    st.html(f"<script>{script}</script>", unsafe_allow_javascript=True)


def _page(name: str) -> Callable[[], None]:
    """A page of that name, which is imported when it is first shown: the chat does not wait for it."""

    def show() -> None:
        import_module(f"ui.{name}.page").show()

    return show


def _conversation() -> dict[str, str] | None:
    """The conversation that was open last, so that who comes back to the chat finds it."""
    kept = st.session_state.get("conversation")
    return {PARAMETER: kept} if kept else None


def _settings() -> Settings | None:
    """None where they cannot be read: the page itself says what is wrong with them."""
    try:
        return load_settings()
    except SetupError:
        return None
