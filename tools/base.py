"""What a tool is: typed arguments, a run, a result with its evidence and how far it may be trusted.

Pictures are named by handle and free text is always the user's own, so the schema that the planner decodes under
offers the handles of the conversation and the words of the user, and nothing else (invariants 2 and 4).
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict

from memory.refs import ImageRef
from runtime.errors import UnknownHandle

if TYPE_CHECKING:
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
class ToolResult:
    """What a tool found. `images` are the handles that it looked at; `usage` counts model tokens."""

    text: str
    images: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    trust: Trust = Trust.UNTRUSTED
    confidence: float | None = None
    usage: Mapping[str, int] = field(default_factory=dict)
    finish: Literal["stop", "length", "cancelled"] = "stop"

    def evidence_json(self) -> list[dict[str, Any]]:
        """The evidence as plain values."""
        return [asdict(item) for item in self.evidence]


@dataclass(frozen=True)
class ToolContext:
    """What a tool gets beside its arguments.

    Attributes:
        images: the conversation's live pictures by handle.
        emit: takes each piece of text as it is made.
        cancel: set when the person says stop.
        language: "en" or "zh", of the reply.
    """

    images: Mapping[str, ImageRef]
    emit: Callable[[str], None]
    cancel: threading.Event
    language: str

    def image(self, handle: str) -> ImageRef:
        """The picture behind a handle. Raises UnknownHandle; the grammar does not let it come to that."""
        if handle not in self.images:
            raise UnknownHandle(f"There is no picture {handle} in this conversation.")
        return self.images[handle]


class Arguments(BaseModel):
    """Base of the tools' argument models."""

    model_config = ConfigDict(extra="forbid", frozen=True)


A = TypeVar("A", bound=Arguments)


class Tool(ABC, Generic[A]):
    """One capability of the agent."""

    name: ClassVar[str]
    arguments: type[A]
    quotes: ClassVar[bool] = False
    """Whether its text is somebody else's words, to be shown as a quotation."""

    @abstractmethod
    def run(self, arguments: A, context: ToolContext) -> ToolResult:
        """Do it. Raises a `VistalkError` where it cannot."""

    def where(self, arguments: A, text: str, context: ToolContext) -> Heat | None:  # noqa: ARG002  for those that can
        """Where on its one picture the tool's words came from; None where nobody can tell."""
        return None

    def schema(self, handles: Sequence[str], words: str) -> dict[str, Any]:
        """The JSON schema of this call's arguments: handles as an enum, the user's words as the one possible text."""
        properties: dict[str, Any] = {}
        for name, info in self.arguments.model_fields.items():
            if "handle" in info.metadata:
                properties[name] = {"type": "string", "enum": list(handles)}
            elif "user_words" in info.metadata:
                properties[name] = {"type": "string", "const": words}
            elif get_origin(info.annotation) is list and get_args(info.annotation)[0] == Handle:
                items = {"type": "string", "enum": list(handles)}
                properties[name] = {"type": "array", "items": items, "minItems": 1, "maxItems": len(handles)}
            else:
                raise TypeError(f"{type(self).__name__}.{name}: an argument is a handle, handles or the user's words")
        return {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }
