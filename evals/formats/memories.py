"""What people had remembered, and what they ask later: each line a person with memories and questions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from evals.formats.base import Placed, Row, Text, Texts, Turn
from evals.formats.source import Source

NOTHING = "nothing"
"""What is right where no memory bears on the question."""


class Told(BaseModel):
    """A message that asks to be remembered, with the picture that came with it."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    id: Text
    text: Text
    image: Text | None = None


class Probe(BaseModel):
    """A question, and the memories of which any is right; none where nothing is to be recalled."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    text: Text
    right: Texts | None = None


class Person(Row):
    """Memories of one person, and the questions; `half` says whether they were tuned on or kept for the test."""

    id: Text
    half: Literal["dev", "test"]
    memories: Annotated[list[Told], Field(min_length=1)]
    probes: Annotated[list[Probe], Field(min_length=1)]

    @model_validator(mode="after")
    def _known(self) -> Self:
        known = {memory.id for memory in self.memories}
        unknown = {name for probe in self.probes for name in probe.right or ()} - known
        if unknown:
            raise PydanticCustomError("unknown", "asks for {names}, which was not told", {"names": min(unknown)})
        return self


def read_people(source: Source) -> Iterator[Placed]:
    """Every question a sample whose turns are what was told before, and whose group is the person."""
    for where, value in source.lines():
        row = source.check(Person, value, where)
        told = [
            Turn(memory.text, (source.picture(memory.image, where),) if memory.image else ()) for memory in row.memories
        ]
        pictured = {memory.id for memory in row.memories if memory.image}
        texts = {memory.id: memory.text for memory in row.memories}
        for number, probe in enumerate(row.probes, 1):
            right = probe.right or []
            kind = "picture" if pictured & set(right) else "fact" if right else NOTHING
            _, sample = row.script(where, told)
            yield (
                where,
                replace(
                    sample,
                    id=f"{row.id}-{number}",
                    text=probe.text,
                    references=tuple(texts[name] for name in right) or (NOTHING,),
                    kind=f"{row.half} {kind}",
                    group=row.id,
                ),
            )


MEMORIES = {"recall": read_people}
"""A data file of the task that recalls."""
