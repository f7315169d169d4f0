"""The script that Streamlit runs again at every change; what it shows is in `ui.frame`."""

from ui.frame import show

show()
