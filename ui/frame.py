"""What surrounds every page: its name, its style, and the way to the others."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from runtime.errors import SetupError
from runtime.settings import Settings, load_settings
from ui import box, chat_page
from ui.appearance import wear
from ui.evaluations import page as evaluations_page
from ui.fetching import fetcher
from ui.gallery import page as gallery_page
from ui.language import shown_language, texts
from ui.library import page as library_page
from ui.memory import page as memory_page
from ui.settings import page as settings_page
from ui.settings.downloading import draw_download
from ui.sidebar import PARAMETER

FOLDER = Path(__file__).parent


def show() -> None:
    """Draw the page that the address names."""
    wanted = _settings()
    if wanted and wear(wanted.appearance):
        st.rerun()
    words = texts(shown_language(wanted.language if wanted else "auto", st.context.locale))
    # No icons here: Streamlit would fetch a page's icon from another machine, as the picture in the browser's tab.
    chat = st.Page(chat_page.show, title=words.pages["chat"], url_path="chat", default=True)
    library = st.Page(library_page.show, title=words.pages["library"], url_path="library")
    gallery = st.Page(gallery_page.show, title=words.pages["gallery"], url_path="gallery")
    memory = st.Page(memory_page.show, title=words.pages["memory"], url_path="memory")
    evaluations = st.Page(evaluations_page.show, title=words.pages["evaluations"], url_path="evaluations")
    settings = st.Page(settings_page.show, title=words.pages["settings"], url_path="settings")
    page = st.navigation([chat, library, gallery, memory, evaluations, settings], position="hidden")
    if (box.turning() or box.waiting()) and page != chat:
        st.switch_page(chat, query_params=_conversation())
    layout = "centered" if page == chat else "wide"
    st.set_page_config("vistalk", page_icon=FOLDER / "icon.svg", layout=layout)
    st.logo(FOLDER / "logo.svg", size="large")
    st.html(FOLDER / "style.css")
    st.html(f"<style>:root {{ color-scheme: {st.context.theme.type or 'light dark'} }}</style>")  # dialogs too
    if page == chat:
        st.session_state["conversation"] = st.query_params.get(PARAMETER)
    with st.sidebar, st.container(gap="xxsmall"):
        st.page_link(chat, icon=":material/chat:", query_params=_conversation())
        st.page_link(library, icon=":material/photo_library:")
        st.page_link(gallery, icon=":material/palette:")
        st.page_link(memory, icon=":material/psychology:")
        st.page_link(evaluations, icon=":material/monitoring:")
        st.page_link(settings, icon=":material/settings:")
    with st.sidebar:
        draw_download(fetcher(), words)
    page.run()


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
