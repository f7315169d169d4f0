"""Running `vistalk` as a person does, against the scripted model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from tests.memory.pictures import file_of, photo
from ui.cli import app

ROOT = Path(__file__).parents[2]
SLOW_WORDS = " ".join(f"word{number}" for number in range(2_000))
SCRIPT = f"""
[[rule]]
when = "slowly"
reply = "{SLOW_WORDS}"
tokens_per_second = 50

[[rule]]
when = "(?<!Before: )break"
error = "the engine stopped"

[[rule]]
when = "look"
actions = ["vqa", "answer"]
reply = "A dog on grass."

[[rule]]
when = "steer"
reply = "safe \\u001B[31m[red]\\u001B]0;title\\u0007 \\u009B2J\\u202E:smile: end\\r\\u0000"

[[rule]]
reply = "Hello there."
"""


class Result:
    """What a command did."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        """All of stdout as one value."""
        return json.loads(self.out)

    @property
    def events(self) -> list[dict[str, Any]]:
        """Each line of stdout as a value."""
        return [json.loads(line) for line in self.out.splitlines()]


class Terminal:
    """Runs commands in this process with the scripted model in the test's data directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.script = folder / "script.toml"
        self.script.write_text(SCRIPT, encoding="utf-8")
        self.shared = ["--preset", "scripted", "--script", str(self.script)]

    def __call__(self, *arguments: str, typed: str = "") -> Result:
        """Run a command of the scripted preset."""
        return self.plain(*self.shared, *arguments, typed=typed)

    def plain(self, *arguments: str, typed: str = "") -> Result:
        """Run exactly this."""
        done = CliRunner().invoke(app, arguments, input=typed)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Result(done.exit_code, done.stdout, done.stderr)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command of the scripted preset as a process, in the data directory that the test was given."""
        return subprocess.Popen(
            [sys.executable, "-m", "ui.cli", *self.shared, *arguments],
            cwd=ROOT,
            env=dict(os.environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def picture(self, name: str = "photo.png", seed: int = 0) -> str:
        """A picture file."""
        path = self.folder / name
        path.write_bytes(file_of(photo(seed=seed), "PNG"))
        return str(path)
