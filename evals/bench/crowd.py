"""Many conversations at once: none is mixed with another, none fails, and nobody waits much longer than the others."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from agent.assembly import open_assistant
from agent.assistant import Assistant, Upload
from agent.events import Done, Failed, Token
from evals.bench.endurance import drawing_of
from evals.bench.report import Measure, median
from evals.subjects import linked_home
from runtime.settings import Settings

SESSIONS = 20
SECONDS = 300.0


@dataclass
class Session:
    """One of those who talk at the same time, each in a conversation of its own and always about its own number.

    Attributes:
        waits: seconds from each question to the first word of its reply.
        faults: what went wrong: turns that failed, and words or pictures of others in its conversation.
    """

    number: int
    thread: str
    waits: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def talk(self, assistant: Assistant, until: float) -> None:
        """Ask one question after another until that time of `time.monotonic`, then look at what was kept."""
        asked: list[str] = []
        while not asked or time.monotonic() < until:
            words = f"Session {self.number} asks number {len(asked)}: what is in the picture?"
            uploads = [] if asked else [Upload(drawing_of(self.number), f"{self.number}.png")]
            asked.append(words)
            self._ask(assistant, words, uploads)
        kept = assistant.history(self.thread)
        if [exchange.words for exchange in kept] != asked:
            self.faults.append("the conversation does not hold what was said in it, in its order")
        if names := {ref.name for exchange in kept for ref in exchange.images} - {f"{self.number}.png"}:
            self.faults.append(f"pictures of others: {names}")

    def _ask(self, assistant: Assistant, words: str, uploads: Sequence[Upload]) -> None:
        started, first, said = time.monotonic(), None, ""
        for event in assistant.ask(self.thread, words, uploads):
            match event:
                case Token():
                    first = first or time.monotonic()
                    said += event.text
                case Done() if event.text.strip() != said.strip():
                    self.faults.append(f"the words that came are not those that were kept: {said!r}, {event.text!r}")
                case Failed():
                    self.faults.append(event.message)
        self.waits.append((first or time.monotonic()) - started)


def crowd(settings: Settings, sessions: int = SESSIONS, seconds: float = SECONDS) -> list[Measure]:
    """So many sessions that ask at once, each its next question as soon as it has an answer, for so long."""
    with tempfile.TemporaryDirectory() as folder:
        home = linked_home(settings, Path(folder))
        with closing(open_assistant(settings.model_copy(update={"home": home}))) as assistant:
            list(assistant.ask(assistant.home.conversations.create().id, "Hello.", [Upload(drawing_of(sessions), "")]))
            talking = together(assistant, sessions, seconds)
    waits = [wait for session in talking for wait in session.waits]
    faults = [fault for session in talking for fault in session.faults]
    counts = [len(session.waits) for session in talking]
    note = f"{sessions} sessions, {seconds:g} s, {len(waits)} turns; from the question to the first word"
    return [
        Measure("faults", len(faults), "", "most", 0, "; ".join(faults[:3]) or "errors, words or pictures of others"),
        Measure("median_wait", median(waits), "s", note=note),
        Measure("longest_wait", max(waits), "s"),
        Measure("wait_ratio", max(waits) / median(waits), "×", "most", 3, "longest wait / median"),
        Measure("turns_ratio", max(counts) / min(counts), "×", note="turns of the session that got most / least"),
    ]


def together(assistant: Assistant, sessions: int, seconds: float) -> list[Session]:
    """Have them all talk, each in a thread of its own as the pages' turns are, and return when all have ended."""
    talking = [Session(number, assistant.home.conversations.create().id) for number in range(sessions)]
    until = time.monotonic() + seconds
    threads = [threading.Thread(target=session.talk, args=(assistant, until)) for session in talking]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return talking
