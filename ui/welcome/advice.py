"""Which preset fits this machine: found out aside, since a look at the hardware and at every model takes seconds."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from runtime.choosing import missing, pieces, recommended, this_machine
from runtime.presets import presets
from runtime.settings import Settings


@dataclass(frozen=True)
class Advice:
    """A more capable preset than the one in use, and the gigabytes that it takes to download, about."""

    preset: str
    download: float


def find(settings: Settings) -> Advice | None:
    """What to recommend; None where the preset in use is the best already, or runs elsewhere."""
    known = presets()
    best = recommended(settings, this_machine(settings))
    order = list(known)
    used = known.get(settings.preset)
    if used is None or not used.local or order.index(best.name) <= order.index(used.name):
        return None
    return Advice(best.name, missing(pieces(settings, best)))


@st.cache_resource(show_spinner=False, max_entries=4)
def advice(home: Path, preset: str, _settings: Settings) -> Future[Advice | None]:  # noqa: ARG001  these say for whom
    """What `find` finds; asked for once."""
    aside = ThreadPoolExecutor(1, "advice")
    found = aside.submit(find, _settings)
    aside.shutdown(wait=False)
    return found
