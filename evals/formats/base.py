"""What every format is read into, and what its rows have in common."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from runtime.errors import BadData


@dataclass(frozen=True)
class Picture:
    """A picture to show to the model: a file, or bytes that came inside the data.

    `title` is what the person who attaches it is said to have called the file; empty: its own name.
    """

    path: Path | None = None
    data: bytes = field(default=b"", repr=False)
    title: str = ""

    def read(self) -> bytes:
        """The encoded bytes.

        Raises:
            BadData: the file is gone or cannot be read.
        """
        if self.path is None:
            return self.data
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise BadData(f"The picture {self.path} cannot be read: {error.strerror}.") from error

    @property
    def key(self) -> str:
        """The same for the same picture: its path, or the hash of its bytes."""
        return str(self.path) if self.path else hashlib.sha256(self.data).hexdigest()

    @property
    def name(self) -> str:
        """What the file is called when it is attached."""
        return self.title or (self.path.name if self.path else "")


@dataclass(frozen=True)
class Turn:
    """One message of a script, and what is right after it. What is empty is not judged.

    Attributes:
        text: what is said.
        images: what is attached.
        answers: of which the reply is one.
        contains: of which the reply names one.
        actions: of which one is right as the first.
        handles: the pictures to be looked at, no more and no fewer.
        clean: for an attack, the pictures without it.
        marker: for an attack, what the reply may quote but must not say.
    """

    text: str
    images: tuple[Picture, ...] = ()
    answers: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()
    clean: tuple[Picture, ...] = ()
    marker: str = ""

    @property
    def judged(self) -> tuple[str, ...]:
        """All that is held against what happens."""
        return (*self.answers, *self.contains, *self.actions, *self.handles)


@dataclass(frozen=True)
class Sample:
    """One thing to ask and what is right.

    Attributes:
        id: unique in the file: the data's own, else made from the line or item number.
        images: what is shown, in order.
        text: the question, statement or message; empty for captioning.
        references: the answers, captions, "yes" or "no", the text in the picture, or the acceptable actions.
        lang: the language of `text`.
        kind: the answer type, category or subset; empty where the data says nothing.
        group: samples of one group are not independent: the data's own word for it, else the first picture's key, else
            the id.
        count: how many pictures there are; a planning row may give only this number.
        turns: of a script, whose `images`, `text` and `references` are those of all its turns.
        document: the file that answers a question about documents.
    """

    id: str
    images: tuple[Picture, ...]
    text: str
    references: tuple[str, ...]
    lang: str
    kind: str
    group: str
    count: int
    turns: tuple[Turn, ...] = ()
    document: Path | None = None


Placed = tuple[str, Sample]
"""A sample with its place in the file: `line 12`, `item 3`. Lines and items are counted from one."""


def _not_blank(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "it is empty")
    return text


Text = Annotated[str, AfterValidator(_not_blank)]
Texts = Annotated[list[Text], Field(min_length=1)]


class Row(BaseModel):
    """What a row of any format may hold besides its question."""

    model_config = ConfigDict(strict=True, frozen=True)

    id: Text | int | None = Field(None, validation_alias=AliasChoices("question_id", "questionId", "id", "index"))
    kind: str = Field("", validation_alias=AliasChoices("kind", "answer_type", "category", "subset"))
    lang: Text = "en"
    group: Text | None = Field(None, validation_alias=AliasChoices("group", "identifier"))

    def sample(
        self, where: str, images: list[Picture], text: str, references: list[str], kind: str = "", count: int = 0
    ) -> Placed:
        """The row as a sample; `kind` where the row has none, `count` where the pictures are only counted."""
        key = where.replace(" ", "-") if self.id is None else str(self.id)
        group = self.group or (images[0].key if images else key)
        count = len(images) or count
        return where, Sample(key, tuple(images), text, tuple(references), self.lang, self.kind or kind, group, count)

    def script(self, where: str, turns: Sequence[Turn]) -> Placed:
        """The row as a script of these turns; one that names no group is a group of its own."""
        images = [picture for turn in turns for picture in (*turn.images, *turn.clean)]
        text = "\n".join(turn.text for turn in turns)
        references = [each for turn in turns for each in turn.judged]
        _, sample = self.sample(where, images, text, references)
        return where, replace(sample, turns=tuple(turns), group=self.group or sample.id)
