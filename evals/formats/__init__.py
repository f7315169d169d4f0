"""Data to measure on: our own rows and the public sets as they are, read into one kind of sample."""

from evals.formats.base import Picture, Sample, Turn
from evals.formats.loading import FORMATS, TASKS, Format, load

__all__ = ["FORMATS", "TASKS", "Format", "Picture", "Sample", "Turn", "load"]
