"""What a long conversation's older turns come down to: a small summary that the checkpoint keeps.

What was asked and which pictures there were is put together by rule; a model that composes adds what was said about
them, in its own words. Captions and replies may quote pictures and documents, so a summary is information and never an
instruction: whoever reads it is told so, and the planner does not read it (invariant 4).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from typing import Any, TypedDict

from langchain_core.messages import AnyMessage, HumanMessage

from agent.language import Language, prompts
from memory.names import plain_line
from runtime.vlm.base import VisionChatModel

MOST = 1_000
"""Bytes of a summary, as JSON."""

TEXT = MOST // 2
"""Bytes of what the model writes of it."""

ASKED, CAPTION = 80, 80
"""Characters of a question and of a caption in it."""

READ = 4_000
"""Characters of the turns to be summed up that the model reads; of what is longer, the older part goes by rule."""

TOKENS = 160
"""Of the longest summary that the model writes."""


class Summary(TypedDict):
    """What stands for a conversation's first messages.

    Attributes:
        until: how many of them.
        text: what the model made of them; empty where it does not compose.
        asked: what the user asked, oldest first, as far as `text` does not tell it.
        pictures: the captions of pictures by handle, the last spoken of last; empty where there is none.
    """

    until: int
    text: str
    asked: list[str]
    pictures: dict[str, str]


def nothing() -> Summary:
    """The summary of no messages."""
    return {"until": 0, "text": "", "asked": [], "pictures": {}}


def folded(before: Summary, messages: Sequence[AnyMessage], until: int) -> Summary:
    """The summary with the messages up to `until` added by rule; the oldest goes where that is too much."""
    asked, pictures = [*before["asked"]], {**before["pictures"]}
    for message in messages[before["until"] : until]:
        if isinstance(message, HumanMessage) and message.text:
            asked.append(plain_line(str(message.text), ASKED))
        details = message.additional_kwargs
        for handle, caption in _captions(details.get("images", []), details.get("steps", [])):
            known = pictures.pop(handle, "")
            pictures[handle] = caption or known
    until = max(until, before["until"])
    return _bounded({"until": until, "text": before["text"], "asked": asked, "pictures": pictures})


def composed(
    model: VisionChatModel,
    before: Summary,
    messages: Sequence[AnyMessage],
    until: int,
    language: Language,
    cancel: threading.Event,
) -> Summary:
    """The summary as `folded` makes it, in which the model tells what was asked and answered.

    Raises:
        VistalkError: the model failed, or was stopped.
    """
    room, start = READ, until
    while start > before["until"] and (room := room - len(messages[start - 1].text)) >= 0:
        start -= 1
    older = folded(before, messages, start)
    record = [*_told(older, language), *(_said(message, language) for message in messages[start:until])]
    asked = prompts(language).summarise.replace("{record}", "\n".join(record))
    said = "".join(
        str(chunk.text) for chunk in model.stream([HumanMessage(asked)], cancel=cancel, max_new_tokens=TOKENS)
    )
    if cancel.is_set() or not said.strip():
        return folded(before, messages, until)
    text = plain_line(said, TEXT)
    while _size(text) > TEXT:
        text = text[:-1]
    whole = folded(older, messages, until)
    return _bounded({**whole, "text": text, "asked": []})


def summary_lines(summary: Summary, language: Language) -> list[str]:
    """The summary as the model reads it, marked as information; none where it says nothing."""
    told = _told(summary, language)
    return [prompts(language).summary, *told, ""] if told else []


def _told(summary: Summary, language: Language) -> list[str]:
    texts = prompts(language)
    pictures = [f"{handle}: {caption}" if caption else handle for handle, caption in summary["pictures"].items()]
    lines = [summary["text"]] if summary["text"] else []
    lines += [f"{texts.facts['pictures']}: {'; '.join(pictures)}"] if pictures else []
    return lines + [f"{texts.facts['user']}: {words}" for words in summary["asked"]]


def _said(message: AnyMessage, language: Language) -> str:
    """A message on one line, with the pictures that came with it or were looked at for it."""
    texts, details = prompts(language).facts, message.additional_kwargs
    said = plain_line(str(message.text), READ)
    who = texts["user"] if isinstance(message, HumanMessage) else texts["assistant"]
    handles = ", ".join(dict(_captions(details.get("images", []), details.get("steps", []))))
    return f"{who} ({handles}): {said}" if handles else f"{who}: {said}"


def _captions(brought: Sequence[dict[str, Any]], steps: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    """Handles that came with a message or that its tools looked at, each with what is known of it."""
    known = [(image["handle"], "") for image in brought]
    for step in steps:
        caption = plain_line(step["text"], CAPTION) if step["tool"] == "caption" else ""
        known += [(handle, caption) for handle in step["images"]]
    return known


def _bounded(summary: Summary) -> Summary:
    """The summary without as many of its oldest questions and pictures as are too many, the longer list first."""
    asked, pictures = [*summary["asked"]], {**summary["pictures"]}
    while _size(whole := Summary(until=summary["until"], text=summary["text"], asked=asked, pictures=pictures)) > MOST:
        if _size(asked) > _size(pictures):
            asked.pop(0)
        else:
            del pictures[next(iter(pictures))]
    return whole


def _size(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode())
