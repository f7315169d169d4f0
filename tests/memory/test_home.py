from __future__ import annotations

import os
import sqlite3
import stat
from typing import TYPE_CHECKING

import pytest

from memory.home import Home
from runtime.errors import BadSetting, DataDirectoryBusy, ImageRejected, SetupError
from runtime.settings import Settings, load_settings
from tests.memory.pictures import file_of, photo

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "deep" / "home", user="ann", max_upload_mb=0.02, max_megapixels=0.1)


def test_opening_makes_a_private_folder(settings: Settings) -> None:
    with Home.open(settings) as home:
        assert home.root == settings.home
        assert stat.S_IMODE(home.root.stat().st_mode) == 0o700
        ref = home.drawings.add(photo(), {"prompt": "cats"}, handle="img1")
        thread = home.conversations.create("cats")
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        home.conversations.list()
    assert {path.name for path in settings.home.iterdir()} >= {"images", "threads.sqlite", "lock"}
    with Home.open(settings) as home:
        assert home.images.open(ref.sha256).size == (48, 32)
        assert home.conversations.get(thread.id).title == "cats"


def test_the_settings_bound_uploads(settings: Settings) -> None:
    with Home.open(settings) as home:
        with pytest.raises(ImageRejected, match=r"larger than 0\.02 MB"):
            home.images.add(bytes(20_001), handle="img1")
        with pytest.raises(ImageRejected, match=r"more than 0\.1 megapixels"):
            home.images.add(file_of(photo(400, 251), "JPEG", quality=5), handle="img1")


def test_the_settings_choose_the_user(settings: Settings) -> None:
    with Home.open(settings) as home:
        thread = home.conversations.create()
        assert thread.user == "ann"
    with Home.open(settings.model_copy(update={"user": "bob"})) as home:
        assert home.conversations.list() == []


def test_another_user_of_the_same_folder_is_apart(settings: Settings) -> None:
    with Home.open(settings) as home:
        home.memories.add("I am Ann", origin="written")
        home.images.add(file_of(photo(), "PNG"), handle="img1")
        bobs = home.of("bob")
        thread = bobs.conversations.create("of Bob")
        assert (bobs.user, bobs.memories.count(), bobs.images.stored()) == ("bob", 0, set())
        assert home.conversations.list() == []
        assert bobs.conversations.saver is home.conversations.saver
        bobs.close()
        assert home.memories.count() == 1
        with pytest.raises(BadSetting):
            home.of("../ann")
        assert home.of("bob").conversations.get(thread.id).title == "of Bob"


def test_one_process_at_a_time(settings: Settings) -> None:
    home = Home.open(settings)
    with pytest.raises(DataDirectoryBusy, match=rf"{settings.home} is in use .* \(process {os.getpid()}\)"):
        Home.open(settings)
    home.close()
    home.close()
    Home.open(settings).close()


def test_a_home_that_cannot_be_made_is_named(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "deep").write_text("a file in the way")
    with pytest.raises(SetupError, match=rf"{settings.home} cannot be written: Not a directory"):
        Home.open(settings)
    (tmp_path / "deep").unlink()
    (tmp_path / "deep").mkdir()
    settings.home.write_text("a file in the way")
    with pytest.raises(SetupError, match="cannot be written: File exists"):
        Home.open(settings)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_home_that_is_read_only_is_named(settings: Settings) -> None:
    settings.home.mkdir(mode=0o500, parents=True)
    with pytest.raises(SetupError, match="Permission denied"):
        Home.open(settings)


def test_a_home_that_fails_to_open_is_let_go(settings: Settings) -> None:
    settings.home.mkdir(parents=True)
    (settings.home / "threads.sqlite").write_bytes(b"something else" * 100)
    with pytest.raises(SetupError, match=r"threads\.sqlite cannot be read or saved: file is not a database"):
        Home.open(settings)
    (settings.home / "threads.sqlite").unlink()
    Home.open(settings).close()
