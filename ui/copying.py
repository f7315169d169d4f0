"""A button that copies an answer, in the browser alone: the server hears nothing of it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from ui.language import Texts


def copier(text: str, texts: Texts, *, key: str) -> None:
    """The button; it copies the text as it was written, Markdown and all."""
    words = {"copy": texts.feedback["copy"], "copied": texts.feedback["copied"]}
    _component()(key=key, data={"text": text, **words}, width="content", height="content")


@cache
def _component() -> Any:
    script = Path(__file__).with_name("copying.js").read_text(encoding="utf-8")
    return st.components.v2.component("vistalk_copy", html='<button type="button"></button>', js=script, css=_STYLE)


_STYLE = """
button {
  all: unset;
  display: flex;
  min-width: 1.5rem;
  min-height: 2rem;
  align-items: center;
  justify-content: center;
  cursor: pointer;
  color: inherit;
  border-radius: var(--st-button-radius);
}
button:hover { color: var(--st-primary-color); }
button:focus-visible { outline: 2px solid var(--st-primary-color); }
svg { width: 1.15rem; height: 1.15rem; fill: none; stroke: currentColor; stroke-width: 1.6; }
"""
