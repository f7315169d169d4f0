"""The pocket generator: draws icons, put together once as an ordinary folder of diffusers.

all-MiniLM-L6-v2, frozen, as the encoder of words: the one that reads passages (`runtime.pocket.sentences`)
our U-Net, trained on four icon sets (`runtime.pocket.training.draw_run`), which draws with the help of a bank of
thumbnails that stays in the package (`runtime.pocket.drawing`)
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

from runtime.pocket import sentences
from runtime.pocket.assembling import Progress, put_together
from runtime.pocket.drawing.concepts import WEIGHTS as OURS
from runtime.pocket.sources import SENTENCES

PIPELINE, NETWORK = "PocketPipeline", "unet"
SIDE = 128
INDEX = {
    "_class_name": PIPELINE,
    "side": SIDE,
    "unet": ["diffusers", "UNet2DConditionModel"],
    "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
    "text_encoder": ["transformers", "BertModel"],
    "tokenizer": ["transformers", "BertTokenizer"],
}
"""What `model_index.json` says."""

WORDS = {"config.json": "text_encoder", "model.safetensors": "text_encoder"}
"""Files of the sentence encoder to where they lie; all others are the tokenizer's."""


def version() -> str:
    """Changes when anything that the assembled generator is made of changes."""
    digest = hashlib.sha256("".join(file.sha256 for file in SENTENCES).encode())
    for file in sorted(OURS.rglob("*")):
        if file.is_file():
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def folder(models: Path) -> Path:
    """Where the assembled generator lies below the data directory's `models`, in the layout of diffusers."""
    return models / f"pocket-generator-{version()}"


def assemble(models: Path, progress: Progress) -> Path:
    """Write the generator's folder; the encoder of words is fetched where it is not there. Whole or not at all.

    Returns at once where it exists.

    Raises:
        ModelNotPresent, ModelCorrupt: from fetching.
        DiskFull
    """

    def build(_: Path, out: Path) -> None:
        words = sentences.assemble(models, progress)
        out.mkdir()
        for file in words.iterdir():
            place = out / WORDS.get(file.name, "tokenizer")
            place.mkdir(exist_ok=True)
            shutil.copy(file, place)
        progress("putting the generator together", 0.9)
        shutil.copytree(OURS / NETWORK, out / NETWORK)
        (out / "scheduler").mkdir()
        scheduler = {"_class_name": "FlowMatchEulerDiscreteScheduler"}
        (out / "scheduler" / "scheduler_config.json").write_text(json.dumps(scheduler), encoding="utf-8")
        (out / "model_index.json").write_text(json.dumps(INDEX, indent=1) + "\n", encoding="utf-8")
        progress("done", 1.0)

    return put_together(folder(models), "the pocket generator", build)
