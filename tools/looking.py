"""What caption and vqa share: show the model pictures with some words, hand on its tokens, keep its confidence."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files

from langchain_core.messages import HumanMessage

from runtime.translating import Translator
from runtime.vlm.base import Heat, VisionChatModel, token_counts
from tools.base import ToolContext, ToolResult


@cache
def prompt(language: str, name: str) -> str:
    """A text of prompts.toml."""
    texts = tomllib.loads(files("tools").joinpath("prompts.toml").read_text(encoding="utf-8"))
    return str(texts[language][name])


def translating(translator: Translator | None, context: ToolContext) -> Translator | None:
    """The translator, where this conversation needs it."""
    return translator if context.language == "zh" else None


def where(model: VisionChatModel, handles: Sequence[str], words: str, text: str, context: ToolContext) -> Heat | None:
    """Where on the picture the model's words came from, where there is one picture."""
    if len(handles) != 1:
        return None
    return model.attribution([_message(handles, words, context)], text, cancel=context.cancel)


def look(
    model: VisionChatModel,
    handles: Sequence[str],
    words: str,
    context: ToolContext,
    translate: Callable[[str], str] | None = None,
) -> ToolResult:
    """The model's words about the pictures, emitted as they come, or translated once they are whole.

    What it says was shaped by pixels that anyone may have made, so it is untrusted.
    """
    said = None
    for chunk in model.stream([_message(handles, words, context)], cancel=context.cancel, **context.sampling):
        said = chunk if said is None else said + chunk
        if chunk.text and translate is None:
            context.emit(str(chunk.text))
    if said is None:
        raise RuntimeError("a chat model ended its stream without its last chunk")
    metadata = said.response_metadata
    own = str(said.text).strip()
    text = translate(own) if translate else own
    if translate and text:
        context.emit(text)
    return ToolResult(
        text=text,
        untranslated=own if translate else "",
        images=tuple(handles),
        confidence=metadata.get("confidence"),
        usage=token_counts(said),
        finish=metadata.get("finish_reason", "stop"),
    )


def look_in_turn(
    model: VisionChatModel,
    handles: Sequence[str],
    words: str,
    context: ToolContext,
    translate: Callable[[str], str] | None = None,
) -> ToolResult:
    """The model's words about each picture by itself, a line each that begins with the picture's handle.

    The confidence is the mean of the lines'.
    """
    looks: list[ToolResult] = []
    for handle in handles:
        context.emit(f"{handle}: ")
        looks.append(look(model, [handle], words, context, translate))
        context.emit("  \n")
        if looks[-1].finish == "cancelled":
            break
    sure = [one.confidence for one in looks if one.confidence is not None]
    finishes = [one.finish for one in looks if one.finish != "stop"]
    return ToolResult(
        text="\n".join(f"{handle}: {one.text}" for handle, one in zip(handles, looks, strict=False)),
        images=tuple(handles[: len(looks)]),
        confidence=sum(sure) / len(sure) if sure else None,
        usage={kind: sum(one.usage[kind] for one in looks) for kind in looks[0].usage},
        finish=finishes[-1] if finishes else "stop",
    )


def _message(handles: Sequence[str], words: str, context: ToolContext) -> HumanMessage:
    pictures = [{"type": "image", "file_id": context.image(handle).sha256} for handle in handles]
    return HumanMessage(content=[*pictures, {"type": "text", "text": words}])
