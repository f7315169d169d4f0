"""Pipelines of the hub, and the tiny autoencoders for their previews: fetched on request, never unasked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from runtime.generator import folder
from runtime.hub import download, unreachable
from runtime.vlm.loading import checkpoint_folder

TINY = ["config.json", "diffusion_pytorch_model.safetensors"]
"""What a tiny autoencoder is made of."""


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
    found = download(source, _names(source, revision), progress, revision)
    if tiny:
        name, _, its_revision = tiny.partition("@")
        download(name, TINY, progress, its_revision or None)
    progress("done", 1.0)
    return found


def _names(repository: str, revision: str | None) -> list[str]:
    from huggingface_hub import list_repo_files
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return list(folder.wanted(list_repo_files(repository, revision=revision)))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        raise unreachable(repository, error) from error
