"""Small talk to train on: replies of ours, and the base model's own, so that learning to see costs no speech."""

from __future__ import annotations

import json
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch

from runtime.pocket.training.packing import END, HEAD, TURN

LENGTH, TOGETHER = 72, 16


def talk(model: Any, tokenizer: Any, kept: Path) -> list[tuple[str, str]]:
    """(message, reply): ours, and the untrained model's to other messages, kept in a file since it takes minutes."""
    ours = [(message, reply) for pairs in _read("replies.toml").values() for message, reply in pairs]
    if not kept.exists():
        known = {message for message, _ in ours}
        asked = [message for message in _read("chats.toml")["en"] if message not in known]
        starts = range(0, len(asked), TOGETHER)
        pairs = [pair for at in starts for pair in _replies(model, tokenizer, asked[at : at + TOGETHER])]
        kept.write_text(json.dumps(pairs, ensure_ascii=False, indent=0), encoding="utf-8")
    return [*ours, *((message, reply) for message, reply in json.loads(kept.read_text(encoding="utf-8")))]


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))


@torch.inference_mode()
def _replies(model: Any, tokenizer: Any, asked: list[str]) -> list[tuple[str, str]]:
    """Greedy replies, those that would not end left out at their last full sentence."""
    texts = [HEAD + prompt + TURN for prompt in asked]
    inputs = tokenizer(texts, return_tensors="pt", padding=True, padding_side="left", add_special_tokens=False)
    end = tokenizer.convert_tokens_to_ids(END)
    output = model.generate(
        **inputs.to(model.device), max_new_tokens=LENGTH, do_sample=False, eos_token_id=end, pad_token_id=end
    )
    replies = tokenizer.batch_decode(output[:, inputs.input_ids.shape[1] :], skip_special_tokens=True)
    whole = [reply[: reply.rfind(".") + 1].strip() or reply.strip() for reply in replies]
    return [(prompt, reply) for prompt, reply in zip(asked, whole, strict=True) if reply]
