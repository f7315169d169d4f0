"""Where on a picture a reply came from, on a tiny model of the pocket preset's class."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from runtime.vlm.attribution import _carried, attribution
from runtime.vlm.base import Part
from runtime.vlm.engine import VisionEngine
from runtime.vlm.loading import load_engine
from tests.runtime import tiny


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> VisionEngine:
    folder: Path = tmp_path_factory.mktemp("fast_vlm")
    tiny.fast_vlm(folder)
    return load_engine(folder, "cpu", "float32", pack=False)  # packed weights are steps, which differences stumble over


def parts(*keys: str) -> list[Part]:
    noise = [Image.effect_noise((64, 64), 90).convert("RGB") for _ in keys]
    return [*(Part(image=image, key=key) for image, key in zip(noise, keys, strict=True)), Part(text="What is it?")]


def test_a_map_has_a_value_for_each_visual_token(engine: VisionEngine) -> None:
    heat = attribution(engine, engine.prompter.prompt([("user", parts("a"))]), "A dog")
    assert heat is not None
    assert [len(row) for row in heat] == [2, 2]
    assert max(map(max, heat)) == 1.0
    assert min(map(min, heat)) >= 0.0


def test_it_is_the_first_order_change_of_the_replys_likelihood(engine: VisionEngine) -> None:
    """Making the visual tokens a little smaller changes the log-likelihood by as much as the map's sum says."""
    prompt = engine.prompter.prompt([("user", parts("a"))])
    reply = engine.prompter.words("A dog")
    carried = _carried(engine, prompt, reply).sum()
    projector = engine.model.base_model.multi_modal_projector

    def likelihood(scale: float) -> float:
        hook = projector.register_forward_hook(lambda _, __, output: output * scale)
        ids = torch.cat([prompt.inputs["input_ids"], torch.tensor([reply])], 1)
        with torch.inference_mode():
            inputs = prompt.inputs | {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
            logits = engine.model(**inputs).logits[0, prompt.length - 1 : -1]
        hook.remove()
        return float(logits.double().log_softmax(-1)[range(len(reply)), reply].sum())

    step = 1e-2
    assert carried == pytest.approx((likelihood(1 + step) - likelihood(1 - step)) / (2 * step), rel=0.02)


@pytest.mark.parametrize("conversation", [parts("a", "b"), [Part(text="Hello")]], ids=["two pictures", "none"])
def test_there_is_no_map_without_one_grid(engine: VisionEngine, conversation: list[Part]) -> None:
    assert attribution(engine, engine.prompter.prompt([("user", conversation)]), "A dog") is None


def test_an_empty_reply_came_from_nowhere(engine: VisionEngine) -> None:
    assert attribution(engine, engine.prompter.prompt([("user", parts("a"))]), "") is None


def test_the_model_is_left_as_it_was(engine: VisionEngine) -> None:
    prompt = engine.prompter.prompt([("user", parts("a"))])
    first = attribution(engine, prompt, "A dog")
    again = attribution(engine, prompt, "A dog")
    assert first is not None
    assert first == again
    assert all(parameter.grad is None for parameter in engine.model.parameters())
