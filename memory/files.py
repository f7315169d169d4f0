"""Writing files whole or not at all, and saying plainly why a disk refuses."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from runtime.errors import DiskFull, SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PART = ".part"


@contextmanager
def disk_errors_named(path: Path) -> Iterator[None]:
    """Turn the system's refusals into ours.

    Raises:
        DiskFull: no space, or no quota, is left.
        SetupError: anything else that keeps `path` from being written.
    """
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFull from error
        raise SetupError(
            f"{path} cannot be written: {error.strerror or error}.",
            hint="Check who may write there, or set VISTALK_HOME to another folder.",
        ) from error


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that its name only ever stands for all of `data`, also after a power cut.

    Raises:
        DiskFull: and nothing is left behind.
        SetupError: the folder cannot be written.
    """
    with disk_errors_named(path.parent):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(suffix=_PART, dir=path.parent)
        part = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)


def clear_leftovers(folder: Path) -> None:
    """Remove what a process killed in the middle of `write_whole` left under a folder."""
    with disk_errors_named(folder):
        for part in folder.rglob(f"*{_PART}"):
            part.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make a rename lasting; Windows has no such call and does not need one."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
