"""The gradient attack, with a tiny model of every class of the presets: within its bound, and worse for the answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from PIL import Image

from runtime.errors import GenerationFailed
from runtime.vlm.base import Part
from runtime.vlm.chat import LocalVisionChatModel
from runtime.vlm.engine import VisionEngine
from runtime.vlm.gradient import attacked
from tests.runtime.stage import PICTURES, ask

WORDS, ANSWER = "What is in the picture?", "A dog runs."


def values(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture, np.int64)


def loss(engine: VisionEngine, pictures: Sequence[Image.Image]) -> float:
    """The answer's, with pictures processed as any upload is."""
    parts = [Part(image=picture, key=str(number)) for number, picture in enumerate(pictures)]
    inputs = dict(engine.prompter.prompt([("user", [*parts, Part(text=WORDS)])]).inputs)
    answer, length = engine.prompter.words(ANSWER), inputs["input_ids"].shape[1]
    inputs["input_ids"] = torch.cat([inputs["input_ids"], torch.tensor([answer])], 1)
    inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
    if "mm_token_type_ids" in inputs:
        inputs["mm_token_type_ids"] = torch.nn.functional.pad(inputs["mm_token_type_ids"], (0, len(answer)))
    with torch.no_grad():
        logits = engine.model(**inputs, use_cache=False).logits[0, length - 1 : -1]
    return float(torch.nn.functional.cross_entropy(logits, torch.tensor(answer)))


@pytest.mark.parametrize(("epsilon", "steps"), [(1, 1), (4, 3), (16, 10)])
def test_no_value_moves_further_than_epsilon_and_the_answer_becomes_less_likely(
    model: LocalVisionChatModel, epsilon: int, steps: int
) -> None:
    model.invoke([ask("Something else first.", "a")])  # which must leave nothing behind
    clean = PICTURES["b"]
    with model.pool.lease(model.spec) as engine:
        (changed,) = attacked(engine, [clean], WORDS, ANSWER, epsilon=epsilon, steps=steps)
        before, after = loss(engine, [clean]), loss(engine, [changed])
    moved = np.abs(values(changed) - values(clean))
    assert (changed.size, changed.mode) == (clean.size, "RGB")
    assert 0 < moved.max() <= epsilon
    assert after > before


def test_bounds_hold_at_black_and_white(model: LocalVisionChatModel) -> None:
    extreme = Image.fromarray(np.random.default_rng(0).integers(0, 2, (64, 64, 3), np.uint8) * 255)
    with model.pool.lease(model.spec) as engine:
        (changed,) = attacked(engine, [extreme], WORDS, ANSWER, epsilon=8, steps=2)
    moved = values(changed) - values(extreme)
    assert np.abs(moved).max() <= 8  # nothing went over an edge, which would come back at the other


def test_the_same_attack_twice_is_the_same(model: LocalVisionChatModel) -> None:
    with model.pool.lease(model.spec) as engine:
        one, two = (attacked(engine, [PICTURES["a"]], WORDS, ANSWER, epsilon=4, steps=2)[0] for _ in range(2))
    assert one.tobytes() == two.tobytes()


def test_several_pictures_are_changed_together(model: LocalVisionChatModel) -> None:
    clean = [PICTURES["a"], PICTURES["c"]]
    with model.pool.lease(model.spec) as engine:
        changed = attacked(engine, clean, WORDS, ANSWER, epsilon=2, steps=2)
        assert loss(engine, changed) > loss(engine, clean)
    for one, other in zip(changed, clean, strict=True):
        assert 0 < np.abs(values(one) - values(other)).max() <= 2


def test_a_processor_that_lets_no_gradient_through_is_named(
    model: LocalVisionChatModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    with model.pool.lease(model.spec) as engine:
        process = engine.prompter._process
        monkeypatch.setattr(
            engine.prompter,
            "_process",
            lambda *given: {name: value.detach() for name, value in process(*given).items()},
        )
        with pytest.raises(GenerationFailed, match="no gradient"):
            attacked(engine, [PICTURES["a"]], WORDS, ANSWER, epsilon=1, steps=1)
