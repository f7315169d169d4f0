"""`vistalk ui`: the chat in a browser, served by Streamlit in this process."""

from __future__ import annotations

import ctypes
import math
import os
import socket
import sys
import threading
import time
import webbrowser
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from runtime.errors import ModelNotPresent, SetupError
from ui.commands.output import complain, note, say
from ui.commands.session import bring_pocket

if TYPE_CHECKING:
    from runtime.settings import Settings
    from ui.commands.invocation import Invocation

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
"""Addresses that stand for all of a machine's, and where this machine itself finds what listens there."""

M_ARENA_MAX, ARENAS = -8, 2
"""glibc's number for the option that bounds how many heaps the threads have, and that bound."""


def ui(
    ctx: typer.Context,
    port: Annotated[int | None, typer.Option(help="Port of the page; 8501 unless the settings say else.")] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open no browser.")] = False,
) -> None:
    """Open the chat in a browser. Ctrl-C ends it."""
    from memory.home import Home

    given: Invocation = ctx.obj
    invocation = given.adding(port=port)
    settings = invocation.settings()
    _check_port(settings)
    Home.open(settings).close()  # what would keep the page from working is told here
    _bring_model(settings)
    if settings.host not in ("127.0.0.1", "::1", "localhost"):
        note("Whoever can reach this machine can read and write these conversations.", "yellow")
    os.environ.update(invocation.environment())
    _bound_heaps()
    threading.Thread(target=_announce, args=(settings, not no_browser), daemon=True).start()

    import click
    from streamlit.web import cli as streamlit

    from ui.app_options import streamlit_arguments

    limits = [f"--server.maxUploadSize={math.ceil(settings.max_upload_mb)}", "--logger.level=warning"]
    try:
        with suppress(click.Abort):  # Ctrl-C before Streamlit takes care of it
            streamlit.main([*streamlit_arguments(settings), *limits], standalone_mode=False)
    finally:
        from ui.desk import open_desk  # not before: it takes a second to import, and the page is waited for

        open_desk.clear()  # closes it; Streamlit itself only does that while it runs


def _bring_model(settings: Settings) -> None:
    """The pocket model is put together now; a page without its model still opens, and says the same."""
    from runtime.models import present
    from runtime.presets import preset_of

    bring_pocket(settings)
    preset = preset_of(settings)
    if preset.vlm in ("scripted", "served"):
        return
    try:
        present(settings, preset)
    except ModelNotPresent as error:
        complain(error.message, f"Fetch it with `vistalk models pull {preset.name}`; the page opens all the same.")


def _bound_heaps() -> None:
    """Have the many threads of the server share a few heaps.

    Left alone, glibc gives almost every thread one of its own, and each keeps what was freed in it: over a long
    conversation that is more than all that is in use.
    """
    bound = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if bound is not None:
        bound(M_ARENA_MAX, ARENAS)


def _check_port(settings: Settings) -> None:
    """Raises SetupError where nothing can listen there."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        if os.name == "posix":  # Windows would then share a port that is in use
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise SetupError(
                f"Port {settings.port} of {settings.host} cannot be used: {error.strerror or error}.",
                hint="Close what uses it, or choose another: `vistalk ui --port 8502`.",
            ) from error


def _announce(settings: Settings, browse: bool) -> None:
    """Print the address once something listens there, and open it."""
    host = EVERYWHERE.get(settings.host, settings.host)
    while True:
        try:
            socket.create_connection((host, settings.port), timeout=1).close()
            break
        except OSError:
            time.sleep(0.1)
    url = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
    say(f"vistalk is open at {url} (Ctrl-C ends it)\n")
    # Without a screen, Python would start a text browser in this terminal.
    if browse and (sys.platform != "linux" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        webbrowser.open(url)
