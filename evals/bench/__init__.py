"""Ratios and limits, each measured in one run."""
