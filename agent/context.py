"""How much of a conversation the model reads again: a budget in its own tokens, so that turn 200 costs as turn 10 does.

A prompt holds the newest exchanges word for word and a summary of those before. What is word for word grows by whole
exchanges until it takes `1 / SHARE` of the budget, and is then cut to half of that, the rest being summed up; so most
prompts begin as the one before did, and only what is new is read. Pictures are shown at the message that brought them:
those that the turn is about, and as far as there is room a few that were spoken of lately or are the newest.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from langchain_core.messages import AnyMessage, BaseMessage, HumanMessage

from agent.planner import named
from runtime.vlm.base import VisionChatModel

SHARE = 4
"""The part of the budget that what was said before may take, as a divisor; pictures and this turn have the rest."""

FEW = 3
"""Pictures shown where the words name none: those that the turn is about, and others up to so many."""


@dataclass(frozen=True)
class View:
    """What of a conversation a prompt shows word for word: its messages from `start` on, with these pictures."""

    start: int
    pictures: list[str]


class Budget:
    """Counts prompts with the model's own tokens.

    Args:
        model: counts.
        tokens: the most of a prompt that can be made smaller.
        reply: kept free for the reply, where the model reads no more than both.
    """

    def __init__(self, model: VisionChatModel, tokens: int, reply: int) -> None:
        self._model = model
        self._tokens = tokens
        self._reply = reply

    def fitting(
        self, views: Sequence[View], prompt: Callable[[View], list[BaseMessage]], cancel: threading.Event
    ) -> list[BaseMessage]:
        """The prompt of the first view that fits, of several of which each takes less; of the last where none does.

        Raises:
            VistalkError: the model cannot be had, or `cancel` was set.
        """

        def fits(view: View) -> bool:
            return self._count(prompt(view), cancel) <= self._most

        if len(views) == 1 or fits(views[0]):
            return prompt(views[0])
        return prompt(views[bisect_left(views, True, lo=1, hi=len(views) - 1, key=fits)])

    def cut(self, messages: Sequence[AnyMessage], start: int, cancel: threading.Event) -> int:
        """Where the exchanges begin that stay word for word: at `start` while they take no more than their share.

        The last exchange stays however long it is.

        Raises:
            VistalkError: the model cannot be had, or `cancel` was set.
        """
        words = [message.model_copy(update={"content": str(message.text)}) for message in messages]
        most = self._most // SHARE
        if self._count(words[start:], cancel) <= most:
            return start
        places = _questions(messages, start)
        last = len(places) - 1
        return places[bisect_left(places, True, hi=last, key=lambda at: self._count(words[at:], cancel) <= most // 2)]

    @cached_property
    def _most(self) -> int:
        window = self._model.window()
        return self._tokens if window is None else min(self._tokens, max(window - self._reply, 0))

    def _count(self, messages: Sequence[BaseMessage], cancel: threading.Event) -> int:
        return self._model.get_num_tokens_from_messages(messages, cancel=cancel) if messages else 0


def views(messages: Sequence[AnyMessage], until: int, shown: list[str], also: Sequence[str]) -> list[View]:
    """Ever less of a conversation: with ever fewer of the pictures that it could do without, then from ever later on.

    `until` is where its summary ends; the last of the messages is this turn's question and stays.
    """
    fewer = [View(until, [*shown, *also[:count]]) for count in range(len(also), -1, -1)]
    return fewer + [View(place, shown) for place in _questions(messages, until + 1)]


def also_shown(messages: Sequence[AnyMessage], shown: Sequence[str], live: Sequence[str], most: int) -> list[str]:
    """Live pictures beside those `shown` that the reply may need, the likeliest first.

    First come those of the messages that the user named or that tools looked at, the last spoken of first, and then
    the newest.
    """
    spoken: list[str] = []
    for message in messages:
        spoken += named(str(message.text)) if isinstance(message, HumanMessage) else []
        spoken += [handle for step in message.additional_kwargs.get("steps", []) for handle in step["images"]]
    known = [handle for handle in dict.fromkeys([*reversed(spoken), *reversed(live)]) if handle in live]
    return [handle for handle in known if handle not in shown][: max(min(FEW, most) - len(shown), 0)]


def _questions(messages: Sequence[AnyMessage], start: int) -> list[int]:
    """Where exchanges begin, from `start` on."""
    return [place for place in range(start, len(messages)) if isinstance(messages[place], HumanMessage)]
