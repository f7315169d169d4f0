"""What stands before the command's name: the options that all commands share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runtime.settings import Settings


@dataclass(frozen=True)
class Invocation:
    """The shared options as they were given, under the names of settings; None where one was left out."""

    flags: dict[str, object]

    def adding(self, **more: object) -> Invocation:
        """With options of a command's own, which win where they were given."""
        return Invocation({**self.flags, **{name: value for name, value in more.items() if value is not None}})

    def settings(self) -> Settings:
        """What these flags, the environment and the settings file lead to.

        Raises:
            BadSetting
        """
        from runtime.settings import load_settings

        return load_settings(**self.flags)

    def environment(self) -> dict[str, str]:
        """The same flags as environment variables, for the page, which reads its settings itself."""
        return {f"VISTALK_{name.upper()}": str(value) for name, value in self.flags.items() if value is not None}
