"""The assistant: takes a person's words and files in a conversation, and yields the turn's events.

A turn is saved twice: when it begins (so that a killed process loses nothing that was sent) and when it ends.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, cast

from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableConfig

from agent import branching
from agent.context import Budget
from agent.events import Done, Event, Failed, ImageAdded
from agent.exchange import Exchange, exchanges
from agent.graph import Nodes, build
from agent.intake import Asked, Intake
from agent.intake import Upload as Upload
from agent.planner import Plan
from agent.shortening import Shortener
from agent.state import State, Turn, quoted_sources
from agent.summarising import Summary, nothing
from agent.titling import call_by_title, first_words
from agent.underway import Underway
from memory.erasure.erasing import erase
from memory.erasure.targets import Target
from memory.home import Home
from memory.memories.recall import Recall
from memory.refs import ImageRef
from memory.threads.branches import Branch
from runtime.errors import Cancelled, DiskFull, LimitReached, VistalkError
from runtime.hardware import trim_heap
from runtime.pool import ModelPool
from runtime.presets import Preset
from runtime.settings import Settings
from runtime.vlm.base import Heat, VisionChatModel
from tools.base import Tool, ToolContext

logger = logging.getLogger(__name__)

ANOTHER = 0.7
"""The temperature of an answer that is to be another one, where the settings have none."""

SEEDS = 1_000
"""Seeds between one version of an answer and the next: a version may draw several pictures, each with its own."""


class Assistant:
    """One user's assistant over an open data directory."""

    def __init__(
        self,
        settings: Settings,
        preset: Preset,
        home: Home,
        model: VisionChatModel,
        pool: ModelPool,
        tools: Mapping[str, Tool[Any]],
        recall: Recall | None = None,
    ) -> None:
        self.settings = settings
        self.preset = preset
        self.home = home
        self.pool = pool
        self._tools = tools
        self._model = model
        learns = home.memories if settings.learns else None
        budget = Budget(model, settings.context_tokens, settings.max_new_tokens)
        nodes = Nodes(model, preset, tools, budget, recall if preset.composes else None, learns)
        self.shortener = Shortener(budget, self._keep_summary, model if preset.composes else None)
        self.planner = nodes.planner
        self._graph = build(nodes, home.conversations.saver)
        self._intake = Intake(settings, preset, home)
        self._underway = Underway()

    def ask(
        self, thread: str, words: str, uploads: Sequence[Upload] = (), cancel: threading.Event | None = None
    ) -> Iterator[Event]:
        """Run a turn. The last event is `Done` or `Failed`; nothing that a person can cause is raised.

        Set `cancel` to stop: the reply so far is kept, and the last event is `Done` with finish "cancelled".
        """
        return self._answer(thread, lambda: Asked(self.home.conversations.config(thread), words, uploads), cancel)

    def again(self, thread: str, turn: int, cancel: threading.Event | None = None) -> Iterator[Event]:
        """Run a turn again as `ask` does, as a branch beside it, which keeps what came after. Turns count from 0.

        The answer is drawn with a temperature and a seed of its own, so that it may be another one.
        """

        def asked() -> Asked:
            version = self.branches(thread)[turn].count if 0 <= turn < len(self.history(thread)) else 0
            sampling = {
                "temperature": self.settings.temperature or ANOTHER,
                "seed": self.settings.seed + SEEDS * version,
            }
            return replace(self._asked_before(thread, turn), sampling=sampling)

        return self._answer(thread, asked, cancel)

    def edit(
        self,
        thread: str,
        turn: int,
        words: str,
        uploads: Sequence[Upload] | None = None,
        cancel: threading.Event | None = None,
    ) -> Iterator[Event]:
        """Run a turn again with other words, as `again` does; its pictures stay where no `uploads` are given."""
        return self._answer(thread, lambda: self._asked_before(thread, turn, words, uploads), cancel)

    def branches(self, thread: str) -> list[Branch]:
        """For each turn that `history` shows, which of the branches it is that begin there.

        Raises:
            UnknownThread
        """
        return self.home.conversations.tree(thread).branches(len(self.history(thread)))

    def choose(self, thread: str, turn: int, position: int) -> None:
        """Go on with another branch of a turn and its later turns, as they were left; positions count from 1.

        Raises:
            UnknownThread, UnknownTurn, ThreadBusy
        """
        conversations = self.home.conversations
        with self._alone(thread):
            config = branching.end(conversations, thread, turn, len(self.history(thread)), position)
            self._graph.update_state(config, {"steps": []}, as_node="reply")
            conversations.rewind(thread, len(self.history(thread)))

    def erase_turn(self, thread: str, turn: int) -> None:
        """Erase a turn for good, in all its versions; with its last turn the conversation goes. Turns count from 0.

        Raises:
            UnknownThread, UnknownTurn, ThreadBusy
            DiskFull, SetupError: a file cannot be removed or written; the next start goes on with it.
        """
        with self._alone(thread):
            erase(self.home, Target("turn", thread, turn))

    def _answer(self, thread: str, asked: Callable[[], Asked], cancel: threading.Event | None) -> Iterator[Event]:
        cancel = cancel or threading.Event()
        try:
            with self._alone(thread):
                config = self.home.conversations.config(thread)
                try:
                    question = asked()
                    before = self._values(question.config)
                    turn, fresh = self._intake.opened(thread, question, before, cancel)
                    for ref in fresh:
                        yield ImageAdded(ref.to_dict())
                    self._begin(thread, question, turn, fresh, before["summary"])
                    try:
                        yield from self._run(config, turn)
                        done = self._finish(config, turn)
                    except Exception as error:
                        yield self._ended(config, turn, error)
                    else:
                        yield done
                        if self.preset.titles:
                            call_by_title(self.home.conversations, thread, turn, self._model)
                        self.shortener.start(thread, self._values(config), turn.language)
                finally:
                    self.home.conversations.references.release("turn", thread)
                    trim_heap()
        except VistalkError as error:
            yield Failed(error.code, error.message, error.hint)
        finally:
            cancel.set()  # whoever walks away in the middle stops the model too

    def _asked_before(
        self, thread: str, turn: int, words: str | None = None, uploads: Sequence[Upload] | None = None
    ) -> Asked:
        history = self.history(thread)
        config = branching.before(self.home.conversations, thread, turn, len(history))
        earlier = history[turn]
        pictures = earlier.images if uploads is None else uploads
        return Asked(config, earlier.words if words is None else words, pictures, turn)

    def _run(self, config: RunnableConfig, turn: Turn) -> Iterator[Event]:
        clock = threading.Timer(self.settings.turn_seconds, turn.expire)
        clock.daemon = True
        clock.start()
        try:
            start: Any = {"steps": [], "plan": {}}
            for event in self._graph.stream(start, config, context=turn, stream_mode="custom", durability="exit"):
                yield cast("Event", event)
        finally:
            clock.cancel()

    def _finish(self, config: RunnableConfig, turn: Turn) -> Done:
        details = self._values(config)["messages"][-1].additional_kwargs
        if turn.timed_out:
            raise self._out_of_time()
        return Done(
            text=turn.text,
            confidence=details["confidence"],
            citations=details["citations"],
            usage=details["usage"],
            seconds=turn.seconds,
            finish=details["finish"],
            sources=quoted_sources(details["steps"]),
            remembered=details["remembered"],
        )

    def _ended(self, config: RunnableConfig, turn: Turn, error: Exception) -> Event:
        """The last event of a turn that was stopped or failed; its words so far are kept."""
        text = turn.text
        if isinstance(error, Cancelled) and not turn.timed_out:
            self._close(config, turn, {"finish": "cancelled", "seconds": turn.seconds})
            return Done(text, None, [], {}, turn.seconds, "cancelled")
        if isinstance(error, Cancelled):
            error = self._out_of_time()
        if not isinstance(error, VistalkError):
            logger.exception("a turn failed in a way that was not foreseen")
            error = VistalkError.unforeseen(error)
        problem = {"code": error.code, "message": error.message, "hint": error.hint}
        with suppress(DiskFull):  # then there is no room to note it either; the person is told all the same
            self._close(config, turn, {"finish": "failed", "error": problem})
        return Failed(error.code, error.message, error.hint, text)

    def plan(self, words: str, uploads: Sequence[Upload] = (), thread: str | None = None) -> Plan:
        """What the first action of such a turn would be; runs and stores nothing.

        Raises:
            VistalkError: what `ask` would fail with before it plans.
        """
        values = None if thread is None else self._values(self.home.conversations.config(thread))
        return self.planner.plan(self._intake.facts(words, uploads, values), threading.Event())

    def history(self, thread: str) -> list[Exchange]:
        """The conversation's turns, oldest first.

        Raises:
            UnknownThread
        """
        return exchanges(self._values(self.home.conversations.config(thread)))

    def where(self, thread: str, turn: int, step: int) -> Heat | None:
        """Where on its picture a tool call's words came from; None where nobody can tell. Turns and calls count from 0.

        Raises:
            UnknownThread, ImageMissing
        """
        exchanges = self.history(thread)[: turn + 1]
        call = exchanges[-1].details["steps"][step]
        said = next((exchange.words for exchange in reversed(exchanges) if exchange.words), "")
        images = self._intake.live(self._values(self.home.conversations.config(thread))["images"])
        context = ToolContext(images, lambda _: None, threading.Event(), self._intake.language(said))
        tool = self._tools[call["tool"]]
        words = call.get("untranslated") or call["text"]  # steps of older conversations have but the text
        return tool.where(tool.arguments(**call["arguments"]), words, context)

    def close(self) -> None:
        """Unload the models and let go of the data directory."""
        self.shortener.close()
        self.pool.close()
        self.home.close()

    def running(self, thread: str) -> bool:
        """Whether a turn of this conversation is under way."""
        return thread in self._underway

    @contextmanager
    def _alone(self, thread: str) -> Iterator[None]:
        with self._underway.alone(thread):
            self.shortener.wait(thread)
            yield

    def _values(self, config: RunnableConfig) -> State:
        values = self._graph.get_state(config).values
        return State(
            messages=values.get("messages", []),
            images=values.get("images", []),
            steps=values.get("steps", []),
            plan=values.get("plan", {}),
            summary=values.get("summary", nothing()),
        )

    def _keep_summary(self, thread: str, read: State, summary: Summary) -> None:
        """Save a summary of what was read, unless that was deleted or changed meanwhile."""
        with self.home.conversations.saver.cursor():
            config = self.home.conversations.config(thread)
            if self._values(config)["messages"] == read["messages"]:
                self._graph.update_state(config, {"summary": summary}, as_node="reply")

    def _begin(self, thread: str, asked: Asked, turn: Turn, fresh: list[ImageRef], summary: Summary) -> None:
        refs = [ref.to_dict() for ref in fresh]
        message = HumanMessage(turn.words, additional_kwargs={"images": refs})
        values: dict[str, Any] = {"messages": [message], "images": refs, "steps": []}
        if not summary["until"]:  # another one is in the checkpoint that the turn begins at
            values["summary"] = summary
        self._graph.update_state(branching.beginning(asked.config), values, as_node="reply")
        conversations = self.home.conversations
        if asked.turn is not None:
            conversations.rewind(thread, asked.turn)
        title = first_words(turn.words, turn.language)
        conversations.record_turn(thread, title=title, thumbnail=fresh[0].sha256 if fresh else "")

    def _close(self, config: RunnableConfig, turn: Turn, details: dict[str, Any]) -> None:
        """Note how a turn ended that did not end well: the next one starts from a whole conversation."""
        values = self._values(config)
        reply = values["messages"][-1]
        if isinstance(reply, HumanMessage):  # it ended before its reply was saved
            reply = AIMessage(turn.text, additional_kwargs={"steps": values["steps"]})
        noted = reply.model_copy(update={"additional_kwargs": {**reply.additional_kwargs, **details}})
        kept = [image for image in turn.kept if image not in values["images"]]
        self._graph.update_state(config, {"messages": [noted], "images": kept, "steps": []}, as_node="reply")

    def _out_of_time(self) -> LimitReached:
        return LimitReached(f"The turn took longer than {self.settings.turn_seconds:g} seconds and was ended.")
