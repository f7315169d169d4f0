"""CLIP models in open_clip's folder layout: open_clip_config.json, weights as safetensors, a tokenizer where needed.

A model of the hub lies in such a folder too, so there is one way to load them all, and it fetches nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.encoder.base import Vectors, failures, plain, unit
from runtime.errors import ModelCorrupt, ModelNotPresent
from runtime.vlm.loading import BYTES, checkpoint_folder, parameter_count

if TYPE_CHECKING:
    import torch
    from PIL import Image

CONFIG = "open_clip_config.json"
WEIGHTS = ("open_clip_model.safetensors", "open_clip_pytorch_model.safetensors")
WORKSPACE = 300 * 2**20
"""Bytes beside the weights: activations of a batch, and tokenizer tables."""

MOST_CHARACTERS = 2_000
"""More than any context holds. open_clip's own tokenizer needs time that grows with the square of a word's length."""

OUR_TOWERS = "vistalk_"
"""How the names of vision towers begin that runtime.pocket.pooled makes known to timm."""

Prepare = Callable[[Sequence["Image.Image"]], "torch.Tensor"]


@dataclass(frozen=True)
class Config:
    """What a folder's configuration says: of the two towers, of the preparation of pictures, of the vectors."""

    vision: dict[str, Any]
    text: dict[str, Any]
    preprocess: dict[str, Any]
    dimension: int

    @property
    def text_source(self) -> str:
        """The transformers model that the text tower is built like: a folder in the model's, a hub id, or ""."""
        return str(self.text.get("hf_model_name") or "")

    @property
    def timm_tower(self) -> str:
        """The timm model that the vision tower is, or ""."""
        return str(self.vision.get("timm_model_name") or "")


def read_config(folder: Path, hint: str = "") -> Config:
    """The folder's configuration.

    Raises:
        ModelNotPresent: there is none, or there are no weights beside it.
        ModelCorrupt: it is not what open_clip writes.
    """
    file = folder / CONFIG
    if not file.is_file():
        raise ModelNotPresent(f"{folder} holds no {CONFIG}, so it is no open_clip model.", hint=hint)
    if not any((folder / name).is_file() for name in WEIGHTS):
        raise ModelNotPresent(f"{folder} holds no {WEIGHTS[0]}; other kinds of weights are not loaded.", hint=hint)
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        model = content["model_cfg"]
        preprocess = dict(content.get("preprocess_cfg") or {})
        return Config(dict(model["vision_cfg"]), dict(model["text_cfg"]), preprocess, int(model["embed_dim"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelCorrupt(f"{file} is not an open_clip configuration: {error!r}.") from error


def preparation(config: Config) -> Prepare:
    """How pictures become the model's pixels (n, 3, height, width), as open_clip does it.

    Raises:
        ModelCorrupt: the configuration asks for what open_clip does not know.
    """
    import torch
    from open_clip.transform import PreprocessCfg, image_transform_v2, merge_preprocess_dict

    size = config.vision.get("image_size", 224)
    merged = merge_preprocess_dict(asdict(PreprocessCfg()), {**config.preprocess, "size": size})
    try:
        transform = image_transform_v2(PreprocessCfg(**merged), is_train=False)
    except (AssertionError, TypeError, ValueError) as error:
        raise ModelCorrupt(f"The preprocess_cfg of a model cannot be used: {error!r}.") from error

    def prepare(images: Sequence[Image.Image]) -> torch.Tensor:
        with failures("a picture"):
            return torch.stack([transform(image.convert("RGB")) for image in images])

    return prepare


class OpenClipModel:
    """A loaded model. Not for two threads at once: lease it from the pool."""

    def __init__(self, model: Any, tokenizer: Callable[[list[str]], torch.Tensor], channels_last: bool) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._channels_last = channels_last

    def encode_pixels(self, pixels: torch.Tensor) -> Vectors:
        """One vector for each of the prepared pictures (n, 3, height, width)."""
        import torch

        form = torch.channels_last if self._channels_last else torch.contiguous_format
        with failures("a picture"), torch.inference_mode():
            weight = next(self._model.parameters())
            vectors = self._model.encode_image(pixels.to(weight.device, weight.dtype, memory_format=form))
            return unit(vectors.float().cpu().numpy())

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """One vector a text."""
        import torch

        short = [" ".join(plain(text).split())[:MOST_CHARACTERS] for text in texts]
        with failures("a text"), torch.inference_mode():
            tokens = self._tokenizer(short).to(next(self._model.parameters()).device)
            return unit(self._model.encode_text(tokens).float().cpu().numpy())


def estimate(folder: Path) -> int:
    """Bytes needed at most: the weights pass through float32 while they are loaded, whatever they become."""
    return parameter_count(folder) * BYTES["float32"] + WORKSPACE


def load(folder: Path, device: str, dtype: str, threads: int | None = None) -> OpenClipModel:
    """Load a model and its tokenizer. Needs torch, open_clip and seconds; fetches nothing, runs no code of the folder.

    Raises:
        ModelNotPresent: a file is missing.
        ModelCorrupt: the files are there and cannot be loaded.
    """
    import open_clip
    import torch
    from safetensors import SafetensorError

    config = read_config(folder)
    tower = config.timm_tower
    if tower.startswith(OUR_TOWERS):
        import runtime.pocket.pooled  # noqa: F401  makes them known
    if ":" in tower:
        raise ModelCorrupt(f"The model in {folder} names a vision tower that would be fetched: {tower}.")
    if threads:
        torch.set_num_threads(threads)
    try:
        model = open_clip.create_model(f"local-dir:{folder}", pretrained_text=False, **_text_tower(folder, config))
        tokenizer = open_clip.get_tokenizer(f"local-dir:{folder}", **_tokenizer_options(config))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, SafetensorError) as error:
        raise ModelCorrupt(f"The model in {folder} cannot be loaded: {error}.") from error
    model = model.to(device, getattr(torch, dtype)).eval()
    if tower:
        model.visual.to(memory_format=torch.channels_last)
    return OpenClipModel(model, tokenizer, channels_last=bool(tower))


def _text_tower(folder: Path, config: Config) -> dict[str, Any]:
    """What open_clip is told so that it builds a text tower of transformers from files that are here."""
    source = config.text_source
    if not source:
        return {}
    inner = folder / source
    place = inner if inner.is_dir() else checkpoint_folder(source)
    return {"text_cfg": {**config.text, "hf_model_name": str(place), "hf_model_pretrained": False}}


def _tokenizer_options(config: Config) -> dict[str, Any]:
    """For a tokenizer of transformers; a folder's own options could else let it run code."""
    named = config.text.get("hf_tokenizer_name")
    return {"trust_remote_code": False, "local_files_only": True} if named else {}
