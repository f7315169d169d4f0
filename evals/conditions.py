"""What pictures may have to go through before they are shown: a corruption, or an attack along the model's gradient."""

from __future__ import annotations

import re
from dataclasses import dataclass

from evals.corruptions import KINDS, SEVERITIES, corrupted
from evals.gradient import STEPS, Attempt, png, weakened
from memory.decode import decode
from runtime.errors import BadSetting
from runtime.settings import Settings

NAME = re.compile(r"(\w+)-([1-9]\d*)")
LEVELS = range(1, 256)


@dataclass(frozen=True)
class Condition:
    """A corruption at a severity, or an attack that moves no value of a picture by more than `level` of 255."""

    kind: str
    level: int

    @property
    def name(self) -> str:
        """As in folders and settings: `fog-3`."""
        return f"{self.kind}-{self.level}"

    @property
    def family(self) -> str:
        """noise, blur, weather or digital, as the paper has them; or attack."""
        return "attack" if self.kind in STEPS else KINDS[self.kind].family

    def shown(self, attempt: Attempt, settings: Settings) -> list[bytes]:
        """The files of the attempt's pictures after it.

        Raises:
            ImageRejected: a picture that the product would not take either.
            BadSetting: an attack on a model whose weights are elsewhere.
            ModelError: the attack failed.
        """
        images = [
            decode(data, max_bytes=settings.max_upload_bytes, max_pixels=settings.max_pixels).image
            for data in attempt.pictures
        ]
        if self.kind in STEPS:
            return weakened(attempt, images, self.kind, self.level)
        return [png(corrupted(image, self.kind, self.level)) for image in images]


def condition_of(name: str) -> Condition:
    """The condition of that name.

    Raises:
        BadSetting: there is none.
    """
    found = NAME.fullmatch(name)
    allowed = {**dict.fromkeys(KINDS, SEVERITIES), **dict.fromkeys(STEPS, LEVELS)}
    if found and int(found[2]) in allowed.get(found[1], ()):
        return Condition(found[1], int(found[2]))
    raise BadSetting(
        f"There is no condition {name!r} for pictures.",
        hint=f"There are {', '.join(KINDS)} from 1 to 5, as in fog-3, and {', '.join(STEPS)} from 1 to 255.",
    )
