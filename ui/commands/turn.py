"""A turn on a terminal: the words on stdout as they come, and short lines about how they came to be on stderr."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from agent.events import Done, Event, Failed, ImageAdded, Planned, Preview, Token, ToolFinished
from ui.commands.output import complain, note, progress_bar, say, visible
from ui.drawn import DRAWING

LONGEST_ARGUMENT = 40
FINISHES = {"cancelled": "stopped", "length": "cut off: this is as long as an answer may be"}


class TurnPrinter:
    """Shows one turn's events. A context manager: a drawing under way has a bar, which goes with it.

    Args:
        path: says where the file of a picture of that digest is.
    """

    def __init__(self, path: Callable[[str], Path]) -> None:
        self._path = path
        self._speaking = False
        self._held: list[str] = []
        self._bar = ExitStack()
        self._draw: Callable[[str, float], None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._end_bar()

    def show(self, event: Event) -> None:
        """Show the next event."""
        if isinstance(event, Preview):
            self._draw = self._draw or self._bar.enter_context(progress_bar())
            self._draw(event.tool, event.fraction)
            return
        self._end_bar()
        match event:
            case ImageAdded(image=image):
                self._note(f"{image['handle']} is {image['name'] or 'a picture'}, {image['width']} × {image['height']}")
                if event.origin in DRAWING:
                    self._note(f"  {visible(str(self._path(image['sha256'])))}")
            case Planned():
                likely = event.probabilities.get(event.action)
                sure = "" if likely is None else f" {likely:.0%}"
                self._note(f"{call(event.action, event.arguments)}{sure}, chosen in {event.seconds:.1f} s")
            case ToolFinished():
                self._note(f"{event.tool} {'failed: ' + event.error if event.error else f'took {event.seconds:.1f} s'}")
            case Token(text=text):
                self._speak(text)
            case Done():
                self._end()
                note(", ".join(closing(event)))
            case Failed():
                self._end()
                complain(event.message, event.hint)

    def _end_bar(self) -> None:
        self._bar.close()
        self._draw = None

    def _speak(self, text: str) -> None:
        if not self._speaking:
            text = text.lstrip()
        self._speaking = self._speaking or bool(text)
        say(text)

    def _note(self, line: str) -> None:
        """Now, or after the words that are being written."""
        if self._speaking:
            self._held.append(line)
        else:
            note(line)

    def _end(self) -> None:
        if self._speaking:
            say("\n")
        for line in self._held:
            note(line)


def call(action: str, arguments: Mapping[str, Any]) -> str:
    """An action as it would be written in a program, its arguments shortened."""
    values = [", ".join(value) if isinstance(value, list) else str(value) for value in arguments.values()]
    shown = [value if len(value) <= LONGEST_ARGUMENT else value[: LONGEST_ARGUMENT - 1] + "…" for value in values]
    return f"{action}({', '.join(shown)})" if shown else action


def closing(done: Done) -> list[str]:
    """What is worth knowing of an answer once it is there."""
    told = [FINISHES[done.finish]] if done.finish in FINISHES else []
    if done.confidence is not None:
        told.append(f"confidence {done.confidence:.0%}")
    if done.citations:
        told.append(f"from {', '.join(done.citations)}")
    return [*told, f"{done.seconds:.1f} s"]
