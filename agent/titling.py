"""A conversation's title in the model's words, once it has answered the first question."""

from __future__ import annotations

import logging
import threading

from langchain_core.messages import HumanMessage

from agent.language import Language, prompts
from agent.state import Turn
from memory.conversations import Conversations
from memory.names import plain_line
from runtime.errors import VistalkError
from runtime.vlm.base import VisionChatModel

logger = logging.getLogger(__name__)

TITLE = 60
"""Characters of the first question that become the conversation's title, until the model has made one; and of that."""

READ = 1_000
"""Characters of the question and of the reply that the model reads."""

_QUOTES = "\"'“”‘’「」《》.。 "


def first_words(words: str, language: Language) -> str:
    """The title without a model."""
    return words[:TITLE] or prompts(language).picture_title


def title(model: VisionChatModel, words: str, reply: str, language: Language, cancel: threading.Event) -> str:
    """The title that the model gives; empty where it gives none.

    Raises:
        VistalkError: the model failed, or was stopped.
    """
    asked = prompts(language).title.replace("{words}", words[:READ]).replace("{reply}", reply[:READ])
    said = ""
    for chunk in model.stream([HumanMessage(asked)], cancel=cancel):
        said += str(chunk.text)
        if "\n" in said.lstrip() or len(said) > 2 * TITLE:
            break
    first = next(iter(said.strip().splitlines()), "")
    return plain_line(first.strip(_QUOTES), TITLE)


def call_by_title(conversations: Conversations, thread: str, turn: Turn, model: VisionChatModel) -> None:
    """Give a conversation whose first turn is over a title of the model's, where it is not called otherwise."""
    if conversations.get(thread).turns > 1:
        return
    try:
        made = title(model, turn.words, turn.text, turn.language, turn.cancel)
    except VistalkError as error:
        logger.info("the conversation keeps its first words as a title: %s", error)
        return
    if made:
        before = plain_line(first_words(turn.words, turn.language), TITLE)
        conversations.rename(thread, made, instead_of=before)
