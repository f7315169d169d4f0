"""Pipelines of the hub, and the tiny autoencoders for their previews: fetched on request, never unasked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from runtime.errors import ModelNotPresent
from runtime.generator import folder
from runtime.vlm.loading import checkpoint_folder


def cached(source: str, revision: str | None, tiny: str | None, hint: str) -> Path:
    """The folder of a pipeline that was fetched before, with its tiny autoencoder.

    Raises:
        ModelNotPresent, ModelCorrupt
    """
    found = checkpoint_folder(source, revision, hint=hint)
    folder.read(found, hint)
    if tiny:
        preview(tiny, hint)
    return found


def preview(tiny: str, hint: str = "") -> Path:
    """The folder of a tiny autoencoder, written as name@revision.

    Raises:
        ModelNotPresent
    """
    name, _, revision = tiny.partition("@")
    return checkpoint_folder(name, revision or None, hint=hint)


def fetch(source: str, revision: str | None, tiny: str | None, progress: Callable[[str, float], None]) -> Path:
    """Download a pipeline and its tiny autoencoder: configuration, tokenizers and safetensors, no code.

    Raises:
        ModelNotPresent: the hub cannot be reached, or has no such model.
    """
    if Path(source).is_dir():
        return Path(source)
    progress(f"fetching {source}", 0.0)
    found = _download(source, revision)
    if tiny:
        name, _, its_revision = tiny.partition("@")
        progress(f"fetching {name}", 0.9)
        _download(name, its_revision or None, whole=False)
    progress("done", 1.0)
    return found


def _download(repository: str, revision: str | None, *, whole: bool = True) -> Path:
    from huggingface_hub import list_repo_files, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        names = ["config.json", "diffusion_pytorch_model.safetensors"]
        if whole:
            names = list(folder.wanted(list_repo_files(repository, revision=revision)))
        return Path(snapshot_download(repository, revision=revision, allow_patterns=names))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        raise ModelNotPresent(
            f"The model {repository} could not be fetched: {str(error).splitlines()[0]}",
            hint="Check the name and the connection; the pocket preset needs neither.",
        ) from error
