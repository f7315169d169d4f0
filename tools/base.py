"""What a tool is: typed arguments, a run, a result with its evidence and how far it may be trusted.

Pictures are named by handle and free text is always the user's own, so the schemas that the planner decodes under
offer the handles of the conversation and the words of the user, and nothing else (invariants 2 and 4).
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, Literal, Self, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, model_validator

from memory.provenance import Made
from memory.refs import ImageRef
from runtime.errors import UnknownHandle

if TYPE_CHECKING:
    from PIL import Image

    from runtime.vlm.base import Heat

Handle = Annotated[str, "handle"]
"""An argument that names one picture of the conversation."""

UserWords = Annotated[str, "user_words"]
"""An argument that is what the user said, word for word."""


class Trust(StrEnum):
    """Who a text speaks for."""

    TRUSTED = "trusted"
    UNTRUSTED = "untrusted"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A place in a picture that a result rests on.

    Attributes:
        image: the picture's handle.
        box: left, top, right, bottom as fractions of width and height in [0, 1].
        text: what was found there.
        score: in [0, 1].
    """

    image: str
    box: tuple[float, float, float, float]
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Source:
    """A passage of a document that a result quotes.

    Attributes:
        path: of the document.
        heading: the headings above the passage, outermost first; empty where there is none.
        page: from 1, where the document has pages.
        text: the passage, word for word.
        score: how well it fits, comparable within one result only.
    """

    path: str
    heading: str
    page: int | None
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool found.

    Attributes:
        text: in words.
        images: handles of the pictures that it looked at, found or drew.
        scores: for found pictures, how near each of `images` is, in the same order; else empty.
        sources: the passages that the text quotes, best first.
        usage: model tokens.
        drawn: whether it drew the `images`.
        untranslated: the model's own words, where `text` is their translation; else empty.
    """

    text: str
    images: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    trust: Trust = Trust.UNTRUSTED
    confidence: float | None = None
    usage: Mapping[str, int] = field(default_factory=dict)
    finish: Literal["stop", "length", "cancelled"] = "stop"
    scores: tuple[float, ...] = ()
    sources: tuple[Source, ...] = ()
    drawn: bool = False
    untranslated: str = ""

    def evidence_json(self) -> list[dict[str, Any]]:
        """The evidence as plain values."""
        return [asdict(item) for item in self.evidence]

    def sources_json(self) -> list[dict[str, Any]]:
        """The sources as plain values."""
        return [asdict(source) for source in self.sources]


def _keeps_nothing(data: bytes, name: str) -> ImageRef:
    raise RuntimeError(f"nothing can be kept here: {name!r}, {len(data)} bytes")


def _draws_nothing(image: Image.Image, made: Made) -> ImageRef:
    raise RuntimeError(f"nothing can be drawn here: {made}, {image.size}")


def _brings_nothing(sha256: str, name: str) -> ImageRef:
    raise RuntimeError(f"no picture can be brought here: {name!r}, {sha256}")


def _shows_nothing(fraction: float, preview: Image.Image | None) -> None:
    """Nobody watches."""


@dataclass(frozen=True)
class ToolContext:
    """What a tool gets beside its arguments.

    Attributes:
        images: the conversation's live pictures by handle.
        emit: takes each piece of text as it is made.
        cancel: set when the person says stop.
        language: "en" or "zh", of the reply.
        keep: brings a found picture into the conversation, from its file's bytes and name; one that is in it already
            keeps its handle. Raises what `ImageStore.add` does.
        draw: brings a picture that was drawn into the conversation, with how it was made. Raises what `Drawings.add`
            does.
        preview: takes the fraction of a drawing that is done, and what the picture looks like so far.
        bring: brings a picture of the image store into the conversation as it lies there, from its digest and name.
            Raises what `ImageStore.ref` does.
        shown: the pictures that came with the words, or that the words point at.
        about: the picture that the conversation is about, where the words may mean one that they do not name.
        thread: the conversation; empty outside any.
        turn: the turn there, from 0.
        sampling: the temperature and the seed for the model, where not those of the settings.
    """

    images: Mapping[str, ImageRef]
    emit: Callable[[str], None]
    cancel: threading.Event
    language: str
    keep: Callable[[bytes, str], ImageRef] = _keeps_nothing
    draw: Callable[[Image.Image, Made], ImageRef] = _draws_nothing
    preview: Callable[[float, Image.Image | None], None] = _shows_nothing
    bring: Callable[[str, str], ImageRef] = _brings_nothing
    shown: Sequence[str] = ()
    about: str = ""
    thread: str = ""
    turn: int = 0
    sampling: Mapping[str, Any] = field(default_factory=dict)

    def image(self, handle: str) -> ImageRef:
        """The picture behind a handle. Raises UnknownHandle; the grammar does not let it come to that."""
        if handle not in self.images:
            raise UnknownHandle(f"There is no picture {handle} in this conversation.")
        return self.images[handle]


class Arguments(BaseModel):
    """Base of the tools' argument models. Those with a default are alternatives: exactly one of them is given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="after")
    def _one_alternative(self) -> Self:
        either = [name for name, info in type(self).model_fields.items() if not info.is_required()]
        if either and sum(getattr(self, name) is not None for name in either) != 1:
            raise ValueError(f"exactly one of {', '.join(either)} is given")
        return self


A = TypeVar("A", bound=Arguments)


class Tool(ABC, Generic[A]):
    """One capability of the agent."""

    name: ClassVar[str]
    arguments: type[A]
    quotes: ClassVar[bool] = False
    """Whether its text is somebody else's words, to be shown as a quotation."""
    answers: ClassVar[bool] = False
    """Whether its text answers a question, so that its confidence is the chance that it is right."""

    @abstractmethod
    def run(self, arguments: A, context: ToolContext) -> ToolResult:
        """Do it. Raises a `VistalkError` where it cannot."""

    def where(self, arguments: A, text: str, context: ToolContext) -> Heat | None:  # noqa: ARG002  for those that can
        """Where on its one picture the tool's words came from; None where nobody can tell."""
        return None

    def schemas(self, handles: Sequence[str], words: str, *, all_of_them: bool = False) -> list[dict[str, Any]]:
        """The JSON schemas of the calls that are possible here, one for each way to make one.

        Handles are an enum, or all of them where a tool takes several and all are meant; the user's words are the one
        possible text. Arguments with a default are alternatives: a call gives exactly one of them. A call is possible
        where there is something for each of its arguments.
        """
        fields = self.arguments.model_fields
        properties = {name: self._property(name, handles, words, all_of_them) for name in fields}
        always = [name for name, info in fields.items() if info.is_required()]
        either = [name for name in fields if name not in always]
        ways = [[*always, name] for name in either] or [always]
        return [_closed({name: properties[name] for name in way}) for way in ways if all(properties[n] for n in way)]

    def _property(self, name: str, handles: Sequence[str], words: str, all_of_them: bool) -> dict[str, Any]:
        """The schema of one argument; empty where there is nothing to give."""
        info = self.arguments.model_fields[name]
        if "user_words" in info.metadata:
            return {"type": "string", "const": words} if words else {}
        if "handle" in info.metadata:
            return {"type": "string", "enum": list(handles)} if handles else {}
        if get_origin(info.annotation) is not list or get_args(info.annotation)[0] != Handle:
            raise TypeError(f"{type(self).__name__}.{name}: an argument is a handle, handles or the user's words")
        if all_of_them:
            return {"type": "array", "const": list(handles)} if handles else {}
        items = {"type": "string", "enum": list(handles)}
        return {"type": "array", "items": items, "minItems": 1, "maxItems": len(handles)} if handles else {}


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
