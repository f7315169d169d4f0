"""What the model is shown when it writes a reply, and the sentences that need no model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from agent.language import prompts
from agent.planner import Facts
from agent.recalling import lines
from agent.state import State, Step, Turn, brought, quoted_sources
from runtime.presets import Preset
from tools.base import Source
from tools.search_documents import label

HISTORY = 6
"""Messages before this one that the model reads again, as words."""


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
    state: State, turn: Turn, facts: Facts, preset: Preset, instruction: str = ""
) -> tuple[list[BaseMessage], list[str]]:
    """The conversation for the model, and the handles of the pictures it is shown.

    A model that composes reads the rules, what was said before and what tools found, quoted as information. A picture
    stays at the message that brought it, so that a second question shares its prefix with the first. A model that
    does not compose was trained on one question with its pictures, and gets exactly that.
    """
    shown = (facts.meant or turn.new or list(turn.images)[-1:])[: preset.pictures_at_once]
    if not preset.composes:
        return [HumanMessage(content=_content(turn, shown, turn.words))], shown
    texts = prompts(turn.language)
    before: list[BaseMessage] = []
    left = list(shown)
    for message in state["messages"][:-1][-HISTORY:]:
        brought = [image["handle"] for image in message.additional_kwargs.get("images", [])]
        if isinstance(message, HumanMessage):
            before.append(HumanMessage(content=_content(turn, [h for h in brought if h in left], str(message.text))))
            left = [handle for handle in left if handle not in brought]
        elif message.text:
            before.append(AIMessage(content=str(message.text)))
    words = "\n".join([turn.words, *lines(turn.remembered, turn.language)])
    if state["steps"]:
        found = [f"- {s['tool']}({', '.join(s['images'])}): {s['text'] or s['error']}" for s in state["steps"]]
        words = "\n".join([words, "", texts.results, *found, *_passages(state, turn)])
    rules = f"{texts.reply} {texts.cite if quoted_sources(state['steps']) else ''} {instruction}"
    return [SystemMessage(" ".join(rules.split())), *before, HumanMessage(content=_content(turn, left, words))], shown


def cited(shown: list[str], steps: Sequence[Step]) -> list[str]:
    """The pictures that a reply rests on: those that the model was shown, and those that were found or drawn for it."""
    found = [handle for step in steps if brought(step) for handle in step["images"]]
    return list(dict.fromkeys([*shown, *found]))


def _passages(state: State, turn: Turn) -> list[str]:
    """What documents say, numbered through the turn as the reply cites it."""
    sources = [Source(**source) for source in quoted_sources(state["steps"])]
    return [f"[{number}] {label(source, turn.language)}:\n{source.text}" for number, source in enumerate(sources, 1)]


def _content(turn: Turn, handles: list[str], words: str) -> list[str | dict[Any, Any]]:
    pictures: list[str | dict[Any, Any]] = [
        {"type": "image", "file_id": turn.images[handle].sha256} for handle in handles if handle in turn.images
    ]
    return [*pictures, {"type": "text", "text": words}]
