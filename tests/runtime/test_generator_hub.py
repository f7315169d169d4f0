"""Pipelines of the hub: found in its cache, fetched on request with what they need, never unasked."""

from __future__ import annotations

import fnmatch
import shutil
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub import constants
from huggingface_hub.errors import LocalEntryNotFoundError

from runtime.errors import ModelNotPresent
from runtime.generator import folder as layouts
from runtime.generator.base import Order, Stage
from runtime.models import generator, present, pull
from runtime.pool import ModelPool
from runtime.presets import preset_of
from runtime.settings import load_settings
from tests.runtime.tiny_generators import build

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

APPLE = Order("a red apple", steps=2)
TURBO = "b261bac6fd2cf515557d5d0707481eafa0485ec2"


@pytest.fixture
def online(tmp_path: Path) -> Path:
    return build("sd", tmp_path / "online")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def connect(monkeypatch: pytest.MonkeyPatch, cache: Path, repositories: dict[str, Path]) -> None:
    """The hub holds these folders; what was downloaded is found as ever."""
    offline = huggingface_hub.snapshot_download

    def download(
        repo: str, revision: str, local_files_only: bool = False, allow_patterns: Any = (), tqdm_class: Any = None
    ) -> str:
        if local_files_only:
            return str(offline(repo, revision=revision, local_files_only=True))
        if repo not in repositories:
            raise LocalEntryNotFoundError("Cannot reach it.\nMore of that.")
        target = cache / f"models--{repo.replace('/', '--')}" / "snapshots" / revision
        for file in repositories[repo].rglob("*"):
            name = file.relative_to(repositories[repo]).as_posix()
            if file.is_file() and any(fnmatch.fnmatch(name, pattern) for pattern in allow_patterns):
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, target / name)
        return str(target)

    def names(repo: str, **_: Any) -> list[str]:
        if repo not in repositories:
            raise LocalEntryNotFoundError("Cannot reach it.\nMore of that.")
        return [
            file.relative_to(repositories[repo]).as_posix() for file in repositories[repo].rglob("*") if file.is_file()
        ]

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    monkeypatch.setattr(huggingface_hub, "list_repo_files", names)


class TestHub:
    def test_one_that_is_not_here_names_the_command(self, cache: Path) -> None:
        settings = load_settings(preset="laptop")
        ours = generator(settings, preset_of(settings), ModelPool(0))
        with pytest.raises(ModelNotPresent, match="stabilityai/sd-turbo") as caught:
            ours.draw(APPLE)
        assert caught.value.hint == "Fetch it with `vistalk models pull laptop`."
        own = load_settings(preset="laptop", generator="some/model")
        with pytest.raises(ModelNotPresent) as caught:
            _ = generator(own, preset_of(own), ModelPool(0)).id
        assert caught.value.hint == "Fetch it with `vistalk --generator some/model models pull laptop`."

    def test_pulled_with_its_tiny_autoencoder_it_draws_and_previews_through_it(
        self, cache: Path, online: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kept = {file.relative_to(online).as_posix() for file in online.rglob("*") if file.is_file()}
        (online / "sd_turbo.safetensors").write_bytes(b"x" * 10)
        (online / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"x" * 10)
        (online / "unet" / "diffusion_pytorch_model.non_ema.safetensors").write_bytes(b"x" * 10)
        (online / "unet" / "net.py").write_text("raise SystemExit")
        connect(
            monkeypatch,
            cache,
            {"stabilityai/sd-turbo": online, "madebyollin/taesd": build("tiny_autoencoder", tmp_path / "tiny")},
        )
        settings, steps = load_settings(preset="laptop", dtype="float32", device="cpu"), []
        preset = preset_of(settings)
        found = pull(settings, preset, lambda what, done: steps.append(what), "generator")
        assert found == present(settings, preset, "generator")
        assert steps == ["fetching stabilityai/sd-turbo", "fetching madebyollin/taesd", "done"]
        fetched = {file.relative_to(found).as_posix() for file in found.rglob("*") if file.is_file()}
        assert fetched == kept
        ours = generator(settings, preset, ModelPool(2 * 2**30))
        seen: list[Stage] = []
        made = ours.draw(Order("a cup"), on_stage=seen.append)[0]
        assert (made.settings["model"], made.settings["revision"]) == ("stabilityai/sd-turbo", TURBO[:12])
        assert [stage.preview.size for stage in seen if stage.preview] == [(64, 64), (64, 64)], "not 32, as projected"

    def test_without_the_tiny_autoencoder_it_is_not_whole(
        self, cache: Path, online: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        connect(monkeypatch, cache, {"stabilityai/sd-turbo": online})
        settings = load_settings(preset="laptop")
        with pytest.raises(ModelNotPresent, match="madebyollin/taesd could not be fetched: Cannot reach it"):
            pull(settings, preset_of(settings), lambda *_: None, "generator")
        with pytest.raises(ModelNotPresent) as caught:
            present(settings, preset_of(settings), "generator")
        assert "models pull laptop" in caught.value.hint

    def test_of_two_kinds_of_weights_the_halves_are_fetched(self) -> None:
        names = ["model_index.json", "README.md", "sd_turbo.safetensors", "vae/config.json", "unet/x/model.safetensors"]
        halves = [
            f"{part}/diffusion_pytorch_model{half}.safetensors" for part in ("unet", "vae") for half in ("", ".fp16")
        ]
        wanted = set(layouts.wanted([*names, *halves, "tokenizer/merges.txt", "text_encoder/model.safetensors"]))
        assert wanted == {
            "model_index.json",
            "vae/config.json",
            "unet/diffusion_pytorch_model.fp16.safetensors",
            "vae/diffusion_pytorch_model.fp16.safetensors",
            "tokenizer/merges.txt",
            "text_encoder/model.safetensors",
        }
