"""From a hub id or a folder to a loaded engine: safetensors only, no code from the checkpoint, nothing fetched."""

from __future__ import annotations

import json
import logging
import math
import struct
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.errors import ModelCorrupt, ModelNotPresent
from runtime.hub import download
from runtime.importing import whole

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from runtime.vlm.engine import VisionEngine

logger = logging.getLogger(__name__)

BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
FILES = ["*.safetensors", "*.json", "*.jinja", "*.txt", "*.model"]
"""What is fetched of a hub model: nothing that could run."""

WORKSPACE = 400 * 2**20
"""Bytes beside the weights: activations, key-value caches, the processor and its tables."""

PACKED_BYTES = 2.5
"""A weight's, where the language model is kept in 8 bits too: as it was packed, and as the product's code lays it."""


def checkpoint_folder(source: str, revision: str | None = None, *, hint: str = "") -> Path:
    """The folder of a local path, or of a hub model that was fetched before.

    Raises:
        ModelNotPresent: neither is on this machine.
    """
    if Path(source).is_dir():
        return Path(source)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(snapshot_download(source, revision=revision, local_files_only=True))
    except (LocalEntryNotFoundError, ValueError, OSError) as error:
        raise ModelNotPresent(f"The model {source} is not on this machine.", hint=hint) from error


def whole_checkpoint(source: str, revision: str | None = None, *, hint: str = "") -> Path:
    """`checkpoint_folder`; of a hub model only with all of its weights: a download may have ended in the middle.

    Raises:
        ModelNotPresent, ModelCorrupt
    """
    folder = checkpoint_folder(source, revision, hint=hint)
    if Path(source).is_dir():
        return folder
    index = folder / "model.safetensors.index.json"
    try:
        shards = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()) if index.exists() else set()
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise ModelCorrupt(f"{index} cannot be read: {error}.") from error
    if not all((folder / shard).exists() for shard in shards) or not any(folder.glob("*.safetensors")):
        raise ModelNotPresent(f"Not all of the model {source} is on this machine.", hint=hint)
    return folder


def fetch_checkpoint(source: str, revision: str | None, progress: Callable[[str, float], None]) -> Path:
    """Download a hub model: weights as safetensors, configuration and tokenizer, no code.

    Raises:
        ModelNotPresent: the hub cannot be reached, or has no such model.
    """
    if Path(source).is_dir():
        return Path(source)
    folder = download(source, FILES, progress, revision)
    progress("done", 1.0)
    return folder


def parameter_count(folder: Path) -> int:
    """Parameters in a checkpoint, read from the safetensors headers alone.

    Raises:
        ModelNotPresent: there are no safetensors files.
        ModelCorrupt: a header that cannot be read.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise ModelNotPresent(f"{folder} holds no safetensors weights.")
    return sum(_parameters(file) for file in files)


def _parameters(file: Path) -> int:
    try:
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            header = json.loads(stream.read(length)) if length < file.stat().st_size else None
    except (struct.error, ValueError) as error:
        raise ModelCorrupt(f"{file} is damaged: {error}.") from error
    if header is None:
        raise ModelCorrupt(f"{file} is shorter than it says.")
    return sum(math.prod(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__")


def estimate(folder: Path, dtype: str) -> int:
    """Bytes that the model will need when loaded."""
    count = parameter_count(folder)
    return int(count * (BYTES[dtype] + (PACKED_BYTES if packs(folder) else 0))) + WORKSPACE


def packs(folder: Path) -> bool:
    """Whether a checkpoint's language model runs with packed weights on a processor: that of the pocket model does."""
    file = folder / "config.json"
    config: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {"model_type": ""}
    return bool(config["model_type"] == "fast_vlm") and config["text_config"]["model_type"] == "llama"


def computes_packed(folder: Path, device: str) -> bool:
    """Whether `load_engine` would pack that language model's weights here."""
    import torch

    fast = torch.backends.cpu.get_cpu_capability().startswith("AVX")  # others have no fast code for the packed product
    return device == "cpu" and fast and packs(folder)


def load_engine(
    folder: Path, device: str, dtype: str, threads: int | None = None, *, pack: bool = True
) -> VisionEngine:
    """Load model and processor. Needs torch, transformers and seconds.

    Without `pack` the language model computes in `dtype` also where packed weights are faster.

    Raises:
        ModelCorrupt: the files are there and cannot be loaded.
    """
    import torch
    from safetensors import SafetensorError

    whole("transformers")
    from transformers import AutoModelForImageTextToText, AutoProcessor
    from transformers.utils import logging

    from runtime.confidence import read_curve
    from runtime.pocket.naming import has_head, picture_hints
    from runtime.vlm.engine import VisionEngine

    curve = read_curve(folder)
    logging.disable_progress_bar()
    if threads:
        torch.set_num_threads(threads)
    if has_head(folder):
        import runtime.pocket.tower  # noqa: F401  makes our vision tower known to timm
    try:
        processor = AutoProcessor.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        model = AutoModelForImageTextToText.from_pretrained(
            folder,
            dtype=getattr(torch, dtype),
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
        )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelCorrupt(f"The model in {folder} cannot be loaded: {error}.") from error
    model = model.to(device).eval()
    if pack and computes_packed(folder, device):
        _pack(model, threads or torch.get_num_threads())
    return VisionEngine(model, processor, picture_hints(folder, model, processor), curve)


def _pack(model: PreTrainedModel, threads: int) -> None:
    """Give the model packed weights; where that cannot be done well, it stays as it is."""
    try:
        from runtime.vlm.fast.language import use_packed

        use_packed(model, threads)
    except Exception as error:  # ONNX Runtime's have no class in common
        logger.warning("The language model runs without packed weights, for they cannot be used: %s", error)
