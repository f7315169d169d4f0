"""Content to try vistalk with, made by the project itself."""
