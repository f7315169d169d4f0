"""A folder in diffusers' layout, read without loading it: which pipeline, whether it is whole, how large it will be."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.errors import ModelCorrupt, ModelNotPresent
from runtime.generator.orders import Sizes
from runtime.vlm.loading import BYTES

INDEX = "model_index.json"
POCKET = "PocketPipeline"
WEIGHTS = re.compile(r"(diffusion_pytorch_)?model(?P<half>\.fp16)?(-\d+-of-\d+)?\.safetensors")
"""The names of the files that a component's weights are loaded from."""

CHECKER = "safety_checker"

WORKSPACE = 300 * 2**20
"""Bytes beside the weights that do not grow with the picture: text, denoiser, tables."""

NUMBERS_PER_PIXEL = 8
"""For each channel of the decoder's last block, kept at once while it makes a picture: measured at 512 pixels."""


@dataclass(frozen=True)
class Layout:
    """What a folder holds.

    Attributes:
        folder: where it lies.
        pipeline: the name of the pipeline's class.
        half: whether its weights are those stored in 16 bits, in files that say so.
        checks: whether it has an image checker.
        sizes: what pictures it can draw.
        parameters: of each of its models.
        channels: of the decoder's last block, in which a picture takes the most memory.
    """

    folder: Path
    pipeline: str
    half: bool
    checks: bool
    sizes: Sizes
    parameters: tuple[int, ...]
    channels: int

    @property
    def icons(self) -> bool:
        """Whether it is our own, which draws icons."""
        return self.pipeline == POCKET

    def estimate(self, dtype: str, *, one_at_a_time: bool = False) -> int:
        """Bytes needed to draw a picture of the usual size, with all models on the device or only the one at work."""
        weights = max(self.parameters) if one_at_a_time else sum(self.parameters)
        pixels = self.sizes.usual**2
        return (weights + NUMBERS_PER_PIXEL * self.channels * pixels) * BYTES[dtype] + WORKSPACE


def read(folder: Path, hint: str = "") -> Layout:
    """What the folder holds.

    Raises:
        ModelNotPresent: a part of it is missing.
        ModelCorrupt: it is no pipeline, or holds weights or code that are never loaded here.
    """
    index = _json(folder / INDEX, hint)
    name = index.get("_class_name")
    if not isinstance(name, str) or any(folder.rglob("*.py")):
        raise ModelCorrupt(f"The model in {folder} needs program code of its own, which is never run.")
    parts = {
        part: folder / part
        for part, source in index.items()
        if isinstance(source, list) and len(source) == 2 and source[1] is not None
    }
    for place in parts.values():
        if not place.is_dir():
            raise ModelNotPresent(f"The model in {folder} lacks its {place.name}.", hint=hint)
    configs = {part: _json(place / "config.json", hint) for part, place in parts.items() if _is_model(place)}
    if not configs:
        raise ModelCorrupt(f"The model in {folder} has no weights.")
    weights = [_weights(parts[part], hint) for part in configs]
    return Layout(
        folder=folder,
        pipeline=name,
        half=any(_is_half(file) for files in weights for file in files),
        checks=CHECKER in configs,
        sizes=_sizes(index, configs),
        parameters=tuple(sum(_parameters(file) for file in files) for files in weights),
        channels=_channels(configs)[0],
    )


def draws_icons(folder: Path) -> bool:
    """Whether the folder, if it is one, holds our own pipeline."""
    return (folder / INDEX).is_file() and _json(folder / INDEX, "").get("_class_name") == POCKET


def _is_model(place: Path) -> bool:
    return (place / "config.json").is_file()


def _is_half(file: Path) -> bool:
    found = WEIGHTS.fullmatch(file.name)
    return found is not None and found["half"] is not None


def _weights(place: Path, hint: str) -> list[Path]:
    """The files of one component: those in 16 bits where there are any."""
    files = sorted(file for file in place.iterdir() if WEIGHTS.fullmatch(file.name))
    if not files:
        others = [file.name for file in place.iterdir() if file.suffix in (".bin", ".ckpt", ".pt", ".onnx")]
        if others:
            raise ModelCorrupt(f"{place} holds {others[0]}: weights are loaded from safetensors files only.")
        raise ModelNotPresent(f"{place} holds no weights.", hint=hint)
    return [file for file in files if _is_half(file)] or files


def _parameters(file: Path) -> int:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="np") as tensors:
            return sum(math.prod(tensors.get_slice(name).get_shape()) for name in tensors.keys())  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ModelCorrupt(f"{file} is damaged: {error}.") from error


def _sizes(index: dict[str, Any], configs: dict[str, dict[str, Any]]) -> Sizes:
    """From the configuration of autoencoder and denoiser, as the pipelines themselves work it out."""
    if index["_class_name"] == POCKET:
        side = int(index["side"])
        return Sizes(side, side, side, side)
    scale = 2 ** (len(_channels(configs)) - 1)
    denoiser = configs.get("unet") or configs.get("transformer") or {}
    latents = denoiser.get("sample_size") or 1024 // scale
    usual = scale * int(latents[0] if isinstance(latents, list) else latents)
    unit = scale if "unet" in configs else 2 * scale  # a transformer takes latents in patches of 2×2
    return Sizes(usual, unit, min(usual, 8 * unit), 2 * usual)


def _channels(configs: dict[str, dict[str, Any]]) -> list[int]:
    """Of the autoencoder's blocks, from the picture inwards."""
    config = configs.get("vae", {})
    names = ("block_out_channels", "decoder_block_out_channels")
    return next((list(config[name]) for name in names if name in config), [128, 256, 512, 512])


def _json(file: Path, hint: str) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelNotPresent(f"{file.parent} has no {file.name}, so it holds no pipeline.", hint=hint) from error
    except (OSError, ValueError) as error:
        raise ModelCorrupt(f"{file} cannot be read: {error}.") from error
    if not isinstance(content, dict):
        raise ModelCorrupt(f"{file} is not what it should be.")
    return content


def wanted(names: list[str]) -> Iterator[str]:
    """Of a repository's files, those that are loaded: 16-bit weights where there are any, nothing that could run."""
    plain = {".json", ".txt", ".model", ".jinja"}
    paths = [Path(name) for name in names if len(Path(name).parts) == 2]
    halves = {path.parent for path in paths if _is_half(path)}
    for path in paths:
        weights = WEIGHTS.fullmatch(path.name)
        if path.suffix in plain or (weights and (_is_half(path) or path.parent not in halves)):
            yield path.as_posix()
    if INDEX in names:
        yield INDEX
