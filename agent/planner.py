"""Choosing the next action: the model's own choice under a grammar, from trusted words only.

The planner never sees pixels, tool output or earlier replies, only what the user said, which pictures there are by
handle, and which tools have run (invariant 4 by construction). Actions that cannot be right are not offered, and an
argument with one possible value is not asked for.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from agent.language import Language, prompts
from agent.pointing import Pointing, pointing
from runtime.errors import GenerationFailed
from runtime.vlm.base import VisionChatModel, softmax
from tools.base import Tool

HANDLE = re.compile(r"\bimg\s?(\d+)(?!\d)", re.IGNORECASE)
EARLIER = 2
"""How many of the user's earlier messages the planner reads."""

NEAR = 16
"""How many pictures it is offered beside those that are spoken of; so a plan costs no more late in a conversation."""

ANSWER, ASK_USER = "answer", "ask_user"


@dataclass(frozen=True)
class Facts:
    """All that a plan may rest on.

    Attributes:
        words: what the user says now.
        language: of the prompts.
        handles: live pictures of the conversation, oldest first.
        new: those attached in this turn.
        earlier: the user's own messages before, oldest first.
        done: the tool calls that ran in this turn, as (tool, arguments).
        calls_left: how many more may run.
        found: pictures that the last search found, best first, where nothing was attached since.
        focus: those that were looked at last, since that search.
    """

    words: str
    language: Language
    handles: Sequence[str] = ()
    new: Sequence[str] = ()
    earlier: Sequence[str] = ()
    done: Sequence[tuple[str, dict[str, Any]]] = ()
    calls_left: int = 1
    found: Sequence[str] = ()
    focus: Sequence[str] = ()

    @property
    def named(self) -> list[str]:
        """Handles that the user's words name, in that order, whether they exist or not."""
        return named(self.words)

    @property
    def meant(self) -> list[str]:
        """The pictures that this is certainly about; none where that is for the model to tell.

        Handles come first, then places among found pictures ("the second one") or all of them ("these"); where nothing
        came with them, words that point at nothing go on about the one looked at last, else about the best one.
        """
        if self.named or self._pointing.upload:
            return self.named
        if self._pointing.places:
            return [self.found[place] for place in self._pointing.places if place < len(self.found)]
        live = [handle for handle in self.found if handle in self.handles]
        if self._pointing.all or self.new:
            return live if self._pointing.all else []
        return [handle for handle in self.focus if handle in self.handles] or live[:1]

    @property
    def pointed(self) -> bool:
        """Whether the words themselves say which pictures are meant."""
        return bool(self.named or self._pointing.places or self._pointing.all)

    @property
    def missing(self) -> list[str]:
        """Handles that are meant and not in the conversation."""
        return [handle for handle in self.meant if handle not in self.handles]

    @property
    def near(self) -> list[str]:
        """The pictures that words may mean which name none: the newest, and those that were spoken of last."""
        spoken = [handle for words in self.earlier[-EARLIER:] for handle in named(words)]
        kept = {*self.handles[-NEAR:], *self.new, *self.found, *self.meant, *spoken}
        return [handle for handle in self.handles if handle in kept]

    @property
    def beyond(self) -> bool:
        """Whether the words point at a place after the last picture found."""
        return not self.named and any(place >= len(self.found) for place in self._pointing.places)

    @cached_property
    def _pointing(self) -> Pointing:
        return pointing(self.words, len(self.found)) if self.found else Pointing()


def named(words: str) -> list[str]:
    """The handles that words name."""
    return list(dict.fromkeys(f"img{int(number)}" for number in HANDLE.findall(words)))


@dataclass(frozen=True)
class Plan:
    """A chosen action. `probabilities` covers what was offered, and sums to 1."""

    action: str
    arguments: dict[str, Any] = field(default_factory=dict)
    probabilities: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0


