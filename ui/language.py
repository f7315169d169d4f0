"""The words of the interface, kept as data, and which language to show them in."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict

Language = Literal["en", "zh"]


class Texts(BaseModel):
    """One language's file; the key says what each is for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: Language
    greeting: str
    how_to_begin: str
    suggestions: tuple[str, ...]
    suggested_drawing: str
    placeholder: str
    placeholder_busy: str
    new_conversation: str
    conversations: str
    no_conversations: str
    older: str
    untitled: str
    delete: str
    delete_title: str
    delete_explained: str
    delete_confirm: str
    keep: str
    not_there: str
    try_again: str
    opening: str
    stop: str
    loading: str
    thinking: str
    queued: str
    writing: str
    stopped: str
    cut: str
    interrupted: str
    kept_files: str
    discard: str
    picture_gone: str
    open_picture: str
    input: str
    output: str
    nothing_found: str
    found_in: str
    where: str
    where_shown: str
    where_unknown: str
    choice: str
    answered_by: str
    runs_model: str
    threads: dict[str, str]
    camera: dict[str, str]
    viewing: dict[str, str]
    feedback: dict[str, str]
    facts: dict[str, str]
    times: dict[str, str]
    tools: dict[str, str]
    presets: dict[str, str]
    pages: dict[str, str]
    evaluations: dict[str, str]
    library: dict[str, str]
    gallery: dict[str, str]
    memory: dict[str, str]
    settings: dict[str, str]
    welcome: dict[str, str]
    users: dict[str, str]


@cache
def texts(language: Language) -> Texts:
    """The words of one language."""
    text = files("ui").joinpath("texts", f"{language}.toml").read_text(encoding="utf-8")
    return Texts.model_validate({"language": language, **tomllib.loads(text)})


def shown_language(wanted: str, locale: str | None) -> Language:
    """The wanted language, or for "auto" the browser's where we have it, English otherwise."""
    if wanted == "auto":
        wanted = (locale or "").lower().split("-")[0]
    return "zh" if wanted == "zh" else "en"
