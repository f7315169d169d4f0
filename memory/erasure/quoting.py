"""What a conversation keeps of a picture or a memory that is erased: messages and pictures without it.

Each function makes a change for `Saver.rewrite`: of a message, or of a picture's dict, what takes its place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from memory.refs import ERASED

if TYPE_CHECKING:
    from collections.abc import Collection

Change = Callable[[Any], Any | None]


def without_picture(sha256: str) -> Change:
    """The picture's place stays, by its handle and size; its name and digest go."""
    return _blanking(lambda image: image["sha256"] == sha256)


def without_memories(names: Collection[str]) -> Change:
    """Replies lose what is shown beside them as remembered of these memories, by their ids."""

    def change(item: Any) -> Any:
        if isinstance(item, dict) or "remembered" not in item.additional_kwargs:
            return item
        kept = [memory for memory in item.additional_kwargs["remembered"] if memory["id"] not in names]
        return item.model_copy(update={"additional_kwargs": {**item.additional_kwargs, "remembered": kept}})

    return change


def without_turn(messages: Collection[str], pictures: Collection[tuple[str, str]]) -> Change:
    """The turn's messages go, by their ids, and of the pictures that it brought all but their places.

    Pictures are told by handle and digest: a branch beside it may have another of the same handle.
    """
    blank = _blanking(lambda image: (image["handle"], image["sha256"]) in pictures)
    return lambda item: blank(item) if isinstance(item, dict) or item.id not in messages else None


def _blanking(goes: Callable[[dict[str, Any]], bool]) -> Change:
    def blanked(image: dict[str, Any]) -> dict[str, Any]:
        return {**image, "sha256": ERASED, "name": ""} if goes(image) else image

    def change(item: Any) -> Any:
        if isinstance(item, dict):
            return blanked(item)
        images = item.additional_kwargs.get("images")
        if not images:
            return item
        details = {**item.additional_kwargs, "images": [blanked(image) for image in images]}
        return item.model_copy(update={"additional_kwargs": details})

    return change
