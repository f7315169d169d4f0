"""Tiny random-weight encoders in the layouts of the real ones, saved with their tokenizers; nothing is downloaded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import open_clip
import torch
from safetensors.torch import save_file
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaModel

from tests.runtime.tiny import tokenizer

VIT = {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8}
SQUASH = {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bilinear", "resize_mode": "squash"}


def vit(folder: Path) -> None:
    """The laptop preset's kind: open_clip's own towers and tokenizer."""
    text = {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 2}
    _save(folder, {"embed_dim": 24, "vision_cfg": VIT, "text_cfg": text}, {})


def convolutional(folder: Path) -> None:
    """The pocket encoder's kind: a convolutional timm tower, a tokenizer of transformers."""
    text = {
        "context_length": 24,
        "vocab_size": len(words()),
        "width": 16,
        "heads": 2,
        "layers": 2,
        "no_causal_mask": True,
        "pool_type": "last",
        "hf_tokenizer_name": "somebody/something",
        "tokenizer_kwargs": {"clean": "canonicalize"},
    }
    vision = {"timm_model_name": "test_efficientnet", "timm_pool": "avg", "timm_proj": "linear", "image_size": 64}
    words().save_pretrained(folder)
    _save(folder, {"embed_dim": 24, "custom_text": True, "vision_cfg": vision, "text_cfg": text}, SQUASH)


def multilingual(folder: Path) -> None:
    """The kind for Chinese: a text tower of transformers, whose configuration lies in a folder of its own."""
    text = {"hf_model_name": "text", "hf_tokenizer_name": "text", "hf_pooler_type": "mean_pooler", "context_length": 40}
    roberta().save_pretrained(folder / "text")
    words().save_pretrained(folder)
    _save(folder, {"embed_dim": 24, "vision_cfg": VIT, "text_cfg": text}, {})


def sentences(folder: Path) -> None:
    """A sentence model as e5 is: mean pooling."""
    XLMRobertaModel(roberta()).save_pretrained(folder)
    words().save_pretrained(folder)


BUILDERS: dict[str, Callable[[Path], None]] = {
    "vit": vit,
    "convolutional": convolutional,
    "multilingual": multilingual,
    "sentences": sentences,
}


def build(name: str, folder: Path) -> Path:
    """Save the encoder of that name, the same weights every time."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    BUILDERS[name](folder)
    return folder


def words() -> PreTrainedTokenizerFast:
    """A tokenizer that frames every text."""
    made = tokenizer([])
    made.model_max_length = 60
    frame = {name: made.convert_tokens_to_ids(name) for name in ("<|im_start|>", "<|im_end|>")}
    made.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|im_start|> $A <|im_end|>", special_tokens=list(frame.items())
    )
    return made


def roberta() -> XLMRobertaConfig:
    return XLMRobertaConfig(
        vocab_size=len(words()),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=64,
        pad_token_id=words().pad_token_id,
    )


def _save(folder: Path, model_cfg: dict[str, Any], preprocess_cfg: dict[str, Any]) -> None:
    config = {"model_cfg": model_cfg, "preprocess_cfg": preprocess_cfg}
    (folder / "open_clip_config.json").write_text(json.dumps(config), encoding="utf-8")
    text = dict(model_cfg["text_cfg"])
    if "hf_model_name" in text:
        text["hf_model_name"] = str(folder / text["hf_model_name"])
    cfg = {**model_cfg, "text_cfg": {**text, "hf_model_pretrained": False}}
    custom = cfg.pop("custom_text", "hf_model_name" in text)
    model = (open_clip.CustomTextCLIP if custom else open_clip.CLIP)(**cfg)
    weights = {name: value.contiguous().clone() for name, value in model.state_dict().items()}
    save_file(weights, folder / "open_clip_model.safetensors")
