"""The chat page: conversations at the side, one of them in the middle, the box for the next question below."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from itertools import zip_longest

import streamlit as st

from agent.assistant import Upload
from agent.exchange import Exchange
from memory.refs import ImageRef
from runtime.errors import UnknownThread, VistalkError
from ui import box, camera, safe
from ui.branching import draw_branches
from ui.copying import copier
from ui.desk import Desk
from ui.exchange import Scene, call_title, draw
from ui.faults import failure
from ui.feedback import draw_feedback
from ui.language import Texts
from ui.opening import at_desk
from ui.shown import Shown, kept, live
from ui.sidebar import PARAMETER, draw_sidebar, go
from ui.turns import Draft, Running
from ui.viewing import viewed_picture
from ui.welcome.page import draw_welcome

FILE_TYPES = ["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff", "heic", "heif"]

POLL = 0.25
"""Seconds between looks at a turn under way. The page looks again and again, instead of waiting for the turn's events
in one long script run, because Streamlit lets no dialog act while a script runs."""

BRISK = 0.06
"""The same where the turn has the model or has it next, so that a word is shown soon after it is made. Those further
back in the queue look less often, so that however many wait, only few take the processor from the model."""

NEWEST = 10
"""Turns that are shown at first: hundreds of them take seconds to draw, at each click."""

NEW = ""
"""Stands for a conversation that has not begun, where its draft is kept."""


def show() -> None:
    """Draw the page."""
    if (opened := at_desk()) is None:
        return
    desk, words = opened
    thread, running, exchanges = _conversation(desk, words)
    welcome = None
    draft = desk.turns.draft(thread)
    draw_sidebar(desk, thread, words)
    scene = Scene(
        desk.assistant.home.images,
        {},
        words,
        partial(desk.assistant.where, thread),
        desk.assistant.home.drawings.made,
        None if running else partial(_say, desk, thread),
    )
    _draw_history(desk, thread, exchanges[: running.before] if running else exchanges, scene)
    if running:
        pace = look_interval(running)
        st.fragment(run_every=pace)(_follow)(desk, running, scene, pace)
        with st.bottom.container(horizontal_alignment="center"):
            st.button(words.stop, icon=":material/stop_circle:", key="stop", on_click=running.stop)
    elif not exchanges and not draft:
        _draw_beginning(desk, words)
        welcome = st.container()
    if draft:
        _draw_draft(desk, thread, draft, words)
    box.pour()
    with st.bottom:
        camera.draw_photos(words)
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", wrap=False, key="ask"):
            camera.camera_button(words, None if running else partial(_send_photos, desk, thread))
            st.chat_input(
                words.placeholder_busy if running else words.placeholder,
                key=box.KEY,
                accept_file="multiple",
                file_type=FILE_TYPES,
                max_upload_size=math.ceil(desk.assistant.settings.max_upload_mb),
                disabled=running is not None,
                on_submit=_send,
                args=(desk, thread),
            )
    if welcome:  # after the box, which need not wait for its pictures
        with welcome:
            draw_welcome(desk, partial(_say, desk, NEW), words)
    viewed_picture(scene, desk.assistant.preset)


def _conversation(desk: Desk, words: Texts) -> tuple[str, Running | None, list[Exchange]]:
    """The conversation that the page's address names, or a new one; the turn under way there; its turns so far."""
    thread = st.query_params.get(PARAMETER, NEW)
    if thread == NEW:
        return NEW, None, []
    running = desk.turns.get(thread)  # before the history: a turn that ends between the two is in both, not in none
    try:
        return thread, running, desk.assistant.history(thread)
    except UnknownThread:
        go(NEW)
        st.info(words.not_there)
        return NEW, None, []


def _draw_history(desk: Desk, thread: str, exchanges: list[Exchange], scene: Scene) -> None:
    """Turns that are over; their pictures become known to the scene, and while none is under way they can be redone."""
    redoing = exchanges and not desk.turns.get(thread)
    branches = desk.assistant.branches(thread) if redoing else []
    opinions = desk.assistant.home.feedback.of(thread) if exchanges else {}
    for exchange in exchanges:
        scene.refs.update(_by_handle(exchange.images) | exchange.found)
    first = max(0, len(exchanges) - st.session_state.setdefault(f"shown-{thread}", NEWEST))
    if first:
        st.button(scene.texts.older, key="earlier", type="tertiary", on_click=_show_earlier, args=(thread,))
    shown = zip_longest(exchanges[first:], branches[first : len(exchanges)])
    for number, (exchange, branch) in enumerate(shown, first):
        draw(kept(exchange), scene, number)
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key=f"below-{number}"):
            if branch and branch.count:
                draw_branches(desk, thread, number, exchange, branch, scene.texts)
            if exchange.reply:
                copier(exchange.reply, scene.texts, key=f"copy-{number}")
                opinion = opinions.get(exchange.id)
                draw_feedback(desk.assistant.home.feedback, thread, exchange.id, opinion, scene.texts)


