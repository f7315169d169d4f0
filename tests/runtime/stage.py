"""A tiny model of any class behind the chat model, with three pictures to ask about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from langchain_core.messages import HumanMessage
from PIL import Image

from runtime.pool import ModelPool, ModelSpec
from runtime.vlm.chat import LocalVisionChatModel
from runtime.vlm.loading import estimate, load_engine


def picture(seed: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 255, (70 + 10 * seed, 100, 3), dtype=np.uint8))


PICTURES = {"a": picture(0), "b": picture(1), "c": picture(2)}


def open_model(pool: ModelPool, folder: Path, dtype: str = "float32", **fields: Any) -> LocalVisionChatModel:
    spec = ModelSpec(
        f"{folder} {dtype}", "vlm", lambda: estimate(folder, dtype), lambda: load_engine(folder, "cpu", dtype)
    )
    return LocalVisionChatModel(pool=pool, spec=spec, load_image=PICTURES.__getitem__, max_new_tokens=12, **fields)


def ask(words: str, *keys: str) -> HumanMessage:
    return HumanMessage([*({"type": "image", "file_id": key} for key in keys), {"type": "text", "text": words}])
