"""An assistant whose turns a test decides, for what no real one may do: to obey a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any, cast

from agent.assistant import Assistant, Upload
from agent.events import Done, Event, Failed, Planned, ToolFinished

Acts = Callable[[str, Sequence[Upload]], list[Event]]
"""Takes what is said and attached, and gives the turn's events."""


def puppet(acts: Acts) -> Assistant:
    """Plays `acts` in any number of conversations."""

    def ask(_: str, words: str, uploads: Sequence[Upload] = ()) -> Iterator[Event]:
        yield from acts(words, uploads)

    conversations = SimpleNamespace(create=lambda: SimpleNamespace(id="thread"))
    memories = SimpleNamespace(list=list, delete=lambda _: None)
    home = SimpleNamespace(conversations=conversations, memories=memories)
    return cast("Assistant", SimpleNamespace(ask=ask, home=home))


def planned(action: str, **arguments: Any) -> Planned:
    return Planned(1, action, arguments, {action: 1.0}, 0.0)


def ran(tool: str) -> ToolFinished:
    return ToolFinished(1, tool, 0.0, "", "untrusted")


def said(text: str, *citations: str) -> Done:
    return Done(text, 0.9, list(citations), {"input": 3, "output": 2}, 0.25)


def broke(text: str = "") -> Failed:
    return Failed("model", "The model stopped.", "", text)
