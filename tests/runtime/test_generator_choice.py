"""Which generator a preset and the settings name, where it is looked for, and what is fetched and loaded of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from diffusers import DiffusionPipeline

from evals.bench.drawing import drawing
from runtime.errors import BadOrder, BadSetting, ModelCorrupt, ModelNotPresent, ModelTooLarge
from runtime.generator import folder as layouts
from runtime.generator.base import Order, Repertoire
from runtime.generator.leased import spec
from runtime.generator.loading import is_short, load
from runtime.models import generator, parts, present, pull
from runtime.pool import ModelPool
from runtime.presets import preset_of, presets
from runtime.settings import load_settings
from tests.runtime.drawing import opened
from tests.runtime.tiny_generators import build

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

APPLE = Order("a red apple", steps=2)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("pipelines")
    return {name: build(name, place / name) for name in ("sd", "guarded", "sdxl", "tiny_autoencoder")}


@pytest.fixture
def folder(built: dict[str, Path], tmp_path: Path) -> Path:
    """A copy to spoil."""
    return Path(shutil.copytree(built["sd"], tmp_path / "pipeline"))


class TestPresets:
    def test_what_presets_name(self) -> None:
        named = {name: preset.generator for name, preset in presets().items()}
        assert (named["pocket"], named["laptop"], named["scripted"]) == ("pocket", "stabilityai/sd-turbo", "none")
        assert named["workstation"] == named["served"] == "stabilityai/sdxl-turbo"
        for preset in presets().values():
            assert preset.generator in ("none", "pocket") or len(preset.generator_revision or "") == 40, (
                "a pinned commit"
            )

    def test_another_generator_brings_nothing_of_the_presets_own(self) -> None:
        preset = preset_of(load_settings(preset="laptop", generator="some/model"))
        assert preset.generator == "some/model"
        assert [getattr(preset, f"generator_{name}") for name in ("revision", "steps", "preview")] == [None] * 3
        assert preset_of(load_settings(preset="laptop")).generator_steps == 2

    @pytest.mark.parametrize("other", [{"vlm": "some/model"}, {"vlm_url": "http://127.0.0.1:1/v1"}])
    def test_another_language_model_leaves_it(self, other: dict[str, str]) -> None:
        assert preset_of(load_settings(preset="laptop", **other)).generator == "stabilityai/sd-turbo"

    def test_it_is_a_part_that_is_fetched(self) -> None:
        assert "generator" in parts(presets()["laptop"])
        assert parts(presets()["scripted"]) == []

    def test_without_one_the_setting_is_named(self) -> None:
        settings = load_settings(preset="scripted")
        with pytest.raises(BadSetting, match="pictures cannot be drawn") as caught:
            generator(settings, preset_of(settings), ModelPool(0))
        assert "`generator`" in caught.value.hint

    def test_a_presets_steps_guidance_and_scheduler_count_where_an_order_is_silent(
        self, built: dict[str, Path]
    ) -> None:
        settings = load_settings(dtype="float32", device="cpu")
        own = {"generator_steps": 3, "generator_guidance": 0.0, "generator_scheduler": "LCMScheduler"}
        preset = preset_of(settings).model_copy(update={"generator": str(built["sd"])} | own)
        ours = generator(settings, preset, ModelPool(2 * 2**30))
        said = ours.draw(Order("a cup"))[0].settings
        assert (said["steps"], said["guidance"], said["scheduler"]) == (3, 0.0, "LCMScheduler")
        assert ours.draw(Order("a cup", steps=1, guidance=2.0))[0].settings["steps"] == 1


class TestFolder:
    def test_names_and_limits_are_known_without_weights(self, built: dict[str, Path]) -> None:
        pool = ModelPool(0)
        ours = opened(built["sdxl"], pool)
        assert (ours.id, len(ours.revision)) == ("local", 16)
        assert ours.revision != opened(built["sd"], pool).revision
        with pytest.raises(BadOrder):
            ours.draw(Order("a cup", width=10_000))
        assert pool.loaded() == []

    def test_it_draws_anything(self, built: dict[str, Path]) -> None:
        assert opened(built["sd"]).repertoire("a photo of a street") == Repertoire("anything", (), 0)

    def test_a_folder_needs_no_pulling(self, built: dict[str, Path]) -> None:
        settings = load_settings(generator=str(built["sd"]))
        assert present(settings, preset_of(settings), "generator") == built["sd"]
        assert pull(settings, preset_of(settings), lambda *_: None, "generator") == built["sd"]

    def test_memory_grows_with_weights_format_and_pixels(self, built: dict[str, Path]) -> None:
        small, large = layouts.read(built["sd"]), layouts.read(built["sdxl"])
        beside = layouts.WORKSPACE + layouts.NUMBERS_PER_PIXEL * 8 * 64 * 64 * 4
        assert small.estimate("float32") - beside == 4 * sum(small.parameters)
        assert small.estimate("float16") < small.estimate("float32") < large.estimate("float32")
        assert small.estimate("float32", one_at_a_time=True) < small.estimate("float32")
        stored = sum(file.stat().st_size for file in built["sd"].rglob("*.safetensors"))
        assert 4 * sum(small.parameters) == pytest.approx(stored, rel=0.1)

    def test_what_does_not_fit_is_told_before_it_is_loaded(self, built: dict[str, Path]) -> None:
        with pytest.raises(ModelTooLarge, match="needs 317 MB"):
            opened(built["sd"], ModelPool(10**6)).draw(APPLE)

    def test_where_memory_is_short_it_draws_the_same_with_less(self, built: dict[str, Path]) -> None:
        layout = layouts.read(built["sd"])
        need = layout.estimate("float32")
        assert is_short(layout, "cpu", "float32", int(1.5 * need))
        assert not is_short(layout, "cpu", "float32", 3 * need)
        made = load(layout, "cpu", "float32", short=True).paint(APPLE, 0).image
        usual = load(layout, "cpu", "float32").paint(APPLE, 0).image
        assert made.size == usual.size
        assert all(abs(a - b) <= 2 for a, b in zip(made.tobytes(), usual.tobytes(), strict=True))

    def test_halves_are_preferred(self, folder: Path) -> None:
        whole = layouts.read(folder)
        DiffusionPipeline.from_pretrained(folder).save_pretrained(folder, variant="fp16")
        both = layouts.read(folder)
        assert (whole.half, both.half, both.parameters) == (False, True, whole.parameters)
        for file in folder.rglob("*model.safetensors"):
            file.unlink()
        assert opened(folder).draw(APPLE)


class TestSpoilt:
    def refused(self, folder: Path, kind: type[Exception]) -> str:
        with pytest.raises(kind) as caught:
            opened(folder).draw(APPLE)
        return str(caught.value)

    def test_code_is_never_run(self, folder: Path) -> None:
        (folder / "unet" / "net.py").write_text("raise SystemExit")
        assert "program code" in self.refused(folder, ModelCorrupt)

    def test_a_pipeline_of_its_own_is_refused(self, folder: Path) -> None:
        index = json.loads((folder / "model_index.json").read_text())
        (folder / "model_index.json").write_text(json.dumps(index | {"_class_name": ["pipeline", "Mine"]}))
        assert "program code" in self.refused(folder, ModelCorrupt)

    def test_a_class_that_draws_nothing_from_words_is_refused(self, folder: Path) -> None:
        index = json.loads((folder / "model_index.json").read_text())
        (folder / "model_index.json").write_text(json.dumps(index | {"_class_name": "StableAudioPipeline"}))
        assert "cannot be loaded" in self.refused(folder, ModelCorrupt)

    def test_other_kinds_of_weights_are_refused(self, folder: Path) -> None:
        weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
        weights.rename(weights.with_suffix(".bin"))
        assert "safetensors files only" in self.refused(folder, ModelCorrupt)

    @pytest.mark.parametrize("part", ["vae", "tokenizer", "scheduler"])
    def test_a_missing_part_is_named(self, folder: Path, part: str) -> None:
        shutil.rmtree(folder / part)
        assert f"lacks its {part}" in self.refused(folder, ModelNotPresent)

    def test_missing_weights_are_named(self, folder: Path) -> None:
        (folder / "vae" / "diffusion_pytorch_model.safetensors").unlink()
        assert "vae holds no weights" in self.refused(folder, ModelNotPresent)

    def test_damaged_weights_are_named(self, folder: Path) -> None:
        (folder / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"\xff" * 100)
        assert "is damaged" in self.refused(folder, ModelCorrupt)

    @pytest.mark.parametrize("content", ["", "[]", "{}", "not JSON"])
    def test_an_index_that_is_none_is_told(self, folder: Path, content: str) -> None:
        (folder / "model_index.json").write_text(content)
        self.refused(folder, ModelCorrupt)

    def test_an_empty_folder_is_told(self, tmp_path: Path) -> None:
        assert "model_index.json" in self.refused(tmp_path, ModelNotPresent)


def test_the_bench_compares_with_the_bare_pipeline(built: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evals.bench.drawing.ROUNDS", 1)
    monkeypatch.setattr("evals.bench.drawing.STEPS", 2)
    measured = {m.name: m for m in drawing(load_settings(generator=str(built["sd"]), dtype="float32", device="cpu"))}
    assert list(measured) == ["picture", "first_preview", "draw_ratio"]
    assert measured["first_preview"].value < measured["picture"].value
    assert drawing(load_settings(preset="scripted")) == []


def test_a_spec_knows_its_key_by_device_and_format(built: dict[str, Path]) -> None:
    settings = load_settings(device="cpu", dtype="float32")
    made = spec("local@1", built["sd"], settings, preset_of(settings), lambda: ("cpu", "float32"))
    assert made.model.key == "local@1 (cpu, float32)"
