"""What all of vistalk's errors are, and whose they are to mend."""

from __future__ import annotations

from typing import ClassVar


class VistalkError(Exception):
    """Base of every error that vistalk raises on purpose."""

    code: ClassVar[str] = "error"
    sentence: ClassVar[str] = "Something went wrong."
    advice: ClassVar[str] = ""

    def __init__(self, message: str = "", *, hint: str = "") -> None:
        self.message = message or self.sentence
        self.hint = hint or self.advice
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    @staticmethod
    def unforeseen(error: Exception) -> VistalkError:
        """What a person is told of an error that nobody thought of."""
        message = f"Something unexpected happened: {type(error).__name__}."
        return VistalkError(message, hint="`vistalk --debug` tells more.")


class UserError(VistalkError):
    """The person asking can mend it."""

    code = "user"


class SetupError(VistalkError):
    """Whoever installed vistalk can mend it."""

    code = "setup"
    advice = "`vistalk doctor` shows the whole picture."


class ModelError(VistalkError):
    """The model failed."""

    code = "model"
    advice = "Try again; if it stays, `vistalk doctor` shows what is loaded."


class LimitReached(VistalkError):
    """A turn's time ran out."""

    code = "limit_reached"
    advice = "What was written so far is kept; ask again, or ask for less."


class Cancelled(VistalkError):
    """The person said stop."""

    code = "cancelled"
    sentence = "Stopped."
