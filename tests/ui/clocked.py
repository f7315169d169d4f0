"""`vistalk` whose scripted model writes into a file when it made each word: milliseconds since 1970, and the word."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runtime.vlm.scripted import ScriptedModel
from ui.cli import main

FILE = "CLOCK"
"""The variable of the environment that names the file."""

if __name__ == "__main__":
    made = ScriptedModel._stream

    def clocked(self: ScriptedModel, *given: Any, **named: Any) -> Iterator[Any]:
        for chunk in made(self, *given, **named):
            with Path(os.environ[FILE]).open("a", encoding="utf-8") as file:
                file.write(f"{1000 * time.time()} {str(chunk.message.content).strip()}\n")
            yield chunk

    ScriptedModel._stream = clocked  # type: ignore[method-assign]
    main()
