"""Conversations from files: what a reply's details must hold to be shown, whoever wrote the file."""

from __future__ import annotations

from datetime import datetime
from typing import IO, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from memory.conversations import Thread
from memory.home import Home


class _Strict(BaseModel):
    """What is not named here is not looked at by those who show a turn."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)


def _moment(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("a moment has no time zone")
    return text


class _Evidence(_Strict):
    image: str
    box: Annotated[list[float], Field(min_length=4, max_length=4)]
    text: str
    score: float


class _Source(_Strict):
    path: str
    heading: str
    page: int | None
    text: str
    score: float


class _Step(_Strict):
    """`agent.state.Step`, in which those of older conversations lack what is not required here."""

    tool: str
    arguments: dict[str, Any]
    probabilities: dict[str, float]
    seconds: float
    text: str
    trust: str
    evidence: list[_Evidence]
    images: list[str]
    confidence: float | None
    usage: dict[str, int]
    finish: str
    error: str
    scores: list[float] = []
    sources: list[_Source] = []
    drawn: bool = False
    untranslated: str = ""


class _Remembered(_Strict):
    """As `agent.recalling.remembered` tells it."""

    id: str
    text: str
    caption: str
    told: Annotated[str, AfterValidator(_moment)]
    origin: Literal["asked", "stated", "written"]
    thread: str
    image: str
    words: list[str]
    seen: bool


class _Error(_Strict):
    code: str
    message: str
    hint: str


class _Details(_Strict):
    steps: list[_Step] = []
    confidence: float | None = None
    citations: list[str] = []
    usage: dict[str, int] = {}
    finish: str = ""
    seconds: float | None = None
    error: _Error | None = None
    remembered: list[_Remembered] = []


def import_thread(home: Home, source: IO[bytes]) -> Thread:
    """Take in a conversation from what `Conversations.export` wrote, as another one.

    Raises:
        ArchiveRejected, ImageRejected, DiskFull
    """
    return home.conversations.import_(source, _check)


def _check(details: dict[str, Any]) -> None:
    """Raises ValueError where the details are not as a turn writes them."""
    for step in _Details.model_validate(details).steps:
        if step.scores and len(step.scores) != len(step.images):
            raise ValueError("the scores of a step do not fit its pictures")
