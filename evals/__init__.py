"""Measurements whose numbers can be repeated."""
