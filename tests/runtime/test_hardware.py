"""Memory as containers limit it, devices that are there, and number formats measured once and remembered."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import torch

from runtime import hardware
from runtime.errors import BadSetting

GB = 10**9


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """32 GB, of which 20 are free."""
    memory = SimpleNamespace(total=32 * GB, available=20 * GB)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)


@pytest.fixture
def cgroup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty tree of control groups, and this process in none."""
    (tmp_path / "tree").mkdir()
    (tmp_path / "membership").write_text("")
    monkeypatch.setattr(hardware, "CGROUP_ROOT", tmp_path / "tree")
    monkeypatch.setattr(hardware, "CGROUP_MEMBERSHIP", tmp_path / "membership")
    return tmp_path / "tree"


def write(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text + "\n")


@pytest.mark.usefixtures("machine", "cgroup")
def test_memory_without_a_container_is_the_machines() -> None:
    assert (hardware.total_memory(), hardware.free_memory()) == (32 * GB, 20 * GB)


@pytest.mark.usefixtures("machine")
def test_memory_where_there_are_no_control_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "CGROUP_MEMBERSHIP", tmp_path / "missing")
    assert (hardware.total_memory(), hardware.free_memory()) == (32 * GB, 20 * GB)


@pytest.mark.usefixtures("machine")
def test_version_2_limits_and_cached_files_do_not_count(cgroup: Path, tmp_path: Path) -> None:
    write(tmp_path, membership="0::/user/app")
    stat = f"anon 1\nactive_file 5\ninactive_file {2 * GB}"
    write(cgroup / "user/app", memory__max=f"{8 * GB}", memory__current=f"{5 * GB}", memory__stat=stat)
    assert (hardware.total_memory(), hardware.free_memory()) == (8 * GB, 5 * GB)


@pytest.mark.usefixtures("machine")
def test_the_tightest_group_above_counts(cgroup: Path, tmp_path: Path) -> None:
    write(tmp_path, membership="0::/user/app")
    write(cgroup / "user/app", memory__max="max", memory__current="1")
    write(cgroup / "user", memory__max=f"{6 * GB}", memory__current=f"{7 * GB}")
    assert hardware.total_memory() == 6 * GB
    assert hardware.free_memory() == 0


@pytest.mark.usefixtures("machine")
def test_version_1_limits(cgroup: Path, tmp_path: Path) -> None:
    write(tmp_path, membership="5:cpu,cpuacct:/app\n4:memory:/app\n0::/app")
    write(
        cgroup / "memory/app",
        memory__limit_in_bytes=f"{4 * GB}",
        memory__usage_in_bytes=f"{3 * GB}",
        memory__stat=f"inactive_file 7\ntotal_inactive_file {GB}",
    )
    assert (hardware.total_memory(), hardware.free_memory()) == (4 * GB, 2 * GB)


@pytest.mark.usefixtures("machine")
def test_a_container_that_sees_the_hosts_path_is_limited_by_its_root(cgroup: Path, tmp_path: Path) -> None:
    write(tmp_path, membership="4:memory:/docker/4f2a")
    write(cgroup / "memory", memory__limit_in_bytes=f"{4 * GB}", memory__usage_in_bytes=f"{GB}")
    assert hardware.free_memory() == 3 * GB


def test_memory_here() -> None:
    assert 0 < hardware.rss() < hardware.total_memory()
    assert 0 < hardware.free_memory() <= hardware.total_memory()


def test_memory_of_a_graphics_card_counts_what_torch_keeps_unused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (5 * GB, 24 * GB))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda: 4 * GB)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda: 3 * GB)
    assert hardware.free_memory("cuda") == 6 * GB


def test_tells_out_of_memory_from_other_errors() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**55)
    assert hardware.is_out_of_memory(caught.value)
    assert hardware.is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."))
    assert hardware.is_out_of_memory(MemoryError())
    assert not hardware.is_out_of_memory(ValueError("the file is damaged"))


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"), [(True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_auto_takes_the_best_device(cuda: bool, mps: bool, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert hardware.best_device("auto") == expected
    assert hardware.best_device("cpu") == "cpu"


def test_a_device_that_is_absent_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(BadSetting) as caught:
        hardware.best_device("mps")
    assert caught.value.message == "The device 'mps' is not on this machine, which has cuda and cpu."


def test_measures_each_format() -> None:
    seconds = hardware.measure_dtypes("cpu")
    assert list(seconds) == ["float32", "bfloat16"]
    assert all(0 < taken < 60 for taken in seconds.values())


