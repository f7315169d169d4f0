"""Going back in a conversation: a turn that is done again or changed begins a branch, and all branches stay."""

from __future__ import annotations

from langchain_core.runnables import RunnableConfig

from memory.conversations import Conversations
from memory.threads.branches import MARK
from runtime.errors import UnknownTurn


def beginning(config: RunnableConfig) -> RunnableConfig:
    """The config with which the checkpoint is saved that a turn begins with; branches are told by it."""
    return {**config, "metadata": {MARK: True}}


def before(conversations: Conversations, thread: str, turn: int, turns: int) -> RunnableConfig:
    """What a graph needs to go on from where a turn began; the line that is shown has so many turns, counted from 0.

    Raises:
        UnknownThread
        UnknownTurn: there is no such turn, or it is not known where it began.
    """
    return _at(conversations.config(thread), conversations.tree(thread).before(turn, turns))


def end(conversations: Conversations, thread: str, turn: int, turns: int, position: int) -> RunnableConfig:
    """The same for the end of another branch of that turn, with its later turns; positions count from 1.

    Raises:
        UnknownThread
        UnknownTurn: there is no such branch.
    """
    return _at(conversations.config(thread), conversations.tree(thread).end(turn, turns, position))


def _at(config: RunnableConfig, checkpoint: str | None) -> RunnableConfig:
    if checkpoint is None:
        raise UnknownTurn
    return {"configurable": {**config["configurable"], "checkpoint_ns": "", "checkpoint_id": checkpoint}}
