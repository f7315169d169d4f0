"""Data to measure on: our own rows and the public sets as they are, read into one kind of sample."""

from evals.formats.base import Picture, Sample, Turn
from evals.formats.loading import FORMATS, TASKS, Format, load
from evals.formats.searches import PICTURE_TO_WORDS, WORDS_TO_PICTURE

__all__ = ["FORMATS", "PICTURE_TO_WORDS", "TASKS", "WORDS_TO_PICTURE", "Format", "Picture", "Sample", "Turn", "load"]