class Stopwatch:
    """Stands in for the measurement: gives what it was told to, and counts how often it was asked."""

    def __init__(self, *answers: dict[str, float]) -> None:
        self.answers, self.asked = answers, 0

    def __call__(self, device: str) -> dict[str, float]:
        assert device == "cpu"
        self.asked += 1
        return self.answers[(self.asked - 1) % len(self.answers)]


@pytest.fixture
def steady(monkeypatch: pytest.MonkeyPatch) -> Stopwatch:
    watch = Stopwatch({"float32": 0.5, "bfloat16": 0.2}, {"float32": 0.45, "bfloat16": 0.21})
    monkeypatch.setattr(hardware, "measure_dtypes", watch)
    return watch


def test_a_wanted_format_is_taken_unmeasured(steady: Stopwatch, tmp_path: Path) -> None:
    assert hardware.best_dtype("cpu", "float16", tmp_path / "speed.json") == "float16"
    assert steady.asked == 0


def test_auto_measures_and_remembers(steady: Stopwatch, tmp_path: Path) -> None:
    file = tmp_path / "new" / "speed.json"
    assert hardware.best_dtype("cpu", "auto", file) == "bfloat16"
    assert steady.asked == 2
    assert hardware.best_dtype("cpu", "auto", file) == "bfloat16"
    assert steady.asked == 2
    ((key, seconds),) = json.loads(file.read_text()).items()
    assert key == f"{hardware.processor_name()}, torch {torch.__version__}, cpu"
    assert seconds == {"float32": 0.45, "bfloat16": 0.2}
    assert list(file.parent.iterdir()) == [file]


def test_without_a_file_it_measures(steady: Stopwatch) -> None:
    assert hardware.best_dtype("cpu", "auto") == "bfloat16"


def test_what_another_machine_measured_stays_and_does_not_count(steady: Stopwatch, tmp_path: Path) -> None:
    file = tmp_path / "speed.json"
    other = {"Z80, torch 0.1, cpu": {"float32": 0.1, "bfloat16": 9.0}}
    file.write_text(json.dumps(other))
    assert hardware.best_dtype("cpu", "auto", file) == "bfloat16"
    assert other.items() <= json.loads(file.read_text()).items()


def test_measurements_that_disagree_are_not_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    busy = Stopwatch({"float32": 0.5, "bfloat16": 0.9}, {"float32": 0.5, "bfloat16": 0.2})
    monkeypatch.setattr(hardware, "measure_dtypes", busy)
    file = tmp_path / "speed.json"
    assert hardware.best_dtype("cpu", "auto", file) == "bfloat16"
    assert not file.exists()
    hardware.best_dtype("cpu", "auto", file)
    assert busy.asked == 4


KEY = f"{hardware.processor_name()}, torch {torch.__version__}, cpu"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b"[1]",
        b"3",
        *(
            json.dumps({KEY: value}).encode()
            for value in ({}, 3, None, {"float32": 0.1}, {"float32": 0.1, "int3": 0.2}, {"float32": "x", "bfloat16": 1})
        ),
    ],
)
def test_a_broken_file_is_measured_again(steady: Stopwatch, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "speed.json"
    file.write_bytes(content)
    assert hardware.best_dtype("cpu", "auto", file) == "bfloat16"
    assert json.loads(file.read_text()) == {KEY: {"float32": 0.45, "bfloat16": 0.2}}


def test_a_file_that_cannot_be_written_is_told_and_does_no_harm(
    steady: Stopwatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    assert hardware.best_dtype("cpu", "auto", tmp_path / "file" / "speed.json") == "bfloat16"
    assert "cannot be written" in caplog.text


def test_describes_this_machine() -> None:
    told = hardware.describe()
    assert {"processor", "cores", "memory", "device"} <= told.keys()
    assert all(told.values())
    assert int(told["cores"]) > 0
    assert told["memory"].endswith(" free")
    assert ("gpu" in told) == torch.cuda.is_available()


def test_describes_a_graphics_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Example 9000")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (5 * GB, 24 * GB))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda: 0)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda: 0)
    told = hardware.describe()
    assert (told["device"], told["gpu"]) == ("cuda", "Example 9000, 24.0 GB, 5.0 GB free")


@pytest.mark.skipif(sys.platform != "linux", reason="names come from elsewhere")
def test_an_unnamed_processor_is_called_by_its_architecture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_text", lambda self, encoding: "processor : 0\nCPU part : 0xd0c\n")
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    assert hardware.processor_name() == "aarch64"


@pytest.mark.parametrize(
    ("size", "expected"), [(0, "0 MB"), (312_400_000, "312 MB"), (10**9, "1.0 GB"), (2_149 * 10**6, "2.1 GB")]
)
def test_sizes_for_people(size: int, expected: str) -> None:
    assert hardware.readable(size) == expected
