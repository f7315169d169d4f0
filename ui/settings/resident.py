"""The models in memory, and unloading them."""

from __future__ import annotations

import streamlit as st

from runtime.hardware import free_memory, rss
from runtime.pool import Loaded
from ui.desk import Desk
from ui.language import Texts
from ui.safe import literal
from ui.wording import file_size

POLL = 2.0
"""Seconds between looks at the memory."""


def draw_resident(desk: Desk, words: Texts) -> None:
    """What is loaded and how much it takes, looked at again and again."""
    st.subheader(words.settings["memory"], anchor=False)
    _watch(desk, words)


@st.fragment(run_every=POLL)
def _watch(desk: Desk, words: Texts) -> None:
    said = words.settings
    st.caption(said["process"].format(used=file_size(rss()), free=file_size(free_memory())))
    loaded = desk.assistant.pool.loaded()
    if not loaded:
        st.caption(said["nothing_loaded"])
    for number, model in enumerate(loaded):
        _draw(model, number, desk, words)


def _draw(model: Loaded, number: int, desk: Desk, words: Texts) -> None:
    said = words.settings
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"resident-{number}"):
        with st.container(gap=None, width="stretch"):
            st.markdown(f":gray[{said[f'kind_{model.kind.split()[0]}']}:] {literal(model.key)}")
            st.caption(f"{file_size(model.bytes)} · {_doing(model, words)}")
        st.button(
            said["unload"],
            key=f"unload-{number}",
            icon=":material/eject:",
            disabled=model.busy,  # it would be waited for
            on_click=_unload,
            args=(desk, model.key),
        )


def _doing(model: Loaded, words: Texts) -> str:
    if model.busy:
        return words.settings["busy"]
    minutes = int(model.seconds_idle // 60)
    if minutes:
        return words.settings["idle_minutes"].format(n=minutes)
    return words.settings["idle"].format(n=int(model.seconds_idle))


def _unload(desk: Desk, key: str) -> None:
    desk.assistant.pool.unload(key)
