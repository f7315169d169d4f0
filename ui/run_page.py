"""The script that Streamlit runs again at every change; the page is in `ui.chat_page`."""

from ui.chat_page import show

show()
