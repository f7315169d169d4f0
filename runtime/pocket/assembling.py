"""How the pocket models are put together: in a folder beside the target, which appears whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from runtime.errors import DiskFull, SetupError

Progress = Callable[[str, float], None]
"""Takes what is being done and the fraction done so far."""


def put_together(target: Path, name: str, build: Callable[[Path, Path], None]) -> Path:
    """Have `build` make the model: it takes a folder to work in and the one to write. Returns at once where it exists.

    Raises:
        DiskFull, SetupError: and whatever else `build` raises; nothing is left behind.
    """
    if target.exists():
        return target
    models = work = target.parent
    try:
        models.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=models, prefix=".assembling-"))
        build(work, work / "model")
        (work / "model").replace(target)
    except OSError as error:
        if error.errno in (28, 122):  # ENOSPC, EDQUOT
            raise DiskFull(f"The disk is full, so {name} could not be put together.") from error
        raise SetupError(f"{name[:1].upper()}{name[1:]} cannot be put together in {models}: {error}.") from error
    finally:
        if work != models:
            shutil.rmtree(work, ignore_errors=True)
    return target
