"""What went wrong, as a page says it: in English as the error says it, in another language by the error's code."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Protocol

import streamlit as st
from pydantic import BaseModel, ConfigDict

from runtime import errors
from runtime.errors import VistalkError
from ui import safe
from ui.language import Language, Texts


class Problem(Protocol):
    """A `VistalkError`, or the `Failed` event that tells of one."""

    @property
    def code(self) -> str:
        """Which class of errors it is."""

    @property
    def message(self) -> str:
        """What happened, in English."""

    @property
    def hint(self) -> str:
        """What to do about it, in English; empty where nothing is known."""


class Said(BaseModel):
    """One class of errors in another language than English: what happened, and what to do, where that is known."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sentence: str
    advice: str


@cache
def known() -> dict[str, type[VistalkError]]:
    """Every class of errors by its code."""
    return {one.code: one for name in errors.__all__ if issubclass(one := getattr(errors, name), VistalkError)}


@cache
def translations(language: Language) -> dict[str, Said]:
    """What each code is called in a language; empty for English, in which the errors speak themselves."""
    if language == "en":
        return {}
    text = files("ui").joinpath("texts", f"errors.{language}.toml").read_text(encoding="utf-8")
    return {code: Said.model_validate(said) for code, said in tomllib.loads(text).items()}


def failure(problem: Problem, texts: Texts) -> None:
    """Draw what went wrong and what to do about it, in the page's language."""
    st.error("  \n".join(lines(problem, texts.language)), icon=":material/error:")


def lines(problem: Problem, language: Language) -> list[str]:
    """The same in Markdown: a sentence, what to do, and in small the English that says more than these do.

    The English of a class of errors is left out where it is the translated sentence's own; what an error says of
    itself, with its numbers and names, is not.
    """
    said = translations(language).get(problem.code)
    if said is None:
        return [safe.markdown(line) for line in (problem.message, problem.hint) if line]
    kind = known()[problem.code]
    more = [
        text
        for text, usual in ((problem.message, kind.sentence), (problem.hint, kind.advice))
        if text and text != usual
    ]
    detail = [f":small[{safe.literal(' '.join(more))}]"] if more else []
    return [*(line for line in (said.sentence, said.advice) if line), *detail]
