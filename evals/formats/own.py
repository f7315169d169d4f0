"""Our own rows, one JSON object a line. A row of POPE is a row of `presence` as it stands."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from evals.formats.base import Placed, Row, Text, Texts
from evals.formats.source import Source


class Content(NamedTuple):
    """What a row asks: the names of its pictures or only their number, its text, and its references."""

    pictures: list[str] | int
    text: str
    references: list[str]


class OwnRow(Row):
    """A row of one of our tasks."""

    @abstractmethod
    def content(self) -> Content:
        """What it asks."""


class Pictured(OwnRow):
    """A row about one picture, or several."""

    image: Text | None = None
    images: Texts | None = None

    @model_validator(mode="after")
    def _pictures_once(self) -> Self:
        _exactly_one(self, "image", "images")
        return self

    @property
    def names(self) -> list[str]:
        """The names of the pictures."""
        return [self.image] if self.image is not None else self.images or []


class Vqa(Pictured):
    """A question and its answers."""

    question: Text
    answers: Texts

    def content(self) -> Content:
        """The question, with the answers."""
        return Content(self.names, self.question, self.answers)


class Statement(Pictured):
    """A statement that is true of the picture or is not."""

    statement: Text
    label: bool | Literal[0, 1]

    def content(self) -> Content:
        """The statement, with yes or no."""
        return Content(self.names, self.statement, ["yes" if self.label else "no"])


class Caption(Pictured):
    """What people said of a picture."""

    captions: Texts

    def content(self) -> Content:
        """No text, with the captions."""
        return Content(self.names, "", self.captions)


class Presence(Pictured):
    """Whether something is in the picture."""

    text: Text
    label: Literal["yes", "no"]

    def content(self) -> Content:
        """The question, with yes or no."""
        return Content(self.names, self.text, [self.label])


class Ocr(Pictured):
    """The text that a picture shows, or a question about that text with its answers."""

    question: str = ""
    text: Text | None = None
    answers: Texts | None = None

    @model_validator(mode="after")
    def _text_once(self) -> Self:
        _exactly_one(self, "text", "answers")
        return self

    def content(self) -> Content:
        """The question if there is one, with the text or the answers."""
        return Content(self.names, self.question, [self.text] if self.text is not None else self.answers or [])


class Planning(OwnRow):
    """A message, and the actions of which any is right as the first."""

    text: Text
    images: Annotated[int, Field(ge=0, le=100)] | Texts = 0
    expect: Texts

    def content(self) -> Content:
        """The message, with the actions."""
        return Content(self.images, self.text, self.expect)


ROWS: dict[str, type[OwnRow]] = {
    "vqa": Vqa,
    "statement": Statement,
    "caption": Caption,
    "presence": Presence,
    "planning": Planning,
    "ocr": Ocr,
}


def read_lines(source: Source) -> Iterator[Placed]:
    """Every line as a row of the source's task."""
    for where, value in source.lines():
        row = source.check(ROWS[source.task], value, where)
        pictures, text, references = row.content()
        if isinstance(pictures, int):
            yield row.sample(where, [], text, references, count=pictures)
        else:
            yield row.sample(where, [source.picture(name, where) for name in pictures], text, references)


def _exactly_one(row: BaseModel, first: str, second: str) -> None:
    given = [name for name in (first, second) if getattr(row, name) is not None]
    if not given:
        raise PydanticCustomError("neither", "has no field '{first}'", {"first": first})
    if len(given) == 2:
        raise PydanticCustomError("both", "has both '{first}' and '{second}'", {"first": first, "second": second})
