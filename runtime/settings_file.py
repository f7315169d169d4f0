"""Writing the settings file: single values change, and everything else in it stays as its owner wrote it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from runtime.errors import BadSetting, DiskFull, SetupError
from runtime.settings import load_settings, settings_file

Value = str | bool | None
"""None takes the setting out of the file, so that its default holds."""


def save(changes: Mapping[str, Value]) -> None:
    """Write these settings to the file, which is made where there is none; whole or not at all.

    Raises:
        BadSetting: a value that makes no sense, or a file that cannot be read; nothing is written.
        DiskFull, SetupError: the file cannot be written.
    """
    import tomlkit  # not before: the page is waited for, and seldom writes
    from tomlkit.exceptions import TOMLKitError

    load_settings(**changes)
    file = settings_file()
    try:
        document = tomlkit.parse(file.read_text(encoding="utf-8")) if file.exists() else tomlkit.document()
    except (TOMLKitError, ValueError, OSError) as error:
        raise BadSetting(f"{file} cannot be read: {error}.", hint="Mend it, or remove it.") from error
    for name, value in changes.items():
        if value is not None:
            document[name] = value
        elif name in document:
            del document[name]
    try:
        _replace(file.resolve(), tomlkit.dumps(document))
    except OSError as error:
        if error.errno in (28, 122):  # ENOSPC, EDQUOT
            raise DiskFull from error
        reason = error.strerror or error
        raise SetupError(f"{file} cannot be written: {reason}.", hint="Check who may write there.") from error


def _replace(file: Path, text: str) -> None:
    """Write beside the file and move it there, so that nobody ever reads half of it. It may hold a key: for its owner
    alone, unless its owner said else."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, partial = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        if file.exists():
            Path(partial).chmod(file.stat().st_mode)
        Path(partial).replace(file)
    except BaseException:
        Path(partial).unlink()
        raise
