"""Light or dark pages: Streamlit's own themes, chosen by the settings for every page of this server."""

from __future__ import annotations

from streamlit import config

from runtime.settings import Appearance

COLOURS = {"light": "#2f6f73", "dark": "#6fb3b8"}
"""The accent of each theme."""


def theme(appearance: Appearance) -> dict[str, str | None]:
    """Streamlit's options. Where both themes are given, the browser's wish decides; where only one is, that is it."""
    both = appearance == "system"
    options: dict[str, str | None] = {
        "theme.base": None if both else appearance,
        "theme.primaryColor": None if both else COLOURS[appearance],
    }
    return options | {f"theme.{name}.primaryColor": colour if both else None for name, colour in COLOURS.items()}


def wear(appearance: Appearance) -> bool:
    """Have the pages look like that from their next run on; False where they do already."""
    wanted = {name: value for name, value in theme(appearance).items() if config.get_option(name) != value}
    for name, value in wanted.items():
        config.set_option(name, value)
    return bool(wanted)
