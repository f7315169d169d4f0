"""The command line and the Streamlit pages; they know the agent's events, no model and no store."""
