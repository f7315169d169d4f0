"""An exported conversation: a zip that people read as Markdown and pictures, and vistalk as JSON.

    conversation.md         what was said
    conversation.json       the same and all that is shown beside it; `Conversation` describes it
    pictures/img1.png …     the pictures by their handles

It holds the line of turns that is shown, not the other branches.
"""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from itertools import pairwise
from typing import IO, TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from memory.decode import MAX_SIDE
from memory.refs import ImageRef

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from memory.images import ImageStore

JSON, MARKDOWN, PICTURES = "conversation.json", "conversation.md", "pictures"

MAX_MESSAGES = 20_000
MAX_PICTURES = 5_000

Handle = Annotated[str, StringConstraints(pattern=r"^img[1-9]\d{0,5}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


def _has_prompt(made: dict[str, str | int | float]) -> dict[str, str | int | float]:
    if not made.get("prompt"):
        raise ValueError("a drawing has no prompt")
    return made


Made = Annotated[dict[str, str | int | float], Field(max_length=50), AfterValidator(_has_prompt)]
Side = Annotated[int, Field(ge=1, le=MAX_SIDE)]
Details = Annotated[dict[str, Any], Field(max_length=50)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Message(_Strict):
    """What one side said. `images` are the handles of the pictures that came with it; `details` belong to a reply."""

    by: Literal["user", "assistant"]
    text: Annotated[str, Field(max_length=1_000_000)]
    images: Annotated[list[Handle], Field(max_length=MAX_PICTURES)] = []
    details: Details = {}


class Picture(_Strict):
    """A picture: what an `ImageRef` says of it, how vistalk drew it, where it did, and whether its file was gone."""

    handle: Handle
    sha256: Sha256
    mime: Literal["image/png", "image/jpeg"]
    width: Side
    height: Side
    name: Annotated[str, Field(max_length=500)]
    made: Made | None = None
    gone: bool = False

    @property
    def ref(self) -> ImageRef:
        """What stands for it."""
        return ImageRef(self.handle, self.sha256, self.mime, self.width, self.height, self.name)

    @property
    def path(self) -> str:
        """Its file in the archive."""
        return f"{PICTURES}/{self.handle}{'.jpg' if self.mime == 'image/jpeg' else '.png'}"


class Conversation(_Strict):
    """A conversation: every message, the first being the user's, and every picture by a handle of its own."""

    version: Literal[1]
    title: Annotated[str, Field(max_length=1_000)]
    created: Annotated[AwareDatetime, Field(strict=False)]
    updated: Annotated[AwareDatetime, Field(strict=False)]
    messages: Annotated[list[Message], Field(max_length=MAX_MESSAGES)]
    pictures: Annotated[list[Picture], Field(max_length=MAX_PICTURES)]

    @model_validator(mode="after")
    def _fits_together(self) -> Conversation:
        handles = {picture.handle for picture in self.pictures}
        if len(handles) < len(self.pictures):
            raise ValueError("two pictures have the same handle")
        if not all(handles.issuperset(message.images) for message in self.messages):
            raise ValueError("a message names a picture that is not there")
        sides = ["assistant", *(message.by for message in self.messages)]
        if ("assistant", "assistant") in pairwise(sides):
            raise ValueError("a reply answers nothing")
        return self


def conversation(
    title: str,
    created: datetime,
    updated: datetime,
    values: dict[str, Any],
    made: Callable[[str], dict[str, Any] | None],
    there: Collection[str],
) -> Conversation:
    """The archive's form of a checkpoint's values.

    `made` says how the picture of a digest was drawn; `there` are the digests of those that have a file.
    """
    return Conversation(
        version=1,
        title=title,
        created=created,
        updated=updated,
        messages=[_message(message) for message in values.get("messages", [])],
        pictures=[
            Picture(**image, made=made(image["sha256"]), gone=image["sha256"] not in there)
            for image in values.get("images", [])
        ],
    )


def write(whole: Conversation, images: ImageStore, target: IO[bytes]) -> None:
    """Write the archive. A picture whose file is gone is left out.

    Raises:
        ImageMissing: a picture's file cannot be read.
        OSError: `target` cannot be written.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(JSON, whole.model_dump_json(indent=1, exclude_defaults=True))
        archive.writestr(MARKDOWN, _markdown(whole))
        for picture in whole.pictures:
            if not picture.gone:
                archive.write(images.path(picture.sha256), picture.path, zipfile.ZIP_STORED)


def first_named(messages: Sequence[Message], handles: Iterable[str]) -> list[list[str]]:
    """For each message, the handles that it is the first to name, as its own pictures or in its steps."""
    left, named = list(handles), []
    for message in messages:
        here = {*message.images, *named_in_steps(message)}
        named.append([handle for handle in left if handle in here])
        left = [handle for handle in left if handle not in here]
    return named


def named_in_steps(message: Message) -> set[str]:
    """The handles that a reply's steps, and what it remembered, name."""
    remembered = [memory["image"] for memory in message.details.get("remembered", [])]
    return {handle for step in message.details.get("steps", []) for handle in step["images"]} | {*remembered} - {""}


def _message(message: Any) -> Message:
    details = dict(message.additional_kwargs)
    if message.type == "human":
        return Message(
            by="user", text=str(message.text), images=[image["handle"] for image in details.get("images", [])]
        )
    return Message(by="assistant", text=str(message.text), details=details)


def _markdown(whole: Conversation) -> str:
    paths = {picture.handle: picture.path for picture in whole.pictures}
    lines = [f"# {whole.title}", "", f"{whole.updated.astimezone(UTC):%Y-%m-%d %H:%M} UTC", ""]
    for message, shown in zip(whole.messages, first_named(whole.messages, paths), strict=True):
        lines += [f"## {'You' if message.by == 'user' else 'vistalk'}", ""]
        lines += [line for handle in shown for line in (f"![{handle}]({paths[handle]})", "")]
        lines += [message.text, ""] if message.text else []
    return "\n".join(lines)
