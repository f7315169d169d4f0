from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.memory.pictures import file_of, photo
from tests.ui.harness import SCRIPT
from tests.ui.terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def vistalk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    script = tmp_path / "script.toml"
    script.write_text(SCRIPT, encoding="utf-8")
    monkeypatch.setenv("VISTALK_PRESET", "scripted")
    monkeypatch.setenv("VISTALK_SCRIPT", str(script))
    return Terminal(tmp_path)


def said(vistalk: Terminal, words: str, picture: Path | None = None) -> str:
    """The id of a conversation in which these words were said."""
    assert vistalk("ask", *(["--image", str(picture)] if picture else []), words).code == 0
    newest = max(vistalk("threads", "list", "--json").json, key=lambda thread: str(thread["updated"]))
    return str(newest["id"])


def titles(vistalk: Terminal, *arguments: str) -> list[str]:
    return [thread["title"] for thread in vistalk("threads", *arguments, "--json").json]


def test_conversations_are_listed_found_named_pinned_and_deleted(vistalk: Terminal) -> None:
    assert "no conversations" in vistalk("threads", "list").err
    sofa, cat = said(vistalk, "May I return the sofa?"), said(vistalk, "我的猫在哪里？")
    assert titles(vistalk, "list") == ["我的猫在哪里？", "May I return the sofa?"]
    assert titles(vistalk, "list", "--limit", "1", "--offset", "1") == ["May I return the sofa?"]
    assert vistalk("threads", "pin", sofa).code == 0
    assert titles(vistalk, "list")[0] == "May I return the sofa?"
    assert "★ May I return the sofa?" in vistalk("threads", "list").out
    assert vistalk("threads", "rename", cat, "The cat").code == 0
    assert vistalk("threads", "pin", sofa, "--off").code == 0
    assert titles(vistalk, "list") == ["The cat", "May I return the sofa?"]
    assert titles(vistalk, "search", "return sofas") == ["May I return the sofa?"]
    assert titles(vistalk, "search", "猫") == ["The cat"]
    assert "Nothing was found." in vistalk("threads", "search", "zebra").err
    assert vistalk("threads", "delete", sofa).code == 0
    assert titles(vistalk, "list") == ["The cat"]


def test_a_conversation_is_exported_and_imported(vistalk: Terminal, tmp_path: Path) -> None:
    (tmp_path / "dog.png").write_bytes(file_of(photo(), "PNG"))
    thread = said(vistalk, "which animal is it?", tmp_path / "dog.png")
    archive = tmp_path / "out" / "dog.zip"
    assert vistalk("threads", "export", thread, str(archive)).code == 0
    assert {"conversation.md", "pictures/img1.png"} < set(zipfile.ZipFile(archive).namelist())
    assert vistalk("threads", "delete", thread).code == 0
    done = vistalk("threads", "import", str(archive))
    [taken] = vistalk("threads", "list", "--json").json
    assert (done.code, done.out.strip(), taken["title"], taken["turns"]) == (0, taken["id"], "which animal is it?", 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rename", "0" * 32, "x"], "There is no conversation"),
        (["pin", "x"], "There is no conversation"),
        (["delete", "../x"], "There is no conversation"),
        (["export", "0" * 32, "x.zip"], "There is no conversation"),
        (["import", "nowhere.zip"], "cannot be read"),
        (["import", __file__], "no exported conversation"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(vistalk: Terminal, arguments: list[str], message: str) -> None:
    done = vistalk("threads", *arguments)
    assert done.code == 1
    assert message in done.err


def test_an_empty_title_is_refused(vistalk: Terminal) -> None:
    thread = said(vistalk, "good morning")
    done = vistalk("threads", "rename", thread, " ")
    assert (done.code, "The title is empty." in done.err) == (1, True)
    assert titles(vistalk, "list") == ["good morning"]