class Planner:
    """Plans for one model and a set of tools. `briefly`: the model was trained to plan from the facts alone."""

    def __init__(self, model: VisionChatModel, tools: Mapping[str, Tool[Any]], *, briefly: bool = False) -> None:
        self._model = model
        self._tools = tools
        self._briefly = briefly

    def plan(self, facts: Facts, cancel: threading.Event) -> Plan:
        """The next action with its arguments."""
        started = time.perf_counter()
        offered = self.offered(facts)
        messages = self.messages(facts, offered)
        if len(offered) == 1:
            probabilities = {offered[0]: 1.0}
        else:
            scores = self._model.choose(messages, "action", offered, cancel=cancel)
            probabilities = dict(zip(offered, softmax(scores), strict=True))
        action = max(probabilities, key=probabilities.__getitem__)
        arguments = self._arguments(action, facts, messages, cancel) if action in self._tools else {}
        if (action, arguments) in facts.done:  # a repeated call is refused
            action, arguments = ANSWER, {}
        return Plan(action, arguments, probabilities, time.perf_counter() - started)

    def offered(self, facts: Facts) -> list[str]:
        """The actions that can be right here; what is certain is decided here and not left to the model."""
        if facts.missing or facts.beyond:
            return [ASK_USER]
        if facts.calls_left < 1:
            return [ANSWER]
        tools = [name for name, tool in self._tools.items() if self._calls(tool, facts)]
        if not facts.words and facts.new and "caption" in tools:
            return ["caption"]
        settled = facts.done or (facts.pointed and not facts.named)  # which pictures are meant need not be asked
        return [ANSWER, *tools] if settled else [ANSWER, ASK_USER, *tools]

    def _calls(self, tool: Tool[Any], facts: Facts) -> list[dict[str, Any]]:
        """The schemas of the tool's possible calls, without those that ran in this turn: repeated calls are refused."""
        meant = facts.meant
        handles = meant or _candidates(facts)
        schemas = tool.schemas(handles, facts.words, all_of_them=len(meant) > 1 and not facts.named)
        return [schema for schema in schemas if (tool.name, _only_value(schema)) not in facts.done]

    def _arguments(
        self, action: str, facts: Facts, messages: list[BaseMessage], cancel: threading.Event
    ) -> dict[str, Any]:
        """The arguments, decoded where there is a choice. Constants are known and are not read from the model."""
        calls = self._calls(self._tools[action], facts)
        if len(calls) == 1 and (only := _only_value(calls[0])) is not None:
            return only
        forms = [_with_action(action, call) for call in calls]
        schema = forms[0] if len(forms) == 1 else {"anyOf": forms}
        value: dict[str, Any] = self._model.with_structured_output(schema, cancel=cancel).invoke(messages)
        call = next((call for call in calls if call["properties"].keys() == value.keys() - {"action"}), None)
        if call is None:
            raise GenerationFailed("The model's plan left its grammar.")
        return {
            name: entry["const"] if "const" in entry else _unique(value[name])
            for name, entry in call["properties"].items()
        }

    def messages(self, facts: Facts, offered: Sequence[str]) -> list[BaseMessage]:
        """The planning prompt: the facts, after rules and examples of what is offered where the model needs them."""
        texts = prompts(facts.language)
        if self._briefly:
            return [HumanMessage(brief_prompt(facts))]
        actions = "\n".join(f"{name}: {texts.actions[name]}" for name in offered)
        messages: list[BaseMessage] = [SystemMessage(texts.plan.replace("{actions}", actions))]
        for example in texts.examples:
            if json.loads(example.plan)["action"] in offered:
                shown = Facts(example.text, facts.language, handles=example.pictures, new=example.pictures)
                messages += [HumanMessage(describe(shown)), AIMessage(example.plan)]
        return [*messages, HumanMessage(describe(facts))]


def brief_prompt(facts: Facts) -> str:
    """The planning prompt of a model that was trained to plan: the facts alone."""
    return f"{prompts(facts.language).plan_briefly}\n{describe(facts)}"


def describe(facts: Facts) -> str:
    """The facts as the model reads them; the user's words come last."""
    texts = prompts(facts.language).facts
    pictures = [f"{h} ({texts['new']})" if h in facts.new else h for h in facts.near]
    lines = [f"{texts['pictures']}: {', '.join(pictures) or texts['none']}"]
    lines += [f"{texts['earlier']}: {words}" for words in facts.earlier[-EARLIER:]]
    lines += [f"{texts['done']}: {name} {json.dumps(given, ensure_ascii=False)}" for name, given in facts.done]
    return "\n".join([*lines, f"{texts['user']}: {facts.words}"])


def _with_action(action: str, call: dict[str, Any]) -> dict[str, Any]:
    """A call as the model writes it; the user's words, which may be long and are known, are left blank."""
    blank = {
        name: {**entry, "const": ""} if entry.get("type") == "string" and "const" in entry else entry
        for name, entry in call["properties"].items()
    }
    properties = {"action": {"type": "string", "const": action}, **blank}
    return {**call, "properties": properties, "required": list(properties)}


def _candidates(facts: Facts) -> Sequence[str]:
    """Pictures that an unnamed reference may mean, the newest first."""
    return facts.new if facts.new and not facts.words else list(reversed(facts.near))


def _only_value(schema: dict[str, Any]) -> dict[str, Any] | None:
    """The one value that a schema admits, where it is one."""
    value: dict[str, Any] = {}
    for name, entry in schema["properties"].items():
        options = [entry["const"]] if "const" in entry else entry.get("items", entry)["enum"]
        if len(options) != 1:
            return None
        value[name] = [options[0]] if "items" in entry else options[0]
    return value


def _unique(value: Any) -> Any:
    return list(dict.fromkeys(value)) if isinstance(value, list) else value
