"""Full disks, killed writers, spoiled files, many writers at once."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from memory.images import ImageStore
from runtime.errors import DiskFull, ImageMissing, SetupError
from tests.memory.pictures import LIMITS, file_of, files, photo

ROOT = Path(__file__).parents[2]


def test_a_changed_file_is_noticed_and_mended_by_a_new_upload(store: ImageStore) -> None:
    data = file_of(photo(), "PNG")
    ref = store.add(data, handle="img1")
    path = store.path(ref.sha256)
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(ImageMissing, match="no longer what was stored"):
        store.open(ref.sha256)
    store.add(data, handle="img1")
    assert store.open(ref.sha256).size == (48, 32)


def test_an_unreadable_file_is_missing(store: ImageStore, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = store.add(file_of(photo(), "PNG"), handle="img1")

    def refuse(path: Path) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ImageMissing, match="cannot be read: Permission denied"):
        store.open(ref.sha256)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("moment", [1, 2, 3, 4])
def test_a_full_disk_leaves_nothing_behind(
    store: ImageStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int, code: int
) -> None:
    earlier = store.add(file_of(photo(seed=1), "PNG"), handle="img1")
    before = files(tmp_path)
    calls: list[int] = []
    fsync = os.fsync

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == moment:
            raise OSError(code, "No space left on device")
        fsync(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(DiskFull, match="The disk is full"):
            store.add(file_of(photo(seed=2), "PNG"), handle="img2")
    assert len(calls) == moment
    assert files(tmp_path) == before
    assert store.open(earlier.sha256).size == (48, 32)
    assert store.open(store.add(file_of(photo(seed=2), "PNG"), handle="img2").sha256).size == (48, 32)


def test_a_full_disk_does_not_harm_a_picture_that_is_sent_again(
    store: ImageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = file_of(photo(), "PNG")
    ref = store.add(data, handle="img1")
    store.thumbnail(ref.sha256).unlink()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull):
        store.add(data, handle="img2")
    assert store.open(ref.sha256).size == (48, 32)


def test_a_folder_that_cannot_be_written_is_named(store: ImageStore, tmp_path: Path) -> None:
    (tmp_path / "images").write_text("a file where the folder should be")
    with pytest.raises(SetupError, match="cannot be written: Not a directory"):
        store.add(file_of(photo(), "PNG"), handle="img1")


def test_a_process_killed_while_it_writes_leaves_no_picture(tmp_path: Path) -> None:
    script = f"""
import os, signal
from pathlib import Path
from memory.images import ImageStore
from tests.memory.pictures import LIMITS, file_of, photo
os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
ImageStore(Path({str(tmp_path)!r}), "ann", **LIMITS).add(file_of(photo(), "PNG"), handle="img1")
"""
    killed = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False)
    assert killed.returncode == -9
    assert [Path(place).suffix for place in files(tmp_path)] == [".part"]
    ImageStore(tmp_path, "bob", **LIMITS)
    assert len(files(tmp_path)) == 1  # another user's folder is not looked into
    ImageStore(tmp_path, "ann", **LIMITS)
    assert files(tmp_path) == set()


def test_adding_from_many_threads(store: ImageStore, tmp_path: Path) -> None:
    uploads = [file_of(photo(seed=seed % 3), "JPEG") for seed in range(24)]
    with ThreadPoolExecutor(8) as pool:
        refs = list(pool.map(lambda data: store.add(data, handle="img1"), uploads))
    assert [ref.sha256 for ref in refs] == [refs[index % 3].sha256 for index in range(24)]
    assert len(files(tmp_path)) == 6
    assert all(store.open(ref.sha256).size == (48, 32) for ref in refs)
