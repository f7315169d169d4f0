"""Vectors are open_clip's own, unit length, and depend on nothing but the picture or the text."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from safetensors.torch import load_file, save_file

from runtime.encoder import openclip
from runtime.encoder.base import Encoder, unit
from runtime.errors import GenerationFailed, ModelCorrupt, ModelNotPresent, OutOfMemory, VistalkError
from runtime.models import encoder, encoder_spec
from runtime.pool import ModelPool
from runtime.presets import preset_of
from runtime.settings import Settings, load_settings
from tests.pictures import beach, screenshot
from tests.runtime.tiny_encoders import build

ODD_TEXTS = ["", " \n", "猫在沙发上", "😀" * 3000, "x" * 10_000, "a dog " * 2000, "bad \ud800 half", "<|im_end|>"]


@pytest.fixture(scope="session", params=["vit", "convolutional", "multilingual"])
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(request.param, tmp_path_factory.mktemp("encoders") / request.param)


@pytest.fixture
def folder(source: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return shutil.copytree(source, tmp_path / "encoder")


@pytest.fixture(scope="module")
def pool() -> ModelPool:
    return ModelPool(2 * 2**30)


def of(folder: Path, dtype: str = "float32") -> Settings:
    return load_settings(encoder=str(folder), dtype=dtype)


def opened(folder: Path, pool: ModelPool, dtype: str = "float32") -> Encoder:
    return encoder(of(folder, dtype), preset_of(of(folder)), pool)


def pictures(count: int) -> list[Image.Image]:
    return [screenshot([str(number)]).resize((40 + number, 70)) for number in range(count)]


def test_vectors_are_those_of_the_bare_model(source: Path, pool: ModelPool) -> None:
    config = json.loads((source / "open_clip_config.json").read_text())["model_cfg"]["text_cfg"]
    if "hf_model_name" in config:
        config |= {"hf_model_name": str(source / config["hf_model_name"]), "hf_model_pretrained": False}
    model, _, prepare = open_clip.create_model_and_transforms(f"local-dir:{source}", text_cfg=config)
    tokens = open_clip.get_tokenizer(f"local-dir:{source}")(["a dog", "two people"])
    images = [beach(), *pictures(2)]
    with torch.inference_mode():
        model.eval()
        bare = model.encode_image(torch.stack([prepare(image) for image in images]), normalize=True).numpy()
        words = model.encode_text(tokens, normalize=True).numpy()
    ours = opened(source, pool)
    assert np.allclose(ours.encode_images(images), bare, atol=1e-5)
    assert np.allclose(ours.encode_texts(["a dog", "two people"]), words, atol=1e-5)


def test_a_vector_does_not_depend_on_its_batch(source: Path, pool: ModelPool) -> None:
    ours, images = opened(source, pool), pictures(20)
    alone = np.concatenate([ours.encode_images([image]) for image in images])
    assert np.allclose(ours.encode_images(images), alone, atol=1e-5)
    texts = [f"picture {number} " * number for number in range(40)]
    alone = np.concatenate([ours.encode_texts([text]) for text in texts])
    assert np.allclose(ours.encode_texts(texts), alone, atol=1e-5)


def test_different_pictures_and_texts_differ(source: Path, pool: ModelPool) -> None:
    ours = opened(source, pool)
    for vectors in (ours.encode_images([beach(), *pictures(1)]), ours.encode_texts(["a dog", "two red shirts"])):
        assert vectors[0] @ vectors[1] < 0.9999


def test_nothing_gives_no_vectors(source: Path, pool: ModelPool) -> None:
    ours = opened(source, pool)
    for vectors in (ours.encode_images([]), ours.encode_texts([])):
        assert vectors.shape == (0, ours.dimension)
        assert vectors.dtype == np.float32


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_any_text_and_any_picture_has_a_unit_vector(source: Path, pool: ModelPool, dtype: str) -> None:
    ours = opened(source, pool, dtype)
    modes = [beach().convert(mode) for mode in ("L", "RGBA", "P", "1", "CMYK", "I;16")]
    sizes = [Image.new("RGB", size, "red") for size in ((1, 1), (3000, 2), (2, 3000), (2000, 1500))]
    for vectors in (ours.encode_texts(ODD_TEXTS), ours.encode_images([*modes, *sizes])):
        assert vectors.dtype == np.float32
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_sixteen_bits_point_the_same_way(source: Path, pool: ModelPool) -> None:
    images, texts = [beach(), *pictures(3)], ["a dog", "two people in red"]
    exact, rough = opened(source, pool), opened(source, pool, "bfloat16")
    assert exact.id == rough.id
    assert (exact.encode_images(images) * rough.encode_images(images)).sum(1) == pytest.approx(1, abs=0.02)
    assert (exact.encode_texts(texts) * rough.encode_texts(texts)).sum(1) == pytest.approx(1, abs=0.02)


class TestId:
    def test_it_is_known_before_anything_is_loaded(self, source: Path) -> None:
        fresh = ModelPool(2 * 2**30)
        ours = opened(source, fresh)
        assert ours.id.startswith("local@")
        assert ours.dimension == 24
        assert fresh.loaded() == []
        ours.encode_texts(["a dog"])
        assert [row.kind for row in fresh.loaded()] == ["encoder"]

    def test_the_same_files_elsewhere_have_the_same_id(self, source: Path, folder: Path, pool: ModelPool) -> None:
        assert opened(source, pool).id == opened(folder, pool).id

    def test_other_weights_have_another(self, folder: Path, pool: ModelPool) -> None:
        before, file = opened(folder, pool), folder / openclip.WEIGHTS[0]
        old = before.encode_images([beach()]), before.id
        weights = load_file(file)
        save_file({name: value * 1.5 if value.dim() > 1 else value for name, value in weights.items()}, file)
        after = opened(folder, pool)
        assert after.id != old[1]
        assert not np.allclose(after.encode_images([beach()]), old[0], atol=1e-4)

    def test_another_preparation_has_another(self, folder: Path, pool: ModelPool) -> None:
        before, config = opened(folder, pool).id, json.loads((folder / openclip.CONFIG).read_text())
        config["preprocess_cfg"]["mean"] = [0.1, 0.2, 0.3]
        (folder / openclip.CONFIG).write_text(json.dumps(config))
        assert opened(folder, pool).id != before

    def test_what_is_no_part_of_the_model_changes_nothing(self, folder: Path, pool: ModelPool) -> None:
        before = opened(folder, pool).id
        (folder / "README.md").write_text("Notes.")
        assert opened(folder, pool).id == before

    def test_weights_are_hashed_once(self, folder: Path, pool: ModelPool, monkeypatch: pytest.MonkeyPatch) -> None:
        first = opened(folder, pool).id
        monkeypatch.setattr(hashlib, "file_digest", pytest.fail)
        assert opened(folder, pool).id == first


class TestFiles:
    @pytest.mark.parametrize("name", [openclip.CONFIG, openclip.WEIGHTS[0]])
    def test_a_missing_file_is_named(self, folder: Path, pool: ModelPool, name: str) -> None:
        (folder / name).unlink()
        ours = opened(folder, pool)
        for use in (lambda: ours.id, lambda: ours.dimension, lambda: ours.encode_texts(["a dog"])):
            with pytest.raises(ModelNotPresent, match=name):
                use()

    def test_pickled_weights_are_not_loaded(self, folder: Path, pool: ModelPool) -> None:
        (folder / openclip.WEIGHTS[0]).unlink()
        torch.save({}, folder / "open_clip_pytorch_model.bin")
        with pytest.raises(ModelNotPresent, match="other kinds of weights are not loaded"):
            opened(folder, pool).encode_texts(["a dog"])

    def test_damaged_weights_are_named(self, folder: Path, pool: ModelPool) -> None:
        file = folder / openclip.WEIGHTS[0]
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        with pytest.raises(ModelCorrupt, match=str(folder)):
            opened(folder, pool).encode_texts(["a dog"])

    def test_weights_of_another_model_are_named(self, folder: Path, pool: ModelPool) -> None:
        save_file({"weight": torch.ones(3)}, folder / openclip.WEIGHTS[0])
        with pytest.raises(ModelCorrupt, match=str(folder)):
            opened(folder, pool).encode_texts(["a dog"])

    @pytest.mark.parametrize("content", ["{", "[]", "{}", '{"model_cfg": {"embed_dim": 3}}', '{"model_cfg": null}'])
    def test_a_configuration_that_is_none_is_named(self, folder: Path, pool: ModelPool, content: str) -> None:
        (folder / openclip.CONFIG).write_text(content)
        with pytest.raises(ModelCorrupt, match=openclip.CONFIG):
            _ = opened(folder, pool).id

    @pytest.mark.parametrize(
        ("part", "change"),
        [
            ("vision_cfg", {"timm_model_name": "hf-hub:somebody/something"}),
            ("vision_cfg", {"timm_model_name": "no_such_network"}),
            ("vision_cfg", {"unheard_of": 1}),
            ("text_cfg", {"hf_model_name": "somebody/not-here", "hf_pooler_type": "mean_pooler"}),
        ],
    )
    def test_an_impossible_model_is_an_error_of_ours(
        self, folder: Path, pool: ModelPool, part: str, change: dict[str, Any]
    ) -> None:
        config = json.loads((folder / openclip.CONFIG).read_text())
        config["model_cfg"][part] |= change
        (folder / openclip.CONFIG).write_text(json.dumps(config))
        with pytest.raises((ModelCorrupt, ModelNotPresent)):
            opened(folder, pool).encode_texts(["a dog"])

    def test_an_impossible_preparation_is_named(self, folder: Path, pool: ModelPool) -> None:
        config = json.loads((folder / openclip.CONFIG).read_text())
        config["preprocess_cfg"]["interpolation"] = "guess"
        (folder / openclip.CONFIG).write_text(json.dumps(config))
        with pytest.raises(ModelCorrupt, match="preprocess_cfg"):
            opened(folder, pool).encode_images([beach()])

    def test_code_of_the_folder_is_never_run(self, tmp_path: Path, pool: ModelPool) -> None:
        folder, proof = build("convolutional", tmp_path / "encoder"), tmp_path / "ran"
        (folder / "evil.py").write_text(f"open({str(proof)!r}, 'w')\nclass Evil: pass\n")
        for name, change in (
            ("tokenizer_config.json", {"tokenizer_class": "Evil", "auto_map": {"AutoTokenizer": ["evil.Evil", None]}}),
            (openclip.CONFIG, {}),
        ):
            content = json.loads((folder / name).read_text()) | change
            if name == openclip.CONFIG:
                content["model_cfg"]["text_cfg"]["tokenizer_kwargs"] = {"trust_remote_code": True}
            (folder / name).write_text(json.dumps(content))
        with pytest.raises(ModelCorrupt):
            opened(folder, pool).encode_texts(["a dog"])
        assert not proof.exists()


@pytest.mark.parametrize("value", [0.0, float("nan"), float("inf")])
def test_a_vector_that_points_nowhere_is_an_error(tmp_path: Path, pool: ModelPool, value: float) -> None:
    folder = build("vit", tmp_path / "encoder")
    weights = load_file(folder / openclip.WEIGHTS[0])
    save_file(weights | {"visual.proj": weights["visual.proj"] * 0 + value}, folder / openclip.WEIGHTS[0])
    with pytest.raises(GenerationFailed, match="points nowhere"):
        opened(folder, pool).encode_images([beach()])


@given(arrays(np.float32, (3, 4), elements=st.floats(width=32, allow_nan=False, allow_infinity=False)))
def test_rows_become_unit_or_an_error(rows: np.ndarray[Any, Any]) -> None:
    if rows.any(axis=1).all():
        assert np.allclose(np.linalg.norm(unit(rows), axis=1), 1, atol=1e-5)
    else:
        with pytest.raises(GenerationFailed):
            unit(rows)


@pytest.mark.parametrize(
    ("fault", "kind"), [(RuntimeError("CUDA out of memory"), OutOfMemory), (RuntimeError("shapes"), GenerationFailed)]
)
def test_a_fault_of_the_network_is_an_error_of_ours(
    source: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception, kind: type[VistalkError]
) -> None:
    fresh = ModelPool(2 * 2**30)
    spec = encoder_spec(of(source), preset_of(of(source))).model

    def fail(*_: object) -> None:
        raise fault

    with fresh.lease(spec) as model:
        monkeypatch.setattr(model._model, "encode_image", fail)
        monkeypatch.setattr(model._model, "encode_text", fail)
    with pytest.raises(kind):
        opened(source, fresh).encode_images([beach()])
    with pytest.raises(kind):
        opened(source, fresh).encode_texts(["a dog"])


def test_pictures_are_prepared_while_others_use_the_model(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = ModelPool(2 * 2**30)
    ours, prepared, results = opened(source, fresh), threading.Event(), []
    preparation = openclip.preparation

    def watched(config: openclip.Config) -> openclip.Prepare:
        prepare = preparation(config)

        def told(images: Any) -> torch.Tensor:
            pixels = prepare(images)
            prepared.set()
            return pixels

        return told

    monkeypatch.setattr(openclip, "preparation", watched)
    worker = threading.Thread(target=lambda: results.append(ours.encode_images([beach()])))
    with fresh.lease(encoder_spec(of(source), preset_of(of(source))).model):
        worker.start()
        assert prepared.wait(60), "it waited for the model first"
        assert results == []
    worker.join(60)
    assert results[0].shape == (1, ours.dimension)


def test_several_threads_get_their_own_vectors(source: Path, pool: ModelPool) -> None:
    ours, images = opened(source, pool), pictures(6)
    found: dict[int, Any] = {}

    def work(number: int) -> None:
        found[number] = ours.encode_images([images[number]]), ours.encode_texts([f"picture {number}"])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    for number, image in enumerate(images):
        assert np.allclose(found[number][0], ours.encode_images([image]), atol=1e-5)
        assert np.allclose(found[number][1], ours.encode_texts([f"picture {number}"]), atol=1e-5)
