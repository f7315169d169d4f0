"""How Streamlit is started: everything that is not its default, in one place."""

from __future__ import annotations

from pathlib import Path

from runtime.settings import Settings
from ui.appearance import theme

APP = Path(__file__).with_name("app.py")
"""The script to run."""

LOOPBACK = ("127.0.0.1", "localhost")

OPTIONS = {
    "browser.gatherUsageStats": "false",
    "client.showErrorDetails": "none",
    "client.showErrorLinks": "false",
    "client.toolbarMode": "minimal",
    "logger.hideWelcomeMessage": "true",
    "runner.postScriptGC": "false",
    "server.fileWatcherType": "none",
    "server.headless": "true",
    "server.showEmailPrompt": "false",
    "theme.baseRadius": "medium",
    "theme.paddingBottom": "1.5rem",
    "theme.paddingTop": "2.5rem",
}


def streamlit_arguments(settings: Settings) -> list[str]:
    """What follows `python -m streamlit`.

    On this machine alone, only its own names are accepted, so that no web page elsewhere can pass for it.
    """
    colours = {name: value for name, value in theme(settings.appearance).items() if value}
    options = {**OPTIONS, **colours, "server.address": settings.host, "server.port": str(settings.port)}
    arguments = [f"--{name}={value}" for name, value in options.items()]
    if settings.host in LOOPBACK:
        arguments += [f"--server.allowedHosts={name}" for name in LOOPBACK]
    return ["run", str(APP), *arguments]
