"""What the model is shown when it writes a reply, and the sentences that need no model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from agent.language import prompts
from agent.planner import Facts
from agent.state import State, Turn

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
    if not facts.missing:
        return texts.ask_user
    sentence = texts.which_picture if facts.handles else texts.no_picture
    return sentence.replace("{missing}", ", ".join(facts.missing)).replace("{handles}", ", ".join(facts.handles))


def quoted(line: str) -> str:
    """A line that somebody else wrote, as a Markdown quotation."""
    return f"> {line.rstrip()}  \n"


def reply_messages(
    state: State, turn: Turn, facts: Facts, composes: bool, instruction: str = ""
) -> tuple[list[BaseMessage], list[str]]:
    """The conversation for the model, and the handles of the pictures it is shown.

    A model that composes reads the rules, what was said before and what tools found, quoted as information. A picture
    stays at the message that brought it, so that a second question shares its prefix with the first. A model that
    does not compose was trained on one question with its pictures, and gets exactly that.
    """
    shown = facts.named or turn.new or list(turn.images)[-1:]
    if not composes:
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
    words = turn.words
    if state["steps"]:
        found = [f"- {s['tool']}({', '.join(s['images'])}): {s['text'] or s['error']}" for s in state["steps"]]
        words = "\n".join([words, "", texts.results, *found])
    rules = f"{texts.reply} {instruction}".strip()
    return [SystemMessage(rules), *before, HumanMessage(content=_content(turn, left, words))], shown


def _content(turn: Turn, handles: list[str], words: str) -> list[str | dict[Any, Any]]:
    pictures: list[str | dict[Any, Any]] = [
        {"type": "image", "file_id": turn.images[handle].sha256} for handle in handles if handle in turn.images
    ]
    return [*pictures, {"type": "text", "text": words}]
