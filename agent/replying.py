"""What the model is shown when it writes a reply, and the sentences that need no model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from agent.context import Budget, View, also_shown, views
from agent.language import prompts
from agent.planner import Facts
from agent.recalling import lines
from agent.state import State, Step, Turn, brought, quoted_sources
from agent.summarising import folded, summary_lines
from runtime.presets import Preset
from tools.base import Source
from tools.search_documents import label


@dataclass(frozen=True)
class Reply:
    """How a reply came about; its words went out as tokens."""

    confidence: float | None = None
    citations: list[str] = field(default_factory=list)
    usage: dict[str, int] = field(default_factory=dict)
    finish: str = "stop"


def canned_question(facts: Facts) -> str:
    """Ask back without the model: about pictures that do not exist, or for more to go on."""
    texts = prompts(facts.language)
    if facts.beyond:
        number, handles = str(len(facts.found)), ", ".join(facts.found)
        return texts.which_found.replace("{number}", number).replace("{handles}", handles)
    if not facts.missing:
        return texts.ask_user
    sentence = texts.which_picture if facts.handles else texts.no_picture
    return sentence.replace("{missing}", ", ".join(facts.missing)).replace("{handles}", ", ".join(facts.handles))


def quoted(line: str) -> str:
    """A line that somebody else wrote, as a Markdown quotation."""
    return f"> {line.rstrip()}  \n"


def reply_messages(
    state: State, turn: Turn, facts: Facts, preset: Preset, budget: Budget, instruction: str = ""
) -> tuple[list[BaseMessage], list[str]]:
    """The conversation for the model, as much of it as the budget has room for, and the handles that it is about.

    A model that composes reads the rules, what was said before and what tools found, quoted as information. A picture
    stays at the message that brought it, so that a second question shares its prefix with the first. A model that
    does not compose was trained on one question with its pictures, and gets exactly that.
    """
    shown = (facts.meant or turn.new or list(turn.images)[-1:])[: preset.pictures_at_once]
    if not preset.composes:
        return [HumanMessage(content=_content(turn, shown, turn.words))], shown
    messages, until = state["messages"], state["summary"]["until"]
    also = [] if facts.pointed else also_shown(messages[until:-1], shown, list(turn.images), preset.pictures_at_once)
    ways = views(messages, until, shown, also)
    return budget.fitting(ways, lambda view: _prompt(state, turn, view, instruction), turn.cancel), shown


def _prompt(state: State, turn: Turn, view: View, instruction: str) -> list[BaseMessage]:
    """The conversation as a model that composes reads it.

    Pictures that no message here brought stand with the summary at its beginning, where they stay from turn to turn.
    """
    texts = prompts(turn.language)
    before: list[BaseMessage] = []
    left = list(view.pictures)
    summary = summary_lines(folded(state["summary"], state["messages"], view.start), turn.language)
    kept = state["messages"][view.start : -1]
    here = [*turn.new, *(handle for step in state["steps"] for handle in step["images"])]
    here += [image["handle"] for message in kept for image in message.additional_kwargs.get("images", [])]
    first = [handle for handle in left if handle not in here]
    for message in kept:
        brought = [*first, *(image["handle"] for image in message.additional_kwargs.get("images", []))]
        if isinstance(message, HumanMessage):
            said = "\n".join([*summary, str(message.text)])
            before.append(HumanMessage(content=_content(turn, [h for h in left if h in brought], said, named=True)))
            left, summary, first = [handle for handle in left if handle not in brought], [], []
        elif message.text:
            before.append(AIMessage(content=str(message.text)))
    words = "\n".join([*summary, turn.words, *lines(turn.remembered, turn.language)])
    if state["steps"]:
        found = [f"- {s['tool']}({', '.join(s['images'])}): {s['text'] or s['error']}" for s in state["steps"]]
        words = "\n".join([words, "", texts.results, *found, *_passages(state, turn)])
    rules = f"{texts.reply} {texts.cite if quoted_sources(state['steps']) else ''} {instruction}"
    asked = HumanMessage(content=_content(turn, left, words, named=True))
    return [SystemMessage(" ".join(rules.split())), *before, asked]


def cited(shown: list[str], steps: Sequence[Step]) -> list[str]:
    """The pictures that a reply rests on: those that the model was shown, and those that were found or drawn for it."""
    found = [handle for step in steps if brought(step) for handle in step["images"]]
    return list(dict.fromkeys([*shown, *found]))


def _passages(state: State, turn: Turn) -> list[str]:
    """What documents say, numbered through the turn as the reply cites it."""
    sources = [Source(**source) for source in quoted_sources(state["steps"])]
    return [f"[{number}] {label(source, turn.language)}:\n{source.text}" for number, source in enumerate(sources, 1)]


def _content(turn: Turn, handles: list[str], words: str, *, named: bool = False) -> list[str | dict[Any, Any]]:
    """Pictures, each after its handle where they are `named`, and then the words."""
    content: list[str | dict[Any, Any]] = []
    for handle in [handle for handle in handles if handle in turn.images]:
        content += [{"type": "text", "text": f"{handle}:"}] if named else []
        content.append({"type": "image", "file_id": turn.images[handle].sha256})
    return [*content, {"type": "text", "text": words}]
