"""Chinese for a model that reads English only: its question goes in in English, and its answer comes out in Chinese."""

from __future__ import annotations

from typing import Protocol

from runtime.presets import Preset


class Translator(Protocol):
    """Stands between a person who writes Chinese and a model that knows English."""

    def question(self, text: str) -> str:
        """The question in English; text without Chinese comes back as it was."""

    def reply(self, text: str, question: str = "") -> str:
        """The model's reply in Chinese, or the reply itself, marked as English. `question`: as the person asked it."""


class Dictionary:
    """A translator of questions about pictures that is a dictionary and a grammar, and no model."""

    def question(self, text: str) -> str:
        """See `Translator.question`."""
        from runtime.pocket.chinese.questions import english_question

        return english_question(text)

    def reply(self, text: str, question: str = "") -> str:
        """See `Translator.reply`."""
        from runtime.pocket.chinese.replies import chinese_reply

        return chinese_reply(text, question)


def translator_of(preset: Preset) -> Translator | None:
    """What the preset's model needs in a Chinese conversation; None where it reads any language."""
    return Dictionary() if preset.reads == "en" else None
