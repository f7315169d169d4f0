"""open_clip's models by name and tag, such as "ViT-B-32:laion2b_s34b_b79k": where they lie on the hub, and here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from runtime.encoder.openclip import WEIGHTS, read_config
from runtime.errors import BadSetting
from runtime.hub import download
from runtime.vlm.loading import checkpoint_folder

FILES = [*WEIGHTS, "*.json", "*.txt", "*.model"]
"""What is fetched of a model: nothing that could run."""


def repository(name: str) -> str:
    """The hub's repository of a model and tag.

    Raises:
        BadSetting: open_clip knows no such model, or no such tag of it, or its weights lie elsewhere.
    """
    from open_clip.pretrained import get_pretrained_cfg, list_pretrained_tags_by_model

    model, _, tag = name.partition(":")
    known = [each for each in list_pretrained_tags_by_model(model) if get_pretrained_cfg(model, each).get("hf_hub")]
    if tag not in known:
        tags = f"Its tags are: {', '.join(known)}." if known else "An example is ViT-B-32:laion2b_s34b_b79k."
        raise BadSetting(f"There is no folder and no open_clip model {name!r} with weights on the hub.", hint=tags)
    return str(get_pretrained_cfg(model, tag)["hf_hub"]).rstrip("/")


def cached(name: str, hint: str) -> Path:
    """The folder of a model that was fetched before; its name is the revision.

    Raises:
        ModelNotPresent: it was not, or not wholly.
        BadSetting
    """
    folder = checkpoint_folder(repository(name), hint=hint)
    text = read_config(folder, hint).text_source
    if text:
        checkpoint_folder(text, hint=hint)
    return folder


def fetch(name: str, progress: Callable[[str, float], None]) -> Path:
    """Download a model, and the configuration of the text model that it is built on.

    Raises:
        ModelNotPresent: the hub cannot be reached, or has no weights that are loaded here.
        BadSetting
    """
    folder = download(repository(name), FILES, progress)
    text = read_config(folder, "Choose another one with `encoder`.").text_source
    if text:
        download(text, ["config.json"], progress)
    progress("done", 1.0)
    return folder
