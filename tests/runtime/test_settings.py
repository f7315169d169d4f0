"""Settings come from flags, then the environment, then the file, then defaults; what makes no sense is named."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from runtime.errors import BadSetting
from runtime.settings import Settings, load_settings, settings_file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the settings file is looked for; not there yet."""
    assert settings_file() == tmp_path / "settings.toml"
    return settings_file()


def test_defaults() -> None:
    settings = load_settings()
    assert (settings.preset, settings.device, settings.threads, settings.host) == ("pocket", "auto", None, "127.0.0.1")


def test_flags_win_over_environment_over_file_over_defaults(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().port == 8501
    file.write_text("port = 1001\n")
    assert load_settings().port == 1001
    monkeypatch.setenv("VISTALK_PORT", "1002")
    assert load_settings().port == 1002
    assert load_settings(port=1003).port == 1003
    assert load_settings(port=None).port == 1002, "a flag that is None was not given"


def test_each_source_gives_what_the_others_do_not(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text('seed = 7\nlanguage = "zh"\n')
    monkeypatch.setenv("VISTALK_USER", "ann")
    settings = load_settings(preset="laptop")
    assert (settings.seed, settings.language, settings.user, settings.preset) == (7, "zh", "ann", "laptop")


def test_an_empty_variable_was_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISTALK_THREADS", "")
    monkeypatch.setenv("VISTALK_HOME", "")
    settings = load_settings()
    assert settings.threads is None
    assert settings.home == Settings.model_fields["home"].get_default(call_default_factory=True)


def test_paths_are_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    settings = load_settings(home="~/data", script="script.json")
    assert (settings.home, settings.script) == (tmp_path / "data", tmp_path / "script.json")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", 0),
        ("port", "many"),
        ("device", "tpu"),
        ("dtype", "int8"),
        ("language", "fr"),
        ("threads", 0),
        ("temperature", 2.1),
        ("memory_budget_gb", 0),
        ("memory_budget_gb", float("inf")),
        ("turn_seconds", float("nan")),
        ("user", "../ann"),
        ("user", ""),
        ("home", "~no-such-user/data"),
        ("max_images_per_turn", 0),
    ],
)
def test_a_bad_value_is_named_with_its_sources(name: str, value: Any, file: Path) -> None:
    with pytest.raises(BadSetting) as caught:
        load_settings(**{name: value})
    assert caught.value.message.startswith(f"The setting {name!r} is not right: ")
    assert "error" not in caught.value.message
    assert f"VISTALK_{name.upper()}" in caught.value.hint
    assert str(file) in caught.value.hint


def test_a_bad_value_in_the_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISTALK_PORT", "many")
    with pytest.raises(BadSetting, match="'port'"):
        load_settings()


@pytest.mark.parametrize("content", [b"port = \n", b"port = 1\nport = 2\n", b"\xff\xfe", b"no toml"])
def test_a_broken_file_is_named(content: bytes, file: Path) -> None:
    file.write_bytes(content)
    with pytest.raises(BadSetting) as caught:
        load_settings()
    assert caught.value.message.startswith(f"{file} cannot be read: ")


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that opens and cannot be read")
def test_a_file_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISTALK_SETTINGS", "/proc/self/mem")
    with pytest.raises(BadSetting, match=r"^/proc/self/mem cannot be read: "):
        load_settings()


def test_an_unknown_key_in_the_file_is_refused(file: Path) -> None:
    file.write_text("prot = 1001\n")
    with pytest.raises(BadSetting, match=r"^There is no setting 'prot'\."):
        load_settings()


def test_a_secret_is_in_no_text(file: Path) -> None:
    settings = load_settings(vlm_key="sk-hush")
    assert settings.vlm_key == "sk-hush"
    assert "sk-hush" not in f"{settings!r} {settings}"
    file.write_text("vlm_key = 4815162342\n")
    with pytest.raises(BadSetting) as caught:
        load_settings()
    assert "4815162342" not in "".join(traceback.format_exception(caught.value))


def test_settings_do_not_change() -> None:
    settings = load_settings()
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]
