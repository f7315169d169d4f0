"""Bringing a repository of the hub to this machine, with its progress in bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from runtime.errors import ModelNotPresent
from runtime.hardware import readable

Progress = Callable[[str, float], None]


def download(repository: str, files: Sequence[str], progress: Progress, revision: str | None = None) -> Path:
    """Fetch the files that fit the patterns, and return their folder; what is here already is not fetched again.

    Args:
        repository: its id.
        files: patterns of names.
        progress: told how far it has come, from several threads at once. What it raises ends the download.
        revision: a branch, tag or commit.

    Raises:
        ModelNotPresent: the hub cannot be reached, or has no such repository.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    progress(f"fetching {repository}", 0.0)
    bar = _bar(repository, progress)
    try:
        return Path(snapshot_download(repository, revision=revision, allow_patterns=list(files), tqdm_class=bar))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        raise unreachable(repository, error) from error


def unreachable(repository: str, error: Exception) -> ModelNotPresent:
    """What is said of a repository that could not be fetched."""
    return ModelNotPresent(
        f"The model {repository} could not be fetched: {str(error).splitlines()[0]}",
        hint="Check the name and the connection; the pocket preset needs neither.",
    )


def _bar(repository: str, progress: Progress) -> type[Any]:
    """A progress bar that draws nothing and tells `progress` of the bytes that are written."""
    from huggingface_hub.utils.tqdm import tqdm

    class Bar(tqdm):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options | {"disable": True})  # type: ignore[no-untyped-call]
            self.counts = options.get("unit") == "B" and "Reconstructing" in str(options.get("desc"))
            self.furthest = 0.0

        def update(self, n: float | None = 1) -> None:
            self.n += n or 0
            if self.counts and self.total:  # which grows with every file that is begun
                self.furthest = max(self.furthest, min(1.0, self.n / self.total))
                told = f"fetching {repository}: {readable(int(self.n))} of {readable(int(self.total))}"
                progress(told, self.furthest)

    return Bar
