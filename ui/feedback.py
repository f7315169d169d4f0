"""A thumb for a reply, and why: kept beside the conversation, for its user alone."""

from __future__ import annotations

import streamlit as st

from memory.feedback import LONGEST, Feedback, Opinion
from ui.language import Texts

EXPLAINING = "reply to say more of"
"""Where the reply is kept that a thumb was just turned down at; the page asks why, once."""

UP = 1
"""What Streamlit calls a thumb that points up; one that points down is 0, and none is None."""


def draw_feedback(feedback: Feedback, thread: str, reply: str, opinion: Opinion | None, texts: Texts) -> None:
    """Two thumbs, and once one is chosen a button to say why."""
    words, key = texts.feedback, f"thumbs-{thread}-{reply}"
    at = (feedback, thread, reply)
    default = None if opinion is None else int(opinion.good)
    st.feedback("thumbs", key=key, default=default, on_change=_rate, args=(*at, key))
    if opinion is None:
        return
    icon = ":material/rate_review:" if opinion.reason or opinion.correction else ":material/comment:"
    asked = st.button(words["explain"], key=f"explain-{thread}-{reply}", icon=icon, type="tertiary")
    if st.session_state.pop(EXPLAINING, None) == reply or asked:
        st.dialog(words["explain"])(_explain)(*at, opinion, texts)


def _rate(feedback: Feedback, thread: str, reply: str, key: str) -> None:
    thumb = st.session_state[key]
    if thumb is None:
        feedback.withdraw(thread, reply)
        return
    feedback.rate(thread, reply, thumb == UP)
    if thumb != UP:
        st.session_state[EXPLAINING] = reply


def _explain(feedback: Feedback, thread: str, reply: str, opinion: Opinion, texts: Texts) -> None:
    words = texts.feedback
    st.text_area(words["why"], opinion.reason, max_chars=LONGEST, key="explain-reason", height=100)
    if not opinion.good:
        st.text_input(words["right"], opinion.correction, max_chars=LONGEST, key="explain-correction")
    st.caption(words["stays"])
    if st.button(words["save"], key="explain-save", type="primary", on_click=_save, args=(feedback, thread, reply)):
        st.rerun()


def _save(feedback: Feedback, thread: str, reply: str) -> None:
    said = st.session_state
    feedback.explain(thread, reply, said["explain-reason"], said.get("explain-correction", ""))
