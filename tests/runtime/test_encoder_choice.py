"""Which encoders a preset and the settings name, and where they are looked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from runtime import models
from runtime.encoder.base import Vectors
from runtime.errors import BadSetting, ModelNotPresent
from runtime.models import encoder, parts, passage_encoder, present, pull
from runtime.pocket import encoder as pocket_encoder
from runtime.pool import ModelPool
from runtime.presets import preset_of, presets
from runtime.settings import Settings, load_settings
from tests.runtime.tiny_encoders import build


@pytest.fixture
def pool() -> ModelPool:
    return ModelPool(2 * 2**30)


@pytest.fixture
def assembled(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny encoder where the pocket one would lie."""
    folder = build("convolutional", home / "models" / "pocket-encoder-test")
    monkeypatch.setattr(pocket_encoder, "folder", lambda models: models / "pocket-encoder-test")
    return folder


def test_every_preset_names_both_or_none() -> None:
    named = {name: (preset.encoder, preset.passage_encoder) for name, preset in presets().items()}
    assert named["pocket"] == ("pocket", "pocket")
    assert named["laptop"] == ("ViT-B-32:laion2b_s34b_b79k", "intfloat/multilingual-e5-small")
    assert named["workstation"] == named["served"] == ("ViT-B-16-SigLIP2:webli", "intfloat/multilingual-e5-base")
    assert named["scripted"] == ("none", "none")


@pytest.mark.parametrize("other", [{}, {"vlm": "some/model"}, {"vlm_url": "http://127.0.0.1:1/v1"}])
def test_settings_replace_the_presets(other: dict[str, str]) -> None:
    preset = preset_of(load_settings(preset="laptop", encoder="A:b", passage_encoder="c/d", **other))
    assert (preset.encoder, preset.passage_encoder) == ("A:b", "c/d")
    untouched = preset_of(load_settings(preset="laptop", **other))
    assert untouched.passage_encoder == "intfloat/multilingual-e5-small"


def test_models_that_are_files_are_the_parts(pool: ModelPool) -> None:
    known = presets()
    assert parts(known["pocket"]) == ["vlm", "encoder", "passage_encoder", "generator"]
    assert parts(known["served"]) == ["encoder", "passage_encoder", "generator"]
    assert parts(known["scripted"]) == []


@pytest.mark.parametrize("opened", [encoder, passage_encoder])
def test_a_preset_without_one_says_so(pool: ModelPool, opened: Callable[..., object]) -> None:
    settings = load_settings(preset="scripted")
    with pytest.raises(BadSetting, match="cannot be searched") as caught:
        opened(settings, preset_of(settings), pool)
    assert "encoder`" in caught.value.hint


def test_a_folder_needs_no_pulling(tmp_path: Path) -> None:
    folder = build("vit", tmp_path / "encoder")
    settings = load_settings(encoder=str(folder))
    assert present(settings, preset_of(settings), "encoder") == folder
    assert pull(settings, preset_of(settings), lambda *_: None, "encoder") == folder


def test_the_pocket_encoder_is_looked_for_among_the_assembled_models(pool: ModelPool, assembled: Path) -> None:
    settings = load_settings(dtype="float32")
    ours = encoder(settings, preset_of(settings), pool)
    assert ours.id.startswith("pocket@")
    assert ours.encode_texts(["a dog"]).shape == (1, 24)


def test_until_it_is_put_together_the_command_is_named(pool: ModelPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pocket_encoder, "folder", lambda models: models / "pocket-encoder-test")
    settings = load_settings()
    with pytest.raises(ModelNotPresent) as caught:
        _ = encoder(settings, preset_of(settings), pool).id
    assert caught.value.hint == "Do it with `vistalk models pull pocket`."


def test_the_pocket_encoder_is_put_together_by_its_own_module(
    home: Path, assembled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []

    def assemble(models_folder: Path, progress: models.Progress) -> Path:
        asked.append(models_folder)
        progress("done", 1.0)
        return assembled

    monkeypatch.setattr(pocket_encoder, "assemble", assemble)
    steps: list[tuple[str, float]] = []
    settings = load_settings()
    assert pull(settings, preset_of(settings), lambda *step: steps.append(step), "encoder") == assembled
    assert (asked, steps) == ([home / "models"], [("done", 1.0)])


def test_texts_are_reworded_for_the_pocket_encoder_only(
    pool: ModelPool, assembled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pocket_encoder, "text_filter", {"狗": "a dog"}.__getitem__)

    def first(settings: Settings, text: str) -> Vectors:
        return encoder(settings, preset_of(settings), pool).encode_texts([text])

    same_folder = load_settings(dtype="float32", encoder=str(assembled))
    assert np.allclose(first(load_settings(dtype="float32"), "狗"), first(same_folder, "a dog"), atol=1e-6)
    assert not np.allclose(first(same_folder, "狗"), first(same_folder, "a dog"), atol=1e-3)
