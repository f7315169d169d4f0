"""What Streamlit runs; the page itself is in `ui.chat_page`."""

from ui.chat_page import show

show()
