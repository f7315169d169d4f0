"""What is remembered without being asked for: memories that bear on a turn, put before a model that composes."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from agent.language import prompts
from runtime.errors import Cancelled, ImageMissing, VistalkError
from tools.remembering import about, names

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.language import Language
    from memory.memories.recall import Recall
    from memory.memories.records import Hit
    from memory.refs import ImageRef

logger = logging.getLogger(__name__)

MOST = 3


def remembered(recall: Recall, words: str, bring: Callable[[str, str], ImageRef]) -> list[dict[str, Any]]:
    """The memories that bear on the words, as `Done.remembered` tells them.

    Where the words ask for a picture, those that are remembered join the conversation by `bring`, given the picture's
    digest and name. Where the encoder fails, the turn goes on without memories.
    """
    pictured = names("recall", "pictured", words)
    try:
        hits = recall.find(about("recall", words), pictured=pictured, most=MOST)
    except Cancelled:
        raise
    except VistalkError as error:
        logger.warning("nothing could be recalled: %s", error)
        return []
    return [_told(hit, _handle(hit, bring) if pictured else "") for hit in hits]


def lines(found: Sequence[dict[str, Any]], language: Language) -> list[str]:
    """Memories as the model reads them: quoted as information, with when they were told."""
    if not found:
        return []
    return ["", prompts(language).remembered, *(_line(memory) for memory in found)]


def _line(memory: dict[str, Any]) -> str:
    said = " · ".join(part for part in (memory["text"], memory["caption"]) if part)
    return f"- {memory['told'][:10]}{', ' + memory['image'] if memory['image'] else ''}: {said}"


def _told(hit: Hit, handle: str) -> dict[str, Any]:
    memory = hit.memory
    return {
        "id": memory.id,
        "text": memory.text,
        "caption": memory.caption,
        "told": memory.told.isoformat(timespec="seconds"),
        "origin": memory.origin,
        "thread": memory.thread,
        "image": handle,
        "words": list(hit.words),
        "seen": hit.seen,
    }


def _handle(hit: Hit, bring: Callable[[str, str], ImageRef]) -> str:
    if not hit.memory.sha256:
        return ""
    try:
        return bring(hit.memory.sha256, hit.memory.text).handle
    except ImageMissing:
        return ""
