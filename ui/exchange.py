"""One turn on the page: the question with its pictures, the tool calls, the answer and what is known about it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from agent.events import Failed
from memory.images import ImageStore
from memory.provenance import Made
from memory.refs import ImageRef
from runtime.errors import VistalkError
from runtime.vlm.base import Heat
from ui import safe
from ui.drawings import draw_finished, draw_under_way
from ui.faults import failure
from ui.language import Texts
from ui.pictures import evidence, gallery, heat_map, thumbnails
from ui.remembered import draw_remembered
from ui.shown import Call, Shown
from ui.wording import call_facts, chances, place, reply_facts


@dataclass(frozen=True)
class Scene:
    """What a turn is drawn with.

    Attributes:
        images: where pictures are kept.
        refs: the conversation's by handle.
        texts: the words.
        where: says where on its picture a call's words came from: it takes the turn's number and the call's.
        made: says how a picture of that digest was drawn.
        say: sends words in this conversation; None while it answers.
    """

    images: ImageStore
    refs: dict[str, ImageRef]
    texts: Texts
    where: Callable[[int, int], Heat | None]
    made: Callable[[str], Made | None]
    say: Callable[[str], None] | None


def draw(shown: Shown, scene: Scene, number: int, status: str = "") -> None:
    """Draw the turn; `number` counts turns from 0, `status` says what is being done."""
    scene.refs.update(shown.found)
    with st.chat_message("user", avatar=":material/person:"):
        if shown.images:
            thumbnails(shown.images, scene.images, scene.texts)
        if shown.words:
            st.text(shown.words)
    with st.chat_message("assistant", avatar=":material/visibility:"):
        for position, call in enumerate(shown.calls):
            _draw_call(call, scene, number, position, over=shown.state == "over")
        if shown.reply:
            st.markdown(safe.markdown(shown.reply), anchors=False)
        for position, call in enumerate(shown.calls):
            if call.found:
                found = dict.fromkeys(call.found) if call.tool == "recall" else call.found  # its scores are no cosines
                gallery(found, scene.refs, scene.images, scene.texts, key=f"{number}-{position}")
            if call.drawn:
                _draw_made(call.drawn, scene, f"{number}-{position}")
        if shown.state == "acting" and shown.calls[-1].fraction:
            draw_under_way(shown.calls[-1], scene.texts)
        if shown.sources:
            _draw_sources(shown, scene.texts, number)
        if shown.remembered:
            draw_remembered(shown.remembered, scene.refs, scene.images, scene.texts, key=f"remembered-{number}")
        if status:
            st.caption(f":shimmer[{status}]")
        _draw_end(shown, scene.texts)


def _draw_made(handles: list[str], scene: Scene, key: str) -> None:
    """Finished drawings, in a row."""
    with st.container(horizontal=True, gap="medium", key=f"drawn-{key}"):
        for ref in (scene.refs[handle] for handle in handles):
            draw_finished(ref, scene.made(ref.sha256), scene.images, scene.texts, scene.say, key=f"{key}-{ref.handle}")


def _draw_sources(shown: Shown, texts: Texts, number: int) -> None:
    """What the reply rests on: each opens the passage, exactly as it stands in the document."""
    with st.container(horizontal=True, gap="xsmall", key=f"sources-{number}"):
        for position, source in enumerate(shown.sources, 1):
            where = safe.literal(place(source, texts))
            label = f"{safe.literal(f'[{position}]')} {where}"  # cut off where the window is narrow
            with st.popover(label, icon=":material/article:", key=f"source-{number}-{position}"):
                st.markdown(f"**{where}**")
                st.text(source["text"])
                st.caption(safe.literal(source["path"]))


def _draw_end(shown: Shown, texts: Texts) -> None:
    if shown.state == "interrupted":
        st.caption(texts.interrupted)
    if shown.finish == "cancelled":
        st.caption(texts.stopped)
    if shown.finish == "length":
        st.caption(texts.cut)
    if shown.error:
        failure(Failed(**shown.error), texts)
    if line := reply_facts(shown, texts):
        st.caption(line)


def call_title(call: Call, texts: Texts) -> str:
    """What a tool does, and to which pictures."""
    return " · ".join([texts.tools.get(call.tool, call.tool), *call.images])


def _draw_call(call: Call, scene: Scene, number: int, position: int, *, over: bool) -> None:
    texts, key = scene.texts, f"call-{number}-{position}"
    title = " · ".join(part for part in (call_title(call, texts), call_facts(call, texts)) if part)
    with st.expander(title, key=key, icon=":material/error:" if call.error else ":material/build:"):
        st.caption(texts.input)
        st.code(f"{call.tool} {json.dumps(call.arguments, ensure_ascii=False)}", language=None, wrap_lines=True)
        st.caption(texts.output)
        if call.error:
            failure(Failed(VistalkError.code, call.error, ""), texts)
        else:
            quoted = "\n".join(place(source, texts) for source in call.sources)
            st.code(quoted or call.text or texts.nothing_found, language=None, wrap_lines=True)
        if call.evidence:
            evidence(call.evidence, scene.refs, scene.images, texts)
        elif over and call.text and len(call.images) == 1 and not call.found and not call.drawn:
            _draw_where(call.images[0], scene, number, position)
        st.caption(f"{texts.choice}: {chances(call.probabilities)}")


def _draw_where(handle: str, scene: Scene, number: int, position: int) -> None:
    """On request, as it takes the model's time: a heat map of where the call's words came from."""
    texts = scene.texts
    if not st.button(texts.where, key=f"where-{number}-{position}", icon=":material/my_location:", type="tertiary"):
        return
    try:
        with st.spinner(texts.thinking):
            heat = scene.where(number, position)
        if heat is None:
            st.caption(texts.where_unknown)
        else:
            heat_map(scene.refs[handle], heat, scene.images, texts)
    except VistalkError as error:
        failure(error, texts)
