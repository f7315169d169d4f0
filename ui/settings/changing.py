"""Settings that a click changes: written to the settings file, and taken up when the page is drawn next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import streamlit as st

from runtime.errors import SetupError
from runtime.settings import Appearance, Language, Settings, fixed
from runtime.settings_file import Value, save
from ui.faults import failure
from ui.language import Texts

LANGUAGES = {"en": "English", "zh": "中文"}
"""Each in its own words, for those who read no other."""

FAULT = "settings fault"


def change(changes: Mapping[str, Value]) -> None:
    """Write settings to the file; what went wrong is on the page when it is drawn next."""
    try:
        save(changes)
    except SetupError as error:
        st.session_state[FAULT] = error


def draw_fault(words: Texts) -> None:
    """Why the last change could not be written, once."""
    if error := st.session_state.pop(FAULT, None):
        failure(error, words)


def draw_choices(settings: Settings, words: Texts) -> None:
    """The language and the looks."""
    said = words.settings
    st.subheader(said["looks"], anchor=False)
    with st.container(horizontal=True, gap="large"):
        _choice("language", list(get_args(Language)), {"auto": said["auto"], **LANGUAGES}, settings, words)
        _choice("appearance", list(get_args(Appearance)), said, settings, words)


def draw_habits(settings: Settings, words: Texts) -> None:
    """What vistalk does by itself."""
    said = words.settings
    st.subheader(said["habits"], anchor=False)
    for name in ("learns", "drawing_filter"):
        st.session_state[f"set-{name}"] = getattr(settings, name)
        st.toggle(
            said[name],
            key=f"set-{name}",
            help=said[f"{name}_explained"],
            disabled=name in fixed(),
            on_change=_changed,
            args=(name,),
        )
        draw_fixed([name], words)


def draw_fixed(names: list[str], words: Texts) -> None:
    """Which of these settings the environment gives, where any does."""
    given = [f"`VISTALK_{name.upper()}`" for name in names if name in fixed()]
    if given:
        st.caption(words.settings["fixed"].format(setting=", ".join(given)))


def _choice(name: str, options: list[str], labels: Mapping[str, str], settings: Settings, words: Texts) -> None:
    said = words.settings
    st.session_state[f"set-{name}"] = getattr(settings, name)
    with st.container(width="content", gap="xsmall"):
        st.segmented_control(
            said[name],
            options,
            required=True,
            format_func=labels.__getitem__,
            key=f"set-{name}",
            help=said[f"{name}_explained"],
            disabled=name in fixed(),
            on_change=_changed,
            args=(name,),
        )
        draw_fixed([name], words)


def _changed(name: str) -> None:
    change({name: st.session_state[f"set-{name}"]})
