"""What is to be found: pictures by words, words by pictures, and passages of documents by questions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from evals.formats.base import Placed, Row, Text, Texts
from evals.formats.source import Source

WORDS_TO_PICTURE, PICTURE_TO_WORDS = "text to image", "image to text"
LANGUAGES = ("en", "zh")


class Described(Row):
    """A picture with its captions, or with what people would type to find it, by language."""

    image: Text
    captions: Texts | None = None
    en: Text | None = None
    zh: Text | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        queries = [name for name in LANGUAGES if getattr(self, name) is not None]
        if not self.captions and not queries:
            raise PydanticCustomError("nothing", "has no field 'captions', and no query in 'en' or 'zh'")
        if self.captions and queries:
            raise PydanticCustomError("both", "has both 'captions' and queries")
        return self


class Asked(Row):
    """A question, the document that answers it, and a quotation that the right passage holds."""

    question: Text
    file: Text
    quote: Text


def read_descriptions(source: Source) -> Iterator[Placed]:
    """Every line a picture, with several samples each."""
    for where, value in source.lines():
        row = source.check(Described, value, where)
        picture = source.picture(row.image, where)
        if row.captions:
            yield from both_ways([row.sample(where, [picture], "", row.captions)])
        for lang in LANGUAGES:
            if words := getattr(row, lang):
                _, sample = row.sample(where, [picture], words, [picture.name], WORDS_TO_PICTURE)
                yield where, replace(sample, id=f"{sample.id}-{lang}", lang=lang)


def both_ways(captioned: Iterable[Placed]) -> Iterator[Placed]:
    """For each picture with its captions: every caption to find the picture, and the picture to find any of them."""
    for where, sample in captioned:
        (picture,) = sample.images
        for number, words in enumerate(sample.references, 1):
            found = replace(sample, id=f"{sample.id}-{number}", text=words, references=(picture.name,))
            yield where, replace(found, kind=WORDS_TO_PICTURE)
        yield where, replace(sample, id=f"{sample.id}-image", kind=PICTURE_TO_WORDS)


def read_questions(source: Source) -> Iterator[Placed]:
    """Every line a question; those that the same passage answers are one group."""
    for where, value in source.lines():
        row = source.check(Asked, value, where)
        place, sample = row.sample(where, [], row.question, [row.quote])
        group = row.group or f"{row.file}: {row.quote}"
        yield place, replace(sample, document=source.document_file(row.file, where), group=group)


SEARCHES = {"retrieval": read_descriptions, "documents": read_questions}
"""A data file of each task that looks for something."""
