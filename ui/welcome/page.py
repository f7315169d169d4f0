"""The first page of all: what the model can do, pictures to try it with, and a better one where the machine allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from agent.assistant import Upload
from runtime.settings import Settings
from ui.desk import Desk
from ui.fetching import fetcher
from ui.language import Texts
from ui.settings.models import gigabytes, use
from ui.users import signing_in
from ui.welcome.advice import Advice, advice
from ui.welcome.samples import SAMPLES, sample

POLL = 0.5
"""Seconds between looks at whether the advice is there."""

REFUSED = "advice refused"

SHOWN = "welcome shown"
"""Where a tab keeps that it has the page: only then is the advice looked for, which takes the processor for seconds."""

Say = Callable[[str, Sequence[Upload]], None]
"""Sends words with pictures in a new conversation."""


def draw_welcome(desk: Desk, say: Say, words: Texts) -> None:
    """Draw it where there is no conversation yet; nothing otherwise."""
    if desk.assistant.home.conversations.list(limit=1):
        return
    said, preset = words.welcome, desk.assistant.preset
    if preset.vlm == "pocket":
        st.markdown(f"{said['good']}  \n{said['bad']}")
    _draw_samples(say, words)
    if preset.local and not signing_in() and not st.session_state.get(REFUSED) and fetcher().run is None:
        _advise(desk.assistant.settings, words)


def _draw_samples(say: Say, words: Texts) -> None:
    """Each with a question that is asked with a click."""
    said = words.welcome
    st.caption(said["try"])
    with st.container(key="gallery-samples"):
        for name in SAMPLES:
            question, file = said[f"{name}_question"], Upload(sample(name), f"{name}.jpg")
            with st.container(gap="xsmall", key=f"cell-sample-{name}"):
                st.image(file.data, alt=said[name], width="stretch")
                st.button(question, key=f"sample-{name}", type="tertiary", on_click=say, args=(question, [file]))


@st.fragment(run_every=POLL)
def _advise(settings: Settings, words: Texts) -> None:
    """A preset that fits better, once it is known whether there is one."""
    if not st.session_state.get(SHOWN):
        st.session_state[SHOWN] = True
        return
    found = advice(settings.home, settings.preset, settings)
    better = found.result() if found.done() and not found.exception() else None
    if better and not st.session_state.get(REFUSED):
        _draw_advice(better, settings, words)


def _draw_advice(better: Advice, settings: Settings, words: Texts) -> None:
    said, name = words.welcome, better.preset
    with st.container(border=True, key="advice"):
        if better.download:
            what = said["recommended"].format(preset=name, what=words.presets[name], size=gigabytes(better.download))
            label, start = said["download"].format(preset=name), partial(fetcher().start, settings, name)
        else:
            what = said["recommended_here"].format(preset=name, what=words.presets[name])
            label, start = words.settings["use_now"].format(preset=name), partial(use, name)
        st.markdown(what)
        with st.container(horizontal=True):
            begun = st.button(label, key="advice-yes", on_click=start)
            st.button(said["not_now"], key="advice-no", type="tertiary", on_click=_refuse)
    if begun:
        st.rerun()


def _refuse() -> None:
    st.session_state[REFUSED] = True