def _show_earlier(thread: str) -> None:
    st.session_state[f"shown-{thread}"] += NEWEST


def look_interval(running: Running) -> float:
    """Seconds from one look at a turn to the next."""
    return BRISK if live(running.words, running.events).ahead <= 1 else POLL


def _follow(desk: Desk, running: Running, scene: Scene, pace: float) -> None:
    """The turn under way, drawn again and again; the whole page once it is over, or is to be looked at otherwise."""
    if running.done or look_interval(running) != pace:
        st.rerun()
    shown = live(running.words, running.events)
    scene.refs.update(_by_handle(shown.images))
    draw(shown, scene, running.before, _status(desk, shown, scene.texts))


def _status(desk: Desk, shown: Shown, words: Texts) -> str:
    if shown.ahead:
        return words.queued.format(n=shown.ahead)
    if shown.state == "acting":
        return call_title(shown.calls[-1], words)
    if shown.state == "writing":
        return words.writing
    local = desk.assistant.preset.vlm not in ("scripted", "served")
    return words.loading if local and not desk.assistant.pool.loaded() else words.thinking


def _by_handle(refs: list[ImageRef]) -> dict[str, ImageRef]:
    return {ref.handle: ref for ref in refs}


def _draw_beginning(desk: Desk, words: Texts) -> None:
    suggestions = [*words.suggestions]
    if desk.assistant.preset.generator != "none":
        suggestions.append(words.suggested_drawing)
    st.header(words.greeting, anchor=False)
    st.text(words.how_to_begin)
    with st.container(horizontal=True):
        for number, suggestion in enumerate(suggestions):
            st.button(suggestion, key=f"suggestion-{number}", on_click=box.fill, args=(suggestion,))


def _draw_draft(desk: Desk, thread: str, draft: Draft, words: Texts) -> None:
    """Why it was not taken; its words go back into the box, once, and its files can be sent again."""
    failure(draft.failure, words)
    if st.session_state.get("taken_back") is not draft:
        st.session_state["taken_back"] = draft
        box.fill(draft.words)
    if draft.uploads:
        st.pills(
            words.kept_files,
            range(len(draft.uploads)),
            format_func=lambda position: safe.literal(draft.uploads[position].name) or str(position + 1),
            selection_mode="multi",
            default=range(len(draft.uploads)),
            key=_kept_key(draft),
        )
    st.button(words.discard, key="discard", type="tertiary", on_click=_discard, args=(desk, thread))


def _kept_key(draft: Draft) -> str:
    return f"kept-{id(draft)}"


def _discard(desk: Desk, thread: str) -> None:
    """Throw the draft away, and the conversation too where nothing else was ever said in it."""
    desk.turns.discard(thread)
    if thread != NEW and not desk.assistant.history(thread):
        desk.assistant.home.conversations.delete(thread)
        go(NEW)


def _send(desk: Desk, thread: str) -> None:
    """Begin a turn with what is in the box and what is still chosen of the draft, here or in a new conversation."""
    sent, uploads = st.session_state[box.KEY], []
    if draft := desk.turns.draft(thread):
        uploads += [draft.uploads[position] for position in st.session_state.get(_kept_key(draft), [])]
    uploads += [*(Upload(file.getvalue(), file.name) for file in sent.files), *camera.taken()]
    _say(desk, thread, sent.text, uploads)


def _send_photos(desk: Desk, thread: str, photos: Sequence[Upload]) -> None:
    camera.taken()
    _say(desk, thread, "", photos)


def _say(desk: Desk, thread: str, words: str, uploads: Sequence[Upload] = ()) -> None:
    """Begin a turn, here or in a new conversation; what is not taken becomes the draft."""
    try:
        if thread == NEW:
            thread = desk.assistant.home.conversations.create().id
            go(thread)
        desk.turns.start(thread, words, uploads)
        desk.turns.discard(NEW)
    except VistalkError as error:
        desk.turns.refuse(thread, words, uploads, error)
