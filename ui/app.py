"""What is served: the page, the reports that it shows, and at the end of the server the end of what the page opened."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from streamlit.starlette import App

from ui.desk import open_desk
from ui.evaluations.served import ROUTE


@asynccontextmanager
async def lifespan(_: App) -> AsyncIterator[None]:
    """Stop the turns under way and let go of the data directory when the server stops."""
    yield
    open_desk.clear()


app = st.App(Path(__file__).with_name("run_page.py"), lifespan=lifespan, routes=[ROUTE])
