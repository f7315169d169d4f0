"""A picture of the conversation in full size, in a dialog: closer, with what is known of it and what can be asked."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from memory.refs import ImageRef
from runtime.errors import ImageMissing
from runtime.presets import Preset
from ui.drawn import made_facts
from ui.exchange import Scene
from ui.faults import failure
from ui.pictures import DIALOG_WIDTHS, VIEWED, show_file
from ui.safe import literal
from ui.wording import file_size

ZOOMS = ("whole", "100", "200", "400")
"""As wide as the dialog at most, and percents of the picture's own size; `style.css` knows them by these names."""


def viewed_picture(scene: Scene, preset: Preset) -> None:
    """The dialog with the picture that was opened last, until it is closed; `preset` answers."""
    ref: ImageRef | None = st.session_state.get(VIEWED)
    if ref is None:
        return
    title = f"{ref.handle} · {literal(ref.name)}" if ref.name else ref.handle
    width: Literal["medium", "large"] = "medium" if ref.width <= DIALOG_WIDTHS["medium"] else "large"
    st.dialog(title, width=width, on_dismiss=_close)(_draw)(ref, scene, preset)


def _draw(ref: ImageRef, scene: Scene, preset: Preset) -> None:
    words, made = scene.texts.viewing, scene.made(ref.sha256)
    zoom = st.session_state.get(f"zoom-{ref.sha256}") or "whole"
    try:
        path = scene.images.path(ref.sha256)
        with st.container(key=f"view-{zoom}"):
            show_file(path, width="content", alt=f"{ref.handle} {ref.name}")
    except ImageMissing as error:
        failure(error, scene.texts)
        return
    st.segmented_control(
        words["zoom"],
        ZOOMS,
        default="whole",
        format_func=lambda name: words["whole"] if name == "whole" else f"{name} %",
        key=f"zoom-{ref.sha256}",
        label_visibility="collapsed",
    )
    facts = {
        words["size"]: f"{ref.width} × {ref.height} · {file_size(path.stat().st_size)} · {path.suffix[1:].upper()}",
        **made_facts(made or {}, scene.texts),
    }
    st.markdown("  \n".join(f":gray[{name}] {literal(fact)}" for name, fact in facts.items()))
    asks = {
        "describe": "description",
        **({"like": "image_search"} if preset.encoder != "none" else {}),
        **({"vary": "casino"} if preset.generator != "none" and (made or preset.composes) else {}),
    }
    with st.container(horizontal=True, gap="small", key="asks"):
        clicked = [
            st.button(
                words[name],
                key=f"ask-{name}",
                icon=f":material/{icon}:",
                disabled=scene.say is None,
                on_click=_ask,
                args=(scene, words[f"say_{name}"].format(handle=ref.handle)),
            )
            for name, icon in asks.items()
        ]
    if any(clicked):
        st.rerun()


def _ask(scene: Scene, words: str) -> None:
    _close()
    if scene.say is not None:
        scene.say(words)


def _close() -> None:
    st.session_state.pop(VIEWED, None)
