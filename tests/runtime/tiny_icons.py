"""A few made-up icons as `runtime.pocket.training.draw_icons.prepare` leaves them, and a tiny pipeline over them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from runtime.pocket.drawing.concepts import STYLES
from runtime.pocket.drawing.network import WORD_DIMENSION, build
from runtime.pocket.drawing.pipeline import PocketPipeline
from runtime.pocket.drawing.sampling import scheduler

NAMES = ("dog", "cat", "red apple", "top hat", "sun", "whale", "ring", "tree")


def prepared(folder: Path) -> Path:
    """The two files of a prepared folder: blocks of one colour, another one for each thing."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [{"name": name, "emoji": name[0], "keywords": [], "chinese": []} for name in NAMES]
    (folder / "concepts.json").write_text(json.dumps(rows), encoding="utf-8")
    tables = {}
    for at, style in enumerate(STYLES):
        table = torch.zeros(len(NAMES), 128, 128, 4, dtype=torch.uint8)
        for number in range(len(NAMES)):
            table[number, 20 : 108 - 4 * at, 20:108] = torch.tensor([30 * number, 200 - 20 * number, 60 * at, 255])
        tables[style] = table
    save_file(tables, folder / "icons.safetensors")
    return folder


def network() -> Any:
    """A network of few weights, none of them zero."""
    torch.manual_seed(0)
    unet = build((16, 16, 16))
    torch.nn.init.normal_(unet.conv_out.weight, std=0.05)
    return unet.eval()


def pipeline() -> PocketPipeline:
    """With a sentence encoder of one layer, random too."""
    from transformers import BertConfig, BertModel, BertTokenizer

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "icon", "of", "cat", "red", "apple", "blue"]
    tokenizer = BertTokenizer(vocab={word: number for number, word in enumerate(words)})
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=WORD_DIMENSION,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
    )
    torch.manual_seed(0)
    made = PocketPipeline(network(), scheduler(), BertModel(config).eval(), tokenizer)
    made.set_progress_bar_config(disable=True)
    return made
