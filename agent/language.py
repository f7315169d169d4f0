"""The prompts, kept as data, and the language that a person writes."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict

Language = Literal["en", "zh"]

CJK = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
LETTER = re.compile(r"[^\W\d_]")


class Example(BaseModel):
    """A planning example: the thread's pictures, what the user says, the plan as JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pictures: list[str]
    text: str
    plan: str


class Prompts(BaseModel):
    """One language's file; en.toml shows what each is for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    plan: str
    plan_briefly: str
    reply: str
    results: str
    cite: str
    nothing_read: str
    nothing_said: str
    unsure: str
    text_read: str
    which_picture: str
    which_found: str
    no_picture: str
    ask_user: str
    ask_user_instruction: str
    untitled: str
    picture_title: str
    title: str
    remembered: str
    summary: str
    summarise: str
    learned: str
    actions: dict[str, str]
    facts: dict[str, str]
    examples: list[Example]


@cache
def prompts(language: Language) -> Prompts:
    """The prompts of one language."""
    text = files("agent").joinpath("prompts", f"{language}.toml").read_text(encoding="utf-8")
    return Prompts.model_validate(tomllib.loads(text))


def language_of(text: str, wanted: str = "auto") -> Language:
    """The wanted language, or for "auto" Chinese where a fifth of the letters are, English otherwise."""
    if wanted in ("en", "zh"):
        return "zh" if wanted == "zh" else "en"
    letters = len(LETTER.findall(text))
    return "zh" if letters and len(CJK.findall(text)) >= letters / 5 else "en"
