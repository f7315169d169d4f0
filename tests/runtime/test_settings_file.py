"""The settings file is changed value by value, and keeps what its owner wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.errors import BadSetting, SetupError
from runtime.settings import fixed, load_settings, settings_file
from runtime.settings_file import save


def test_a_file_is_made_where_there_is_none_for_its_owner_alone() -> None:
    save({"language": "zh", "learns": False})
    assert (load_settings().language, load_settings().learns) == ("zh", False)
    assert settings_file().stat().st_mode & 0o077 == 0


def test_comments_and_other_values_stay() -> None:
    settings_file().write_text('# mine\nseed = 7 # lucky\nvlm = "x" # gone soon\n\nport = 1001\n')
    save({"preset": "laptop", "vlm": None, "port": "1002"})
    text = settings_file().read_text()
    assert text.startswith("# mine\nseed = 7 # lucky\n")
    assert (load_settings().seed, load_settings().preset, load_settings().vlm) == (7, "laptop", None)
    assert load_settings().port == 1002


def test_what_makes_no_sense_is_not_written() -> None:
    settings_file().write_text("seed = 7\n")
    with pytest.raises(BadSetting, match="language"):
        save({"language": "klingon"})
    assert settings_file().read_text() == "seed = 7\n"


def test_a_file_that_cannot_be_read_is_left_alone() -> None:
    settings_file().write_text("seed = = 7\n")
    with pytest.raises(BadSetting):
        save({"language": "zh"})
    assert settings_file().read_text() == "seed = = 7\n"


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("VISTALK_SETTINGS", str(tmp_path / "file" / "settings.toml"))
    with pytest.raises(SetupError):
        save({"language": "zh"})


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target = tmp_path / "dotfiles.toml"
    target.write_text("seed = 1\n")
    settings_file().symlink_to(target)
    save({"learns": False})
    assert settings_file().is_symlink()
    assert "learns = false" in target.read_text()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["dotfiles.toml", "settings.toml"]


def test_what_the_environment_gives_is_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISTALK_PRESET", "laptop")
    monkeypatch.setenv("VISTALK_LANGUAGE", "")
    assert fixed() == {"home", "preset"}
