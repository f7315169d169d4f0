"""One vistalk process a data directory: the lock that says so, and who holds it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from memory.files import disk_errors_named
from runtime.errors import DataDirectoryBusy

if TYPE_CHECKING:
    from pathlib import Path


class DataLock:
    """Holds a data directory from when it is made until `release`, or until the process ends in any way.

    The system drops the lock of a dead process, so it never has to be cleared by hand. The process id stands
    in a file beside it, because Windows does not let others read a locked file.

    Raises:
        DataDirectoryBusy: another process, or another part of this one, holds it.
        DiskFull: the process id could not be written.
        SetupError: the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._lock = FileLock(folder / "lock", thread_local=False)
        owner = folder / "lock.pid"
        with disk_errors_named(folder):
            try:
                self._lock.acquire(blocking=False)
            except Timeout as error:
                raise DataDirectoryBusy(f"{folder} is in use by another vistalk ({_told(owner)}).") from error
            try:
                owner.write_text(str(os.getpid()), encoding="ascii")
            except OSError:
                self._lock.release()
                raise

    def release(self) -> None:
        """Let another process in; a second call does nothing."""
        self._lock.release()


def _told(owner: Path) -> str:
    """What the holder wrote about itself; it may be a moment from writing it."""
    pid = owner.read_text(encoding="ascii", errors="replace").strip() if owner.exists() else ""
    return f"process {pid}" if pid.isdecimal() else "process not known"
