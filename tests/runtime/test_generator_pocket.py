"""The pocket pipeline behind the generator, by a stand-in that draws at once."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from diffusers import DiffusionPipeline, EulerDiscreteScheduler, ImagePipelineOutput, UNet2DModel
from PIL import Image

from runtime.errors import BadOrder, ModelNotPresent
from runtime.generator.base import Order, Repertoire, Stage
from runtime.pocket import generator as pocket_generator
from tests.runtime.drawing import bytes_of, opened
from tests.runtime.tiny_generators import NOISE


class PocketPipeline(DiffusionPipeline):
    """Stands for the pocket pipeline: its signature, one size, and previews of its own."""

    def __init__(self, unet: Any, scheduler: Any, side: int = 32) -> None:
        super().__init__()
        self.register_modules(unet=unet, scheduler=scheduler)
        self.register_to_config(side=side)

    def __call__(
        self,
        prompt: str,
        *,
        image: Image.Image | None = None,
        strength: float = 0.5,
        negative_prompt: str = "",
        num_inference_steps: int = 4,
        guidance_scale: float = 2.5,
        generator: Any,
        callback_on_step_end: Any = None,
        output_type: str = "pil",
    ) -> ImagePipelineOutput:
        side = self.config.side
        made = Image.new("RGB", (side, side), (generator.initial_seed() % 256, len(prompt), 0))
        if image is not None:
            made = Image.blend(image, made, strength)
        for step in range(num_inference_steps):
            if callback_on_step_end:
                callback_on_step_end(self, step, 0, {"preview": made.resize((8, 8))})
        return ImagePipelineOutput(images=[made])


class TestPocket:
    @pytest.fixture
    def assembled(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        module = ModuleType("runtime.pocket.drawing.pipeline")
        module.PocketPipeline = PocketPipeline  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setattr(pocket_generator, "folder", lambda models: models / "pocket-generator-test")
        monkeypatch.setattr(pocket_generator, "version", lambda: "test")
        unet = UNet2DModel(
            sample_size=8,
            block_out_channels=(4,),
            norm_num_groups=2,
            down_block_types=("DownBlock2D",),
            up_block_types=("UpBlock2D",),
            layers_per_block=1,
            attention_head_dim=2,
        )
        folder = home / "models" / "pocket-generator-test"
        PocketPipeline(unet, EulerDiscreteScheduler(**NOISE)).save_pretrained(folder)
        return folder

    def test_it_draws_in_one_size_with_previews_of_its_own(self, assembled: Path) -> None:
        ours = opened("pocket")
        seen: list[Stage] = []
        made = ours.draw(Order("an apple", seeds=(7, 8), width=32), on_stage=seen.append)
        assert [drawing.image.getpixel((0, 0)) for drawing in made] == [(7, 8, 0), (8, 8, 0)]
        assert (ours.id, ours.revision) == ("pocket", "test")
        assert made[0].settings["steps"] == 4
        assert [(stage.step, stage.steps) for stage in seen] == [(n, 4) for n in (1, 2, 3, 4)] * 2
        assert all(stage.preview and stage.preview.size == (8, 8) for stage in seen)
        with pytest.raises(BadOrder, match="32×32 pixels, and no others"):
            ours.draw(Order("an apple", width=64))

    def test_it_varies_a_picture(self, assembled: Path) -> None:
        source = Image.new("RGB", (90, 40), "white")
        made = opened("pocket").draw(Order("an apple", source=source, strength=0.5))[0]
        assert made.image.size == (32, 32)
        assert made.settings["strength"] == 0.5
        assert bytes_of(made.image) == ((32, 32), bytes([127, 131, 127]) * 32 * 32)

    @pytest.mark.parametrize("source", ["pocket", "folder"])
    def test_it_says_what_it_can_draw_without_its_files(
        self, assembled: Path, monkeypatch: pytest.MonkeyPatch, source: str
    ) -> None:
        module = ModuleType("runtime.pocket.drawing.repertoire")
        module.known, module.count = lambda prompt: tuple(prompt.split()[-1:]), lambda: 900  # type: ignore[attr-defined]
        module.nearest = lambda prompt: {"en": prompt}  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        if source == "pocket":
            shutil.rmtree(assembled)
        ours = opened("pocket" if source == "pocket" else assembled)
        assert ours.repertoire("a red apple") == Repertoire("icons", ("apple",), 900, {"en": "a red apple"})

    def test_until_it_is_put_together_the_command_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pocket_generator, "folder", lambda models: models / "pocket-generator-test")
        with pytest.raises(ModelNotPresent, match="pocket generator has not been put together") as caught:
            opened("pocket").draw(Order("a red apple"))
        assert "models pull" in caught.value.hint
