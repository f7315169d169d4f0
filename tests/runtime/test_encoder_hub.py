"""Encoders named by open_clip's model and tag: found in the hub's cache, fetched on request, never unasked."""

from __future__ import annotations

import fnmatch
import shutil
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub import constants
from huggingface_hub.errors import LocalEntryNotFoundError

from runtime.encoder import hub
from runtime.errors import BadSetting, ModelNotPresent
from runtime.models import encoder, passage_encoder, present, pull
from runtime.pool import ModelPool
from runtime.presets import preset_of
from runtime.settings import Settings, load_settings
from tests.pictures import beach
from tests.runtime.tiny_encoders import build, roberta

LAPTOP, REPOSITORY = "ViT-B-32:laion2b_s34b_b79k", "laion/CLIP-ViT-B-32-laion2B-s34B-b79K"
CHINESE, CHINESE_REPOSITORY = (
    "xlm-roberta-base-ViT-B-32:laion5b_s13b_b90k",
    "laion/CLIP-ViT-B-32-xlm-roberta-base-laion5B-s13B-b90k",
)
SIGLIP, SIGLIP_REPOSITORY = "ViT-B-16-SigLIP2:webli", "timm/ViT-B-16-SigLIP2"
COMMIT = "0123456789abcdef0123456789abcdef01234567"

Steps = list[tuple[str, float]]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def place(cache: Path, repository: str) -> Path:
    """Where the hub's client keeps a snapshot; the folder is not made yet."""
    root = cache / f"models--{repository.replace('/', '--')}"
    (root / "refs").mkdir(parents=True)
    (root / "refs" / "main").write_text(COMMIT)
    return root / "snapshots" / COMMIT


def settings(name: str | None = None) -> Settings:
    return load_settings(preset="laptop", encoder=name, dtype="float32")


@pytest.mark.parametrize(
    ("name", "repository"), [(LAPTOP, REPOSITORY), (CHINESE, CHINESE_REPOSITORY), (SIGLIP, SIGLIP_REPOSITORY)]
)
def test_names_are_known(name: str, repository: str) -> None:
    assert hub.repository(name) == repository


@pytest.mark.parametrize(
    "name", ["ViT-B-32:nonsense", "ViT-B-32", "nobody:nothing", "", "ViT-B-32:openai:", "no/such/folder"]
)
def test_other_names_are_refused_with_what_there_is(name: str) -> None:
    with pytest.raises(BadSetting) as caught:
        hub.repository(name)
    assert "laion2b_s34b_b79k" in caught.value.hint


def test_a_fetched_model_is_used_and_named_by_its_revision(cache: Path) -> None:
    build("vit", place(cache, REPOSITORY))
    ours = encoder(settings(), preset_of(settings()), ModelPool(2 * 2**30))
    assert (ours.id, ours.dimension) == (f"{LAPTOP}@{COMMIT[:12]}", 24)
    assert ours.encode_images([beach()]).shape == (1, 24)


@pytest.mark.parametrize(
    ("name", "command"),
    [(None, "`vistalk models pull laptop`"), (SIGLIP, f"`vistalk --encoder {SIGLIP} models pull laptop`")],
)
def test_one_that_is_not_here_names_the_command(name: str | None, command: str) -> None:
    ours = encoder(settings(name), preset_of(settings(name)), ModelPool(2 * 2**30))
    for use in (lambda: ours.id, lambda: ours.encode_texts(["a dog"]), lambda: ours.encode_images([beach()])):
        with pytest.raises(ModelNotPresent) as caught:
            use()
        assert caught.value.hint == f"Fetch it with {command}."


def test_a_passage_encoder_that_is_not_here_names_the_command() -> None:
    ours = passage_encoder(settings(), preset_of(settings()), ModelPool(2 * 2**30))
    with pytest.raises(ModelNotPresent, match="intfloat/multilingual-e5-small") as caught:
        ours.encode_queries(["Where?"])
    assert caught.value.hint == "Fetch it with `vistalk models pull laptop`."


def test_once_it_was_fetched_the_same_encoder_works(cache: Path) -> None:
    ours = encoder(settings(), preset_of(settings()), ModelPool(2 * 2**30))
    with pytest.raises(ModelNotPresent):
        ours.encode_texts(["a dog"])
    build("vit", place(cache, REPOSITORY))
    assert ours.encode_texts(["a dog"]).shape == (1, 24)


