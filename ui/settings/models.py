"""The presets with their models: what each is for, which is here, chosen or downloaded with a click."""

from __future__ import annotations

import streamlit as st

from runtime.choosing import Machine, Piece, fits, missing, pieces, recommended, this_machine
from runtime.errors import VistalkError
from runtime.presets import Preset, preset_of, presets
from runtime.settings import Settings, fixed
from ui.faults import failure
from ui.fetching import Fetcher
from ui.language import Texts
from ui.safe import literal
from ui.settings.changing import change, draw_fixed
from ui.wording import file_size

FRESH = 5
"""Seconds for which models are not looked for anew on disk."""

OWN = ("vlm", "vlm_revision", "vlm_url")
"""Settings that put another model into a preset's place, and go when one is chosen by its name."""


def draw_models(settings: Settings, fetcher: Fetcher, words: Texts) -> None:
    """What this machine has, and each preset."""
    said = words.settings
    st.subheader(said["models"], anchor=False)
    try:
        chosen = preset_of(settings)
        with st.spinner(said["looking"]):
            machine = this_machine(settings)
            best = recommended(settings, machine).name
            found = _found(settings.model_dump_json(), fetcher.busy, settings)
    except VistalkError as error:  # a preset that nobody knows, a device that is not here
        failure(error, words)
        chosen, machine, best, found = presets()["pocket"], None, "", {}
    if machine:
        st.caption(_about(machine, words))
    draw_fixed(["preset", *OWN], words)
    for name, preset in presets().items():
        if name != "scripted" or name == settings.preset:
            shown = chosen if name == settings.preset else preset
            _draw_preset(shown, found.get(name, []), settings, machine, best, fetcher, words)


@st.cache_data(show_spinner=False, ttl=FRESH, max_entries=4)
def _found(wanted: str, busy: bool, _settings: Settings) -> dict[str, list[Piece]]:  # noqa: ARG001  these say when
    """Each preset's models, with the replacements of those that the settings replace."""
    own = _settings.model_copy(update=dict.fromkeys(OWN))
    found = {}
    for name in presets():
        settings = _settings if name == _settings.preset else own.model_copy(update={"preset": name})
        found[name] = pieces(settings, preset_of(settings))
    return found


def _about(machine: Machine, words: Texts) -> str:
    said = words.settings
    return said["machine"].format(
        memory=gigabytes(machine.memory),
        gpu=said["gpu"].format(size=gigabytes(machine.gpu)) if machine.gpu else said["no_gpu"],
        disk=gigabytes(machine.disk),
    )


def gigabytes(size: float) -> str:
    """A size in gigabytes for a person: 90 MB, 5.7 GB, 18 GB."""
    return file_size(round(size * 1e9))


def _draw_preset(
    preset: Preset,
    found: list[Piece],
    settings: Settings,
    machine: Machine | None,
    best: str,
    fetcher: Fetcher,
    words: Texts,
) -> None:
    said, name, used = words.settings, preset.name, preset.name == settings.preset
    with st.container(border=True, key=f"preset-{name}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{literal(name)}**", width="content")
            if used:
                st.badge(said["in_use"], icon=":material/check:", color="green")
            if name == best:
                st.badge(said["best_here"], icon=":material/star:", color="blue")
            elif machine and preset.local and not fits(preset, machine):
                st.badge(said["too_large"], icon=":material/warning:", color="orange")
        st.caption(words.presets.get(name, literal(preset.summary)))
        if found:
            st.markdown("  \n".join(f":gray[{said[piece.part]}:] {_state(piece, words)}" for piece in found))
        if name == "served":
            _draw_server(settings, words)
        _draw_buttons(name, found, settings, fetcher, words)


def _state(piece: Piece, words: Texts) -> str:
    name = literal(piece.name)
    if piece.bytes is not None:
        return words.settings["here"].format(name=name, size=file_size(piece.bytes))
    if piece.download is None:
        return words.settings["not_here"].format(name=name)
    return words.settings["to_fetch"].format(name=name, size=gigabytes(piece.download))


def _draw_buttons(name: str, found: list[Piece], settings: Settings, fetcher: Fetcher, words: Texts) -> None:
    said, held = words.settings, fixed() & {"preset", *OWN}
    answers = all(piece.here for piece in found if piece.part == "vlm")
    with st.container(horizontal=True):
        if name not in (settings.preset, "served") and answers:
            st.button(
                said["use"],
                key=f"use-{name}",
                type="primary",
                disabled=bool(held),
                on_click=use,
                args=(name,),
            )
        if not all(piece.here for piece in found):
            label = said["download"].format(size=gigabytes(missing(found)))
            st.button(
                label,
                key=f"download-{name}",
                icon=":material/download:",
                disabled=fetcher.busy,
                help=said["fetch_busy"] if fetcher.busy else None,
                on_click=fetcher.start,
                args=(settings, name),
            )


def use(name: str) -> None:
    """Have a preset answer, with the vision-language model that it names."""
    change({"preset": name, **dict.fromkeys(OWN)})


def _draw_server(settings: Settings, words: Texts) -> None:
    """Where the server is, and what its model is called."""
    said = words.settings
    with st.form("server", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        served = settings.preset == "served"
        address = st.text_input(
            said["address"], settings.vlm_url or "", placeholder=said["address_example"], key="server-address"
        )
        model = st.text_input(said["served_model"], (settings.vlm or "") if served else "", key="server-model")
        disabled = bool(fixed() & {"preset", *OWN})
        sent = st.form_submit_button(said["use"], key="use-served", type="primary", disabled=disabled)
    if not sent:
        return
    if not address.strip().startswith(("http://", "https://")):
        st.error(said["no_address"].format(example=said["address_example"]))
        return
    change({"preset": "served", "vlm_url": address.strip(), "vlm": model.strip() or None, "vlm_revision": None})
    st.rerun()
