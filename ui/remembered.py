"""What a reply knew from before, on the page: "remembered because…"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from memory.images import ImageStore
from memory.refs import ImageRef
from ui.language import Texts
from ui.pictures import gallery
from ui.safe import literal
from ui.wording import ago

BECAUSE = {"asked": "because_asked", "stated": "because", "written": "because_written"}


def draw_remembered(
    memories: Sequence[Mapping[str, Any]], refs: Mapping[str, ImageRef], images: ImageStore, texts: Texts, *, key: str
) -> None:
    """A line a memory, with when it was told and what fitted, and the pictures that were brought; `key` names where."""
    for memory in memories:
        st.caption(f":material/psychology: {because(memory, texts)}")
    if brought := [memory["image"] for memory in memories if memory["image"] in refs]:
        gallery(dict.fromkeys(brought), refs, images, texts, key=key)


def because(memory: Mapping[str, Any], texts: Texts) -> str:
    """Why a memory came to mind, as one line of Markdown."""
    said = texts.memory
    when = ago(datetime.fromisoformat(memory["told"]), datetime.now(UTC), texts)
    what = f"“{literal(memory['text'])}”" if memory["text"] else said["picture"]
    line = said[BECAUSE[memory["origin"]]].format(when=when, text=what)
    if memory["seen"]:
        return f"{line} · {said['seen']}"
    if memory["words"]:
        return f"{line} · {said['matching'].format(words=literal(', '.join(memory['words'])))}"
    return line
