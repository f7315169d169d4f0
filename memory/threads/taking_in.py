"""Reading an exported conversation, which anybody may have written: nothing in it is believed before it is checked."""

from __future__ import annotations

import zipfile
import zlib
from functools import partial
from typing import IO, TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.base.id import uuid6
from pydantic import ValidationError

from memory.decode import MAX_SIDE, decode
from memory.threads.archive import JSON, Conversation, Message, first_named, named_in_steps
from memory.threads.branches import MARK
from runtime.errors import ArchiveRejected

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_core.runnables import RunnableConfig

    from memory.drawings import Drawings
    from memory.images import ImageStore
    from memory.references import References
    from memory.refs import ImageRef
    from memory.saver import Saver

MAX_JSON = 64_000_000
"""Bytes."""
MAX_PIXELS = MAX_SIDE**2
"""Of a picture: no stored one is larger."""
MAX_PICTURE = 4 * MAX_PIXELS
"""Bytes."""

_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, RuntimeError, OSError)
"""What reading a zip that is damaged, encrypted or of a kind that is not known raises."""


def read(source: IO[bytes], check: Callable[[dict[str, Any]], object]) -> Conversation:
    """What an archive's JSON says; `check` raises ValueError for a reply's details that cannot be shown.

    Raises:
        ArchiveRejected: it is no exported conversation.
    """
    text = _member(source, JSON, MAX_JSON)
    try:
        whole = Conversation.model_validate_json(text)
        handles = {picture.handle for picture in whole.pictures}
        for message in whole.messages:
            check(message.details)
            if not handles.issuperset(named_in_steps(message)):
                raise ValueError("a step names a picture that is not there")
    except ValueError as error:
        said = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise ArchiveRejected(f"{JSON} in this file is not as it should be: {said}.") from error
    return whole


def keep_pictures(
    source: IO[bytes], whole: Conversation, owner: str, images: ImageStore, drawings: Drawings, references: References
) -> dict[str, ImageRef]:
    """Put all of the archive's pictures away, as used by a turn of `owner`, the new conversation; they come by handle.

    Raises:
        ArchiveRejected: one is missing or cannot be read; none is kept.
        ImageRejected: one is not a picture that is accepted; none is kept.
        DiskFull: likewise.
    """
    refs: dict[str, ImageRef] = {}
    drawn: list[str] = []
    try:
        for picture in whole.pictures:
            if picture.gone:
                refs[picture.handle] = picture.ref
                continue
            data = _member(source, picture.path, MAX_PICTURE)
            decoded = decode(data, name=picture.name, max_bytes=MAX_PICTURE, max_pixels=MAX_PIXELS)
            store = partial(images.add_decoded, decoded, handle=picture.handle)
            if picture.made:
                store = partial(drawings.add, decoded.image, picture.made, handle=picture.handle, thread=owner)
            known = drawings.count()
            refs[picture.handle] = references.keep("turn", owner, store)
            if drawings.count() > known:
                drawn.append(refs[picture.handle].sha256)
    except BaseException:
        for sha256 in drawn:
            drawings.delete(sha256)
        raise
    return refs


def save(saver: Saver, config: RunnableConfig, whole: Conversation, refs: dict[str, ImageRef]) -> None:
    """Save the conversation as if its turns had been taken one after the other."""
    messages: list[Any] = []
    images: list[dict[str, Any]] = []
    versions: dict[str, Any] = {}
    config = {"configurable": {**config["configurable"], "checkpoint_ns": ""}}
    for step, (message, brought) in enumerate(zip(whole.messages, first_named(whole.messages, refs), strict=True)):
        messages = [*messages, _said(message, refs, step)]
        images = [*images, *(refs[handle].to_dict() for handle in brought)]
        versions = {name: saver.get_next_version(versions.get(name), None) for name in ("messages", "images")}
        checkpoint = empty_checkpoint() | {
            "id": str(uuid6(clock_seq=step)),
            "channel_values": {"messages": messages, "images": images},
            "channel_versions": versions,
        }
        metadata: Any = {"source": "update", "step": step, "parents": {}, MARK: message.by == "user"}
        config = saver.put(config, checkpoint, metadata, versions)


def _said(message: Message, refs: dict[str, ImageRef], step: int) -> AIMessage | HumanMessage:
    name = f"imported-{step}"
    if message.by == "user":
        own = [refs[handle].to_dict() for handle in message.images]
        return HumanMessage(message.text, id=name, additional_kwargs={"images": own})
    return AIMessage(message.text, id=name, additional_kwargs=message.details)


def _member(source: IO[bytes], name: str, most: int) -> bytes:
    """A file of the archive, by its name and into memory: no path of the archive is ever written to."""
    try:
        source.seek(0)
        with zipfile.ZipFile(source) as archive, archive.open(name) as file:
            data = file.read(most + 1)
    except _DAMAGE as error:
        raise ArchiveRejected(f"This is no exported conversation, or it is damaged: {name} cannot be read.") from error
    if len(data) > most:
        raise ArchiveRejected(f"{name} in this file is too large.")
    return data
