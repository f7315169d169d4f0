"""Conversations kept short: once a turn is over, its older turns are summed up, while nobody waits.

A summary is saved in a checkpoint of its own after the turn's. So it belongs to that branch of the conversation, and
goes when the conversation goes, or when what it sums up is erased.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from agent.context import Budget
from agent.language import Language
from agent.state import State
from agent.summarising import Summary, composed, folded
from runtime.errors import VistalkError
from runtime.vlm.base import VisionChatModel

logger = logging.getLogger(__name__)

Save = Callable[[str, State, Summary], None]
"""Saves the summary of a conversation, unless that is no longer as it was read."""


class Shortener:
    """Sums up one conversation after another, on a thread of its own.

    Args:
        budget: says how much stays word for word.
        save: keeps a summary.
        model: writes summaries; None where they are made by rule.
    """

    def __init__(self, budget: Budget, save: Save, model: VisionChatModel | None) -> None:
        self._budget = budget
        self._save = save
        self._model = model
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="shortener")
        self._jobs: dict[str, tuple[Future[None], threading.Event]] = {}
        self._guard = threading.Lock()
        self._closed = False

    def start(self, thread: str, state: State, language: Language) -> None:
        """Sum up what is too long of a conversation whose turn is over; returns at once."""
        hurry = threading.Event()
        with self._guard:
            if not self._closed:
                self._jobs[thread] = self._worker.submit(self._shorten, thread, state, language, hurry), hurry

    def wait(self, thread: str, *, hurry: bool = True) -> None:
        """Return when nothing is under way in a conversation; in a hurry, by rule instead of by the model."""
        with self._guard:
            job, rush = self._jobs.pop(thread, (None, threading.Event()))
        if hurry:
            rush.set()
        if job is not None and not (hurry and job.cancel()):
            job.result()

    def close(self) -> None:
        """End what is under way; what has not begun stays undone."""
        with self._guard:
            self._closed = True
            for _, rush in self._jobs.values():
                rush.set()
        self._worker.shutdown(cancel_futures=True)

    def _shorten(self, thread: str, state: State, language: Language, hurry: threading.Event) -> None:
        messages, before = state["messages"], state["summary"]
        try:
            until = self._budget.cut(messages, before["until"], hurry)
            if until > before["until"]:
                self._save(thread, state, self._summary(state, until, language, hurry))
        except VistalkError as error:  # it was deleted meanwhile, or the model is busy and the next turn begins
            logger.info("a conversation is not summed up now: %s", error)

    def _summary(self, state: State, until: int, language: Language, hurry: threading.Event) -> Summary:
        messages, before = state["messages"], state["summary"]
        if self._model is not None:
            try:
                return composed(self._model, before, messages, until, language, hurry)
            except VistalkError as error:
                logger.info("the conversation is summed up by rule: %s", error)
        return folded(before, messages, until)
