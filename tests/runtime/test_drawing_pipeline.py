"""The pocket generator's pipeline with tiny random weights: seeds, previews, hints, saving and loading."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from runtime.errors import BadOrder
from runtime.pocket.drawing.network import clean
from runtime.pocket.drawing.pipeline import PocketPipeline
from tests.runtime.tiny_icons import network, pipeline


@pytest.fixture(scope="module")
def pipe() -> PocketPipeline:
    return pipeline()


def drawn(pipe: PocketPipeline, prompt: str, seed: int = 0, **options: Any) -> Image.Image:
    made = pipe(prompt, generator=torch.Generator().manual_seed(seed), **{"num_inference_steps": 3, **options})
    (image,) = made.images
    assert isinstance(image, Image.Image)
    return image


def difference(one: Image.Image, other: Image.Image) -> float:
    return float(np.abs(np.asarray(one, int) - np.asarray(other, int)).mean())


def test_the_same_seed_gives_the_same_bytes_and_another_one_another_picture(pipe: PocketPipeline) -> None:
    first = drawn(pipe, "a red apple")
    assert (first.size, first.mode) == ((128, 128), "RGB")
    assert drawn(pipe, "a red apple").tobytes() == first.tobytes()
    assert difference(drawn(pipe, "a red apple", seed=1), first) > 1
    assert difference(drawn(pipe, "a cat"), first) > 1


def test_every_step_shows_a_preview_and_the_last_is_the_picture(pipe: PocketPipeline) -> None:
    seen: list[tuple[int, Image.Image]] = []
    image = drawn(pipe, "a cat", callback_on_step_end=lambda _, step, __, state: seen.append((step, state["preview"])))
    assert [step for step, _ in seen] == [0, 1, 2]
    assert seen[-1][1].tobytes() == image.tobytes()
    assert pipe.num_timesteps == 3


def test_what_a_callback_raises_ends_the_drawing(pipe: PocketPipeline) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drawn(pipe, "a cat", callback_on_step_end=stop)
    assert drawn(pipe, "a cat").tobytes() == drawn(pipe, "a cat").tobytes()


def test_guidance_and_what_to_avoid_count(pipe: PocketPipeline) -> None:
    plain = drawn(pipe, "a cat")
    for options in ({"guidance_scale": 3.0}, {"negative_prompt": "red"}):
        assert difference(drawn(pipe, "a cat", **options), plain) > 0.001
    assert drawn(pipe, "a cat", guidance_scale=0.0).tobytes() == drawn(pipe, "a cat", guidance_scale=1.0).tobytes()


@pytest.mark.parametrize("prompt", ["qwzx", "the philosophy of Kant", "", "make it blue"])
def test_what_names_nothing_known_is_refused(pipe: PocketPipeline, prompt: str) -> None:
    with pytest.raises(BadOrder, match="nothing that the pocket generator knows"):
        drawn(pipe, prompt)


def test_a_picture_is_varied_by_strength(pipe: PocketPipeline) -> None:
    source = Image.effect_noise((300, 200), 90).convert("RGB").resize((128, 128))
    near, far = (drawn(pipe, "a cat", image=source, strength=strength) for strength in (0.1, 1.0))
    assert difference(near, far) > 1
    assert difference(drawn(pipe, "a cat", image=source, strength=0.1), near) == 0
    unknown = drawn(pipe, "make it blue", image=source.resize((50, 70)))
    assert unknown.size == (128, 128)


def test_an_untold_network_answers_with_the_hint() -> None:
    from runtime.pocket.drawing.network import Words, build

    unet = build((16, 16, 16))
    words = Words(torch.zeros(1, 16, 384), torch.ones(1, 16, dtype=torch.bool))
    hint = torch.rand(1, 3, 128, 128)
    with torch.no_grad():
        assert torch.equal(clean(unet, torch.randn(1, 3, 128, 128), hint, torch.tensor([0.5]), words), hint)
        assert not torch.equal(clean(network(), torch.randn(1, 3, 128, 128), hint, torch.tensor([0.5]), words), hint)


def test_a_saved_pipeline_is_loaded_to_the_same_pictures(pipe: PocketPipeline, tmp_path: Path) -> None:
    pipe.save_pretrained(tmp_path)
    again = PocketPipeline.from_pretrained(tmp_path, local_files_only=True)
    again.set_progress_bar_config(disable=True)
    assert again.config.side == 128
    assert drawn(again, "a cat").tobytes() == drawn(pipe, "a cat").tobytes()
