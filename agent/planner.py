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
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from agent.language import Language, prompts
from runtime.vlm.base import VisionChatModel, softmax
from tools.base import Tool

HANDLE = re.compile(r"\bimg\s?(\d+)(?!\d)", re.IGNORECASE)
EARLIER = 2
"""How many of the user's earlier messages the planner reads."""

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
    """

    words: str
    language: Language
    handles: Sequence[str] = ()
    new: Sequence[str] = ()
    earlier: Sequence[str] = ()
    done: Sequence[tuple[str, dict[str, Any]]] = ()
    calls_left: int = 1

    @property
    def named(self) -> list[str]:
        """Handles that the user's words name, in that order, whether they exist or not."""
        return list(dict.fromkeys(f"img{int(number)}" for number in HANDLE.findall(self.words)))

    @property
    def missing(self) -> list[str]:
        """Named handles that are not in the conversation."""
        return [handle for handle in self.named if handle not in self.handles]


@dataclass(frozen=True)
class Plan:
    """A chosen action. `probabilities` covers what was offered, and sums to 1."""

    action: str
    arguments: dict[str, Any] = field(default_factory=dict)
    probabilities: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0


class Planner:
    """Plans for one model and a set of tools."""

    def __init__(self, model: VisionChatModel, tools: Mapping[str, Tool[Any]], *, by_likeness: bool = False) -> None:
        self._model = model
        self._tools = tools
        self._by_likeness = by_likeness

    def plan(self, facts: Facts, cancel: threading.Event) -> Plan:
        """The next action with its arguments."""
        started = time.perf_counter()
        offered = self.offered(facts)
        messages = self.messages(facts, offered)
        if len(offered) == 1:
            probabilities = {offered[0]: 1.0}
        else:
            scores = self._scores(facts, offered, messages, cancel)
            probabilities = dict(zip(offered, softmax(scores), strict=True))
        action = max(probabilities, key=probabilities.__getitem__)
        arguments = self._arguments(action, facts, messages, cancel) if action in self._tools else {}
        if (action, arguments) in facts.done:  # a repeated call is refused
            action, arguments = ANSWER, {}
        return Plan(action, arguments, probabilities, time.perf_counter() - started)

    def _scores(
        self, facts: Facts, offered: list[str], messages: list[BaseMessage], cancel: threading.Event
    ) -> list[float]:
        """Log-likelihoods of the actions: by the model's choice, or by likeness."""
        if not self._by_likeness:
            return self._model.choose(messages, "action", offered, cancel=cancel)
        return self._likeness(facts, offered, cancel)

    def _likeness(self, facts: Facts, offered: list[str], cancel: threading.Event) -> list[float]:
        """The likelihood of the words after other messages that ask for each action ("channel", Min et al. 2022).

        Where there is no picture, words like those that ask for a tool mean that a picture is missing.
        """
        texts = prompts(facts.language)
        words = HANDLE.sub(texts.facts["the_picture"], facts.words)
        actions = offered if facts.handles else [*offered, *self._tools]
        contexts = ["".join(f"{phrase}\n" for phrase in texts.phrasings[action]) for action in actions]
        scores = dict(zip(actions, self._model.likelihoods(contexts, f"{words}\n", cancel=cancel), strict=True))
        if not facts.handles:
            scores[ASK_USER] = max(score for action, score in scores.items() if action != ANSWER)
        return [scores[action] for action in offered]

    def offered(self, facts: Facts) -> list[str]:
        """The actions that can be right here; what is certain is decided here and not left to the model."""
        if facts.missing:
            return [ASK_USER]
        if facts.calls_left < 1:
            return [ANSWER]
        tools = [name for name, tool in self._tools.items() if self._has_new_call(tool, facts)]
        if not facts.words and facts.new and "caption" in tools:
            return ["caption"]
        return [ANSWER, ASK_USER, *tools] if not facts.done else [ANSWER, *tools]

    def _has_new_call(self, tool: Tool[Any], facts: Facts) -> bool:
        """Whether a call is possible that has not run in this turn: repeated calls are refused."""
        if not facts.handles:
            return False
        only = _only_value(self._schema(tool, facts))
        return only is None or (tool.name, only) not in facts.done

    def _schema(self, tool: Tool[Any], facts: Facts) -> dict[str, Any]:
        return tool.schema(facts.named or self._candidates(facts), facts.words)

    def _candidates(self, facts: Facts) -> Sequence[str]:
        """Pictures that an unnamed reference may mean, the newest first."""
        if facts.new and (self._by_likeness or not facts.words):
            return facts.new
        newest_first = list(reversed(facts.handles))
        return newest_first[:1] if self._by_likeness else newest_first

    def _arguments(
        self, action: str, facts: Facts, messages: list[BaseMessage], cancel: threading.Event
    ) -> dict[str, Any]:
        schema = self._schema(self._tools[action], facts)
        if (only := _only_value(schema)) is not None:
            return only
        properties = {"action": {"type": "string", "const": action}, **schema["properties"]}
        whole = {**schema, "properties": properties, "required": list(properties)}
        value: dict[str, Any] = self._model.with_structured_output(whole, cancel=cancel).invoke(messages)
        return {name: _unique(chosen) for name, chosen in value.items() if name != "action"}

    def messages(self, facts: Facts, offered: Sequence[str]) -> list[BaseMessage]:
        """The planning prompt: rules, examples of what is offered, and the facts."""
        texts = prompts(facts.language)
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
    pictures = [f"{h} ({texts['new']})" if h in facts.new else h for h in facts.handles]
    lines = [f"{texts['pictures']}: {', '.join(pictures) or texts['none']}"]
    lines += [f"{texts['earlier']}: {words}" for words in facts.earlier[-EARLIER:]]
    lines += [f"{texts['done']}: {name} {json.dumps(given, ensure_ascii=False)}" for name, given in facts.done]
    return "\n".join([*lines, f"{texts['user']}: {facts.words}"])


def _only_value(schema: dict[str, Any]) -> dict[str, Any] | None:
    """The one value that a schema admits, where it is one."""
    value: dict[str, Any] = {}
    for name, entry in schema["properties"].items():
        inner = entry.get("items", entry)
        if "const" not in inner and len(inner["enum"]) != 1:
            return None
        only = inner["const"] if "const" in inner else inner["enum"][0]
        value[name] = [only] if "items" in entry else only
    return value


def _unique(value: Any) -> Any:
    return list(dict.fromkeys(value)) if isinstance(value, list) else value
