"""Sentence models of transformers: the last layer's states, pooled, as the vector of a text.

Read from a folder as sentence-transformers writes it. Pooling is what `1_Pooling/config.json` says (mean where there
is none). What goes before a query or a passage is what `config_sentence_transformers.json` says, else what the
model's family is known for (prefixes.toml).
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from runtime.encoder.base import Vectors, failures, plain, unit
from runtime.errors import ModelCorrupt, ModelNotPresent
from runtime.importing import whole
from runtime.vlm.loading import BYTES, parameter_count

WORKSPACE = 300 * 2**20
"""Bytes beside the weights: activations of a batch, and tokenizer tables."""

MOST_TOKENS = 512
POOLINGS = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}


def dimension(folder: Path) -> int:
    """Of the model's vectors.

    Raises:
        ModelNotPresent, ModelCorrupt
    """
    file = folder / "config.json"
    if not file.is_file():
        raise ModelNotPresent(f"{folder} holds no config.json, so it is no model of transformers.")
    try:
        return int(_read(file)["hidden_size"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelCorrupt(f"{file} is no configuration of a sentence model: {error!r}.") from error


def pooling(folder: Path) -> str:
    """How states become one vector: "mean" over the text's tokens, or "cls", the first one's.

    Raises:
        ModelCorrupt: in another way.
    """
    chosen = [name for name, on in _read(folder / "1_Pooling" / "config.json").items() if on is True]
    modes = [name for name in chosen if name.startswith("pooling_mode_")]
    if not modes:
        return "mean"
    if len(modes) > 1 or modes[0] not in POOLINGS:
        raise ModelCorrupt(
            f"The model in {folder} pools by {' and '.join(modes)}, which is not supported.",
            hint="Choose a model with mean or CLS pooling, such as intfloat/multilingual-e5-small.",
        )
    return POOLINGS[modes[0]]


def prefixes(folder: Path, name: str) -> tuple[str, str]:
    """What goes before a query and before a passage.

    Args:
        folder: of the model.
        name: its hub id or its folder's.
    """
    stated = _read(folder / "config_sentence_transformers.json").get("prompts") or {}
    words = re.split(r"[^a-z0-9]+", name.lower())
    families = tomllib.loads(files("runtime.encoder").joinpath("prefixes.toml").read_text(encoding="utf-8"))
    family: dict[str, str] = next((fields for word, fields in families.items() if word in words), {})
    query = stated.get("query") or family.get("query", "")
    passage = stated.get("document") or stated.get("passage") or family.get("passage", "")
    return query, passage


def _read(file: Path) -> dict[str, Any]:
    """A JSON object; empty where there is no such file."""
    try:
        content = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    except (OSError, ValueError) as error:
        raise ModelCorrupt(f"{file} cannot be read: {error}.") from error
    return content if isinstance(content, dict) else {}


class SentenceModel:
    """A loaded model. Not for two threads at once: lease it from the pool."""

    def __init__(self, model: Any, tokenizer: Any, pool_by: str) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._pool_by = pool_by
        self._most = min(MOST_TOKENS, tokenizer.model_max_length)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One vector a text."""
        import torch

        with failures("a text"), torch.inference_mode():
            tokens = self._tokenizer(
                [plain(text) for text in texts],
                padding=True,
                truncation=True,
                max_length=self._most,
                return_tensors="pt",
            ).to(self._model.device)
            states = self._model(**tokens).last_hidden_state.float()
            if self._pool_by == "cls":
                return unit(states[:, 0].cpu().numpy())
            mask = tokens.attention_mask.unsqueeze(-1)
            return unit(((states * mask).sum(1) / mask.sum(1)).cpu().numpy())


def estimate(folder: Path, dtype: str) -> int:
    """Bytes that the model will need when loaded."""
    return parameter_count(folder) * BYTES[dtype] + WORKSPACE


def load(folder: Path, device: str, dtype: str, threads: int | None = None) -> SentenceModel:
    """Load a model and its tokenizer. Needs torch and seconds; fetches nothing, runs no code of the folder.

    Raises:
        ModelCorrupt: the files are there and cannot be loaded.
    """
    import torch
    from safetensors import SafetensorError

    whole("transformers")
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    if threads:
        torch.set_num_threads(threads)
    here = {"local_files_only": True, "trust_remote_code": False}
    pool_by = pooling(folder)
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, **here)
        model = AutoModel.from_pretrained(folder, dtype=getattr(torch, dtype), use_safetensors=True, **here)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelCorrupt(f"The model in {folder} cannot be loaded: {error}.") from error
    return SentenceModel(model.to(device).eval(), tokenizer, pool_by)
