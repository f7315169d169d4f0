"""The assistant: takes a person's words and files in a conversation, and yields the turn's events.

A turn is saved twice: when it begins (so that a killed process loses nothing that was sent) and when it ends.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, cast

from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableConfig

from agent.events import Done, Event, Failed, ImageAdded
from agent.exchange import Exchange, exchanges
from agent.graph import Nodes, build
from agent.language import Language, language_of, prompts
from agent.planner import Facts, Plan
from agent.state import State, Turn, found_pictures, quoted_sources
from memory.home import Home
from memory.refs import ImageRef
from runtime.errors import (
    Cancelled,
    DiskFull,
    EmptyQuestion,
    ImageMissing,
    LimitReached,
    QuestionTooLong,
    ThreadBusy,
    TooManyImages,
    VistalkError,
)
from runtime.pool import ModelPool
from runtime.presets import Preset
from runtime.settings import Settings
from runtime.vlm.base import Heat, VisionChatModel
from tools.base import Tool, ToolContext

logger = logging.getLogger(__name__)

TITLE = 60
"""Characters of the first question that become the conversation's title."""


@dataclass(frozen=True)
class Upload:
    """A file as it came: its bytes and what it was called."""

    data: bytes
    name: str = ""


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
    ) -> None:
        self.settings = settings
        self.preset = preset
        self.home = home
        self.pool = pool
        self._tools = tools
        nodes = Nodes(model, preset, tools)
        self.planner = nodes.planner
        self._graph = build(nodes, home.conversations.saver)
        self._running: set[str] = set()
        self._guard = threading.Lock()

    def ask(
        self, thread: str, words: str, uploads: Sequence[Upload] = (), cancel: threading.Event | None = None
    ) -> Iterator[Event]:
        """Run a turn. The last event is `Done` or `Failed`; nothing that a person can cause is raised.

        Set `cancel` to stop: the reply so far is kept, and the last event is `Done` with finish "cancelled".
        """
        cancel = cancel or threading.Event()
        try:
            with self._alone(thread):
                config = self.home.conversations.config(thread)
                turn, fresh = self._open(config, words, uploads, cancel)
                for ref in fresh:
                    yield ImageAdded(ref.to_dict())
                self._begin(thread, config, turn, fresh)
                try:
                    yield from self._run(config, turn)
                    yield self._finish(config, turn)
                except Exception as error:
                    yield self._ended(config, turn, error)
        except VistalkError as error:
            yield Failed(error.code, error.message, error.hint)
        finally:
            cancel.set()  # whoever walks away in the middle stops the model too

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
            error = VistalkError(
                f"Something unexpected happened: {type(error).__name__}.", hint="`vistalk --debug` tells more."
            )
        problem = {"code": error.code, "message": error.message, "hint": error.hint}
        with suppress(DiskFull):  # then there is no room to note it either; the person is told all the same
            self._close(config, turn, {"finish": "failed", "error": problem})
        return Failed(error.code, error.message, error.hint, text)

    def plan(self, words: str, uploads: Sequence[Upload] = (), thread: str | None = None) -> Plan:
        """What the first action of such a turn would be; runs and stores nothing.

        Raises:
            VistalkError: what `ask` would fail with before it plans.
        """
        words = self._checked(words, uploads)
        known: list[dict[str, Any]] = []
        earlier: list[str] = []
        found: list[str] = []
        focus: list[str] = []
        if thread is not None:
            values = self._values(self.home.conversations.config(thread))
            known = values["images"]
            earlier = _said(values)
            if not uploads:
                found, focus = found_pictures(values["messages"], [])
        for upload in uploads:
            self.home.images.check(upload.data, name=upload.name)
        new = [f"img{len(known) + i}" for i in range(1, len(uploads) + 1)]
        handles = [*self._live(known), *new]
        calls = self.preset.tool_calls
        facts = Facts(words, self._language(words), handles, new, earlier, (), calls, found, focus)
        return self.planner.plan(facts, threading.Event())

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
        images = self._live(self._values(self.home.conversations.config(thread))["images"])
        context = ToolContext(images, lambda _: None, threading.Event(), self._language(said))
        tool = self._tools[call["tool"]]
        return tool.where(tool.arguments(**call["arguments"]), call["text"], context)

    def close(self) -> None:
        """Unload the models and let go of the data directory."""
        self.pool.close()
        self.home.close()

    def running(self, thread: str) -> bool:
        """Whether a turn of this conversation is under way."""
        with self._guard:
            return thread in self._running

    @contextmanager
    def _alone(self, thread: str) -> Iterator[None]:
        with self._guard:
            if thread in self._running:
                raise ThreadBusy
            self._running.add(thread)
        try:
            yield
        finally:
            with self._guard:
                self._running.discard(thread)

    def _checked(self, words: str, uploads: Sequence[Upload]) -> str:
        words = words.strip()
        if not words and not uploads:
            raise EmptyQuestion
        if len(words) > (most := self.settings.max_question_chars):
            raise QuestionTooLong(f"The question has {len(words):,} characters; {most:,} are the most.")
        if len(uploads) > (most := self.settings.max_images_per_turn):
            raise TooManyImages(f"{len(uploads)} pictures came at once; {most} are the most.")
        return words

    def _values(self, config: RunnableConfig) -> State:
        values = self._graph.get_state(config).values
        return State(
            messages=values.get("messages", []),
            images=values.get("images", []),
            steps=values.get("steps", []),
            plan=values.get("plan", {}),
        )

    def _store(self, uploads: Sequence[Upload], known: list[dict[str, Any]]) -> list[ImageRef]:
        return [
            self.home.images.add(upload.data, handle=f"img{number}", name=upload.name)
            for number, upload in enumerate(uploads, len(known) + 1)
        ]

    def _live(self, images: list[dict[str, Any]]) -> dict[str, ImageRef]:
        """The pictures whose files are still there, by handle."""
        live = {}
        for image in images:
            ref = ImageRef.from_dict(image)
            try:
                self.home.images.path(ref.sha256)
            except ImageMissing:
                continue
            live[ref.handle] = ref
        return live

    def _open(
        self, config: RunnableConfig, words: str, uploads: Sequence[Upload], cancel: threading.Event
    ) -> tuple[Turn, list[ImageRef]]:
        words = self._checked(words, uploads)
        before = self._values(config)
        fresh = self._store(uploads, before["images"])
        images = self._live(before["images"]) | {ref.handle: ref for ref in fresh}
        new = [ref.handle for ref in fresh]
        language = self._language(words or "".join(_said(before)[-1:]))
        return Turn(words, language, images, new, cancel, self.preset.tool_calls, self._keep), fresh

    def _keep(self, data: bytes, handle: str, name: str) -> ImageRef:
        return self.home.images.add(data, handle=handle, name=name)

    def _language(self, words: str) -> Language:
        return language_of(words, self.settings.language)

    def _begin(self, thread: str, config: RunnableConfig, turn: Turn, fresh: list[ImageRef]) -> None:
        refs = [ref.to_dict() for ref in fresh]
        message = HumanMessage(turn.words, additional_kwargs={"images": refs})
        self._graph.update_state(config, {"messages": [message], "images": refs, "steps": []}, as_node="reply")
        title = turn.words[:TITLE] or prompts(turn.language).picture_title
        self.home.conversations.record_turn(thread, title=title, thumbnail=fresh[0].sha256 if fresh else "")

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


def _said(values: State) -> list[str]:
    """The person's own words in a conversation, oldest first."""
    return [str(m.text) for m in values["messages"] if isinstance(m, HumanMessage) and m.text]
