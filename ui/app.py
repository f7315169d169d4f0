"""What is served: the page, the reports that it shows, and at the end of the server the end of what the page opened."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import streamlit as st
from streamlit.starlette import App

from runtime.errors import SetupError
from runtime.settings import load_settings
from ui.evaluations.served import ROUTE


@asynccontextmanager
async def lifespan(_: App) -> AsyncIterator[None]:
    """Stop the turns under way and let go of the data directory when the server stops."""
    preparing = threading.Thread(target=_prepare, name="preparing")
    preparing.start()
    yield
    preparing.join()
    from ui.desk import open_desk

    open_desk.clear()


def _prepare() -> None:
    """Import the pages and open the desk while the browser still fetches its scripts."""
    from ui import frame  # noqa: F401
    from ui.desk import open_desk

    with suppress(SetupError):  # the page tries again, and says why it cannot be opened
        open_desk(load_settings())


app = st.App(Path(__file__).with_name("run_page.py"), lifespan=lifespan, routes=[ROUTE])
