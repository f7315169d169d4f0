from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from memory.lock import DataLock
from runtime.errors import DataDirectoryBusy, SetupError

ROOT = Path(__file__).parents[2]
HOLDER = """
import sys
from pathlib import Path
from memory.lock import DataLock
lock = DataLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_the_second_in_one_process_is_told_who_holds_it(tmp_path: Path) -> None:
    first = DataLock(tmp_path)
    with pytest.raises(DataDirectoryBusy) as caught:
        DataLock(tmp_path)
    assert caught.value.message == f"{tmp_path} is in use by another vistalk (process {os.getpid()})."
    first.release()
    first.release()
    DataLock(tmp_path).release()


def test_the_holder_may_not_have_told_its_process_yet(tmp_path: Path) -> None:
    first = DataLock(tmp_path)
    (tmp_path / "lock.pid").write_text("")
    with pytest.raises(DataDirectoryBusy, match="process not known"):
        DataLock(tmp_path)
    (tmp_path / "lock.pid").unlink()
    with pytest.raises(DataDirectoryBusy, match="process not known"):
        DataLock(tmp_path)
    first.release()


def test_folders_are_locked_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = DataLock(tmp_path / "a"), DataLock(tmp_path / "b")
    first.release()
    second.release()


def test_a_killed_holder_leaves_no_lock(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(DataDirectoryBusy, match=rf"\(process {holder.pid}\)"):
            DataLock(tmp_path)
        holder.kill()
    lock = DataLock(tmp_path)
    assert (tmp_path / "lock.pid").read_text() == str(os.getpid())
    lock.release()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="cannot be written"):
        DataLock(tmp_path / "file")


def test_a_failed_start_does_not_keep_the_lock(tmp_path: Path) -> None:
    (tmp_path / "lock.pid").mkdir()
    with pytest.raises(SetupError, match="Is a directory") as caught:
        DataLock(tmp_path)
    (tmp_path / "lock.pid").rmdir()
    DataLock(tmp_path).release()
    assert caught.tb  # had kept the half-made lock alive, and held
