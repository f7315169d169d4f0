"""Which preset is recommended to which machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime import choosing
from runtime.choosing import Machine, fits, folder_size, missing, pieces, recommended, this_machine
from runtime.presets import preset_of, presets
from runtime.settings import load_settings


@pytest.fixture(autouse=True)
def nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.mark.parametrize(
    ("machine", "name"),
    [
        (Machine(memory=4, gpu=0, disk=100), "pocket"),
        (Machine(memory=7.6, gpu=0, disk=100), "laptop"),
        (Machine(memory=64, gpu=0, disk=100), "laptop"),
        (Machine(memory=4, gpu=6.2, disk=100), "laptop"),
        (Machine(memory=16, gpu=11.9, disk=100), "workstation"),
        (Machine(memory=16, gpu=24, disk=19), "laptop"),
        (Machine(memory=16, gpu=24, disk=1), "pocket"),
        (Machine(memory=1, gpu=0, disk=100), "pocket"),
    ],
)
def test_the_most_capable_that_fits(machine: Machine, name: str) -> None:
    assert recommended(load_settings(), machine).name == name


def test_what_needs_a_server_or_a_script_is_never_recommended() -> None:
    assert not any(fits(presets()[name], Machine(1000, 1000, 1000)) for name in ("served", "scripted"))


def test_what_is_here_needs_no_room() -> None:
    assert fits(presets()["workstation"], Machine(16, 24, 0.5), download=0)


def test_models_are_counted_without_a_network(tmp_path: Path) -> None:
    settings = load_settings(preset="laptop", generator=str(tmp_path))
    found = {piece.part: piece for piece in pieces(settings, preset_of(settings))}
    assert not found["vlm"].here
    assert found["vlm"].download == 2.0
    assert found["generator"].download is None, "nobody said how large that one is"
    assert missing(list(found.values())) == pytest.approx(2.0 + 0.6 + 0.5)


def test_this_machine_has_memory_and_a_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "_gpu", lambda: 8.0)
    machine = this_machine(load_settings())
    assert machine.memory > 0.5
    assert machine.disk > 0
    assert machine.gpu == 8.0


def test_sizes_follow_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "one").write_bytes(b"x" * 10)
    (tmp_path / "a" / "b" / "two").write_bytes(b"x" * 5)
    assert [folder_size(tmp_path / name) for name in ("a", "a/one", "no")] == [15, 10, 0]
