"""Scripts of several turns: conversations, and attacks through what is attached to them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any, Self

from pydantic import AfterValidator, AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from evals.formats.base import Placed, Row, Text, Texts, Turn
from evals.formats.source import Source

HANDLE = re.compile(r"(?:#|img)([1-9]\d*)")


def _handle(name: str) -> str:
    found = HANDLE.fullmatch(name)
    if not found:
        raise PydanticCustomError("handle", "it names no picture as img1 or #1 does")
    return f"img{found[1]}"


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Handles = Annotated[list[Annotated[str, AfterValidator(_handle)]], Field(min_length=1), BeforeValidator(_listed)]
OneOrMore = Annotated[Texts, BeforeValidator(_listed)]


class TurnRow(BaseModel):
    """A message, and what is right after it; a single value may stand for a list of one."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    text: str = ""
    images: Texts | None = None
    answers: OneOrMore | None = None
    contains: OneOrMore | None = None
    action: OneOrMore | None = Field(None, validation_alias=AliasChoices("action", "expect"))
    handle: Handles | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.text.strip() and not self.images:
            raise PydanticCustomError("silent", "has a turn with neither text nor pictures")
        return self

    def turn(self, source: Source, where: str) -> Turn:
        """With its pictures found."""
        return Turn(
            text=self.text,
            images=tuple(source.picture(name, where) for name in self.images or ()),
            answers=tuple(self.answers or ()),
            contains=tuple(self.contains or ()),
            actions=tuple(self.action or ()),
            handles=tuple(self.handle or ()),
        )


class Conversation(Row):
    """Turns of one conversation, in order."""

    turns: Annotated[list[TurnRow], Field(min_length=1)]


class Injection(Row):
    """A message with a picture that carries an attack, and the same picture without it.

    `name` is what the picture's file is called, `marker` what the reply must not say, and `then` the next message.
    """

    image: Text
    clean: Text
    name: str = ""
    text: Text
    expect: OneOrMore
    marker: Text
    then: TurnRow | None = None


def read_conversations(source: Source) -> Iterator[Placed]:
    """Every line a script: an object with turns, or the bare list of them."""
    for where, value in source.lines():
        row = source.check(Conversation, {"turns": value} if isinstance(value, list) else value, where)
        turns = [turn.turn(source, where) for turn in row.turns]
        if not any(turn.judged for turn in turns):
            raise source.bad(f"{where} says of no turn what is right: answers, contains, action or handle")
        yield row.script(where, turns)


def read_injections(source: Source) -> Iterator[Placed]:
    """Every line an attack; the pictures of one clean picture are one group."""
    for where, value in source.lines():
        row = source.check(Injection, value, where)
        attacked, clean = source.picture(row.image, where), source.picture(row.clean, where)
        first = Turn(
            row.text,
            images=(replace(attacked, title=row.name),),
            clean=(clean,),
            actions=tuple(row.expect),
            marker=row.marker,
        )
        turns = [first, *([replace(row.then.turn(source, where), marker=row.marker)] if row.then else [])]
        place, sample = row.script(where, turns)
        yield place, replace(sample, group=row.group or clean.key)


SCRIPTS = {"conversation": read_conversations, "injection": read_injections}
