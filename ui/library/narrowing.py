"""What the pictures that are shown are narrowed to: a folder, a first and a last day."""

from __future__ import annotations

from datetime import date

import streamlit as st

from memory.library.records import Filters, Stats
from memory.library.walking import shown
from ui.language import Texts

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)
KEYS = ("in", "since", "until")


def chosen_filters(held: Stats, words: Texts) -> Filters:
    """What is chosen behind a button that says how much is."""
    said = words.library
    chosen = sum(st.session_state.get(key) is not None for key in KEYS)
    label = f"{said['filters']} ({chosen})" if chosen else said["filters"]
    with st.popover(label, icon=":material/tune:", key="filters"):
        folder = st.selectbox(
            said["in_folder"],
            [folder.path for folder in held.folders],
            index=None,
            format_func=shown,
            placeholder=said["all_folders"],
            key="in",
        )
        days = [
            st.date_input(said[key], value=None, min_value=FIRST_DAY, max_value=LAST_DAY, key=key, format="YYYY-MM-DD")
            for key in ("since", "until")
        ]
        st.button(said["all_of_them"], key="unfilter", type="tertiary", disabled=not chosen, on_click=_reset)
    since, until = (day.isoformat() if isinstance(day, date) else "" for day in days)
    return Filters(folder, since, until)


def _reset() -> None:
    for key in KEYS:
        st.session_state[key] = None