def test_half_of_a_model_is_not_present(cache: Path) -> None:
    folder = build("vit", place(cache, REPOSITORY))
    (folder / "open_clip_model.safetensors").unlink()
    with pytest.raises(ModelNotPresent) as caught:
        present(settings(), preset_of(settings()), "encoder")
    assert "`vistalk models pull laptop`" in caught.value.hint


class Hub:
    """Stands for the hub: repositories are folders, and a download copies the files that are asked for."""

    def __init__(self, cache: Path, repositories: dict[str, Path]) -> None:
        self._cache = cache
        self._repositories = repositories

    def __call__(self, repository: str, allow_patterns: list[str], **_: Any) -> str:
        if repository not in self._repositories:
            raise LocalEntryNotFoundError("Cannot reach it.\nMore of that.")
        source, target = self._repositories[repository], place(self._cache, repository)
        for file in source.rglob("*"):
            name = file.relative_to(source).as_posix()
            if file.is_file() and any(fnmatch.fnmatch(name, pattern) for pattern in allow_patterns):
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, target / name)
        return str(target)


def connect(monkeypatch: pytest.MonkeyPatch, cache: Path, repositories: dict[str, Path]) -> None:
    """Downloads come from these; what was downloaded is found as ever."""
    offline, online = huggingface_hub.snapshot_download, Hub(cache, repositories)

    def download(repository: str, local_files_only: bool = False, **options: Any) -> str:
        found = offline(repository, local_files_only=True, **options) if local_files_only else None
        return str(found or online(repository, **options))

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)


def test_pull_fetches_what_is_needed_and_nothing_that_runs(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = build("vit", tmp_path / "online")
    for name in ("open_clip_pytorch_model.bin", "model.safetensors", "model.py", "flax_model.msgpack"):
        (source / name).write_bytes(b"x" * 10)
    connect(monkeypatch, cache, {REPOSITORY: source})
    steps: Steps = []
    folder = pull(settings(), preset_of(settings()), lambda what, done: steps.append((what, done)), "encoder")
    assert folder is not None
    assert sorted(file.name for file in folder.iterdir()) == ["open_clip_config.json", "open_clip_model.safetensors"]
    assert steps == [(f"fetching {REPOSITORY}", 0.0), ("done", 1.0)]
    assert present(settings(), preset_of(settings()), "encoder") == folder


def test_pull_fetches_the_configuration_of_the_text_model_too(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = build("multilingual", tmp_path / "online")
    shutil.rmtree(source / "text")
    config = source / "open_clip_config.json"
    config.write_text(config.read_text().replace('"hf_model_name": "text"', '"hf_model_name": "xlm-roberta-base"'))
    text = tmp_path / "text"
    roberta().save_pretrained(text)
    (text / "model.safetensors").write_bytes(b"x" * 10)
    connect(monkeypatch, cache, {CHINESE_REPOSITORY: source, "xlm-roberta-base": text})
    chosen = settings(CHINESE)
    with pytest.raises(ModelNotPresent):
        present(chosen, preset_of(chosen), "encoder")
    pull(chosen, preset_of(chosen), lambda *_: None, "encoder")
    assert [file.name for file in cache.rglob("models--xlm-roberta-base/snapshots/*/*")] == ["config.json"]
    ours = encoder(chosen, preset_of(chosen), ModelPool(2 * 2**30))
    assert ours.encode_texts(["沙发上的猫"]).shape == (1, 24)


def test_a_hub_that_cannot_be_reached_is_told(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, cache, {})
    with pytest.raises(ModelNotPresent) as caught:
        pull(settings(), preset_of(settings()), lambda *_: None, "encoder")
    assert caught.value.message == f"The model {REPOSITORY} could not be fetched: Cannot reach it."


def test_a_model_without_safetensors_is_told(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = build("vit", tmp_path / "online")
    (source / "open_clip_model.safetensors").rename(source / "open_clip_pytorch_model.bin")
    connect(monkeypatch, cache, {REPOSITORY: source})
    with pytest.raises(ModelNotPresent, match="other kinds of weights are not loaded"):
        pull(settings(), preset_of(settings()), lambda *_: None, "encoder")
