"""A turn tells how many others are served before it, wherever in it a model is waited for."""

from __future__ import annotations

import threading
from typing import Any

from agent.events import Queued, ToolStarted
from runtime.queueing import FairLock
from runtime.vlm.scripted import Rule
from tests.agent.stage import Reads, png, stage
from tools.base import ToolContext, ToolResult


def test_the_place_in_the_queue_is_told_while_the_turn_waits() -> None:
    lock, events = FairLock(), list[Any]()
    rules = (Rule(when="read", actions=["read_text", "answer"], reply="OPEN"),)

    class Waits(Reads):
        def run(self, arguments: Any, context: ToolContext) -> ToolResult:
            with lock.hold(context.cancel):
                return super().run(arguments, context)

    with stage(rules) as (assistant, _, thread):
        assistant._tools["read_text"] = Waits("OPEN")  # type: ignore[index]
        queued = threading.Event()

        def take() -> None:
            for event in assistant.ask(thread, "read it", [png()]):
                events.append(event)
                if isinstance(event, Queued):
                    queued.set()

        turn = threading.Thread(target=take)
        with lock.hold():
            turn.start()
            assert queued.wait(20)
        turn.join(20)
    told = [event.ahead for event in events if isinstance(event, Queued)]
    assert told == [1, 0]
    names = [type(event) for event in events]
    assert names.index(ToolStarted) < names.index(Queued)
