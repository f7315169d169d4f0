from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.ui.shelves import folder_of, install, paint
from tests.ui.terminal import Result, Terminal


@pytest.fixture
def vistalk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    install(monkeypatch)
    return Terminal(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return folder_of(tmp_path / "shop")


def counts(done: Result) -> dict[str, int]:
    return {name: done.json[name] for name in ("new", "changed", "unchanged", "removed", "failed") if done.json[name]}


def names(hits: list[dict[str, Any]]) -> list[str]:
    return [Path(hit["path"]).name for hit in hits]


def test_what_is_new_changed_and_gone_is_counted(vistalk: Terminal, folder: Path) -> None:
    first = vistalk("index", str(folder))
    assert first.code == 0
    assert re.fullmatch(r"5 files in \d+\.\d s, \d+\.\d a second: 5 new\n", first.out)
    paint(folder / "red.png", "blue", 41)
    (folder / "green.png").unlink()
    paint(folder / "more" / "green.png", "green")
    assert counts(vistalk("index", str(folder), "--json")) == {"new": 1, "changed": 1, "unchanged": 3, "removed": 1}
    assert counts(vistalk("index", "--json")) == {"unchanged": 5}  # what was indexed before
    assert counts(vistalk("index", "--again", "--json")) == {"changed": 5}


def test_progress_is_told_on_stderr(vistalk: Terminal, folder: Path) -> None:
    done = vistalk("index", str(folder))
    assert "5 of 5: 5 new" in done.err.splitlines()
    assert vistalk("index", "--json").err == ""


def test_what_cannot_be_read_is_listed_with_the_reason(vistalk: Terminal, folder: Path) -> None:
    (folder / "empty.png").write_bytes(b"")
    (folder / "words.jpg").write_text("no picture", encoding="utf-8")
    done = vistalk("index", str(folder))
    assert done.code == 0
    assert "5 new, 2 failed" in done.out
    assert f'✗ {folder / "empty.png"}\n  "empty.png" is empty.' in done.err
    assert f'✗ {folder / "words.jpg"}\n  "words.jpg" is not a kind of picture' in done.err
    told = vistalk("index", "--json").json["failures"]
    assert sorted(failure["path"] for failure in told) == [str(folder / "empty.png"), str(folder / "words.jpg")]


def test_many_failures_are_cut_short(vistalk: Terminal, tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    for number in range(14):
        (tmp_path / "bad" / f"{number}.png").write_bytes(b"")
    done = vistalk("index", str(tmp_path / "bad"))
    assert done.code == 1
    assert done.err.count("✗") == 12
    assert done.err.splitlines()[-1] == "and 2 more; --json lists all"
    assert len(vistalk("index", "--json", str(tmp_path / "bad")).json["failures"]) == 14


def test_nothing_to_index_is_told(vistalk: Terminal, tmp_path: Path) -> None:
    assert vistalk("index").code == 1
    missing = vistalk("index", str(tmp_path / "nowhere"))
    assert missing.code == 1
    assert f"{tmp_path / 'nowhere'} is not there." in missing.err


def test_ctrl_c_keeps_what_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    install(monkeypatch, lambda: os.kill(os.getpid(), signal.SIGINT))
    stopped = Terminal(tmp_path)("index", str(folder))
    assert stopped.code == 130
    assert stopped.err.splitlines()[-1] == "Stopped. What is done is kept; the same command goes on from here."
    install(monkeypatch)
    after = Terminal(tmp_path)("index", str(folder), "--json")
    assert after.code == 0
    assert after.json["new"] + after.json["unchanged"] == 5


def test_pictures_are_found_by_words_and_by_a_picture(vistalk: Terminal, folder: Path, tmp_path: Path) -> None:
    vistalk("index", str(folder))
    assert names(vistalk("search", "a blue thing", "--json").json["pictures"])[0] == "blue.png"
    like = paint(tmp_path / "elsewhere.jpg", "yellow", 60)
    alike = vistalk("search", "--image", str(like), "--json", "--top", "2").json["pictures"]
    assert names(alike)[0] == "yellow.png"
    assert len(alike) == 2
    assert alike[0]["score"] == pytest.approx(1, abs=0.01)
    assert alike[0]["present"] is True
    shown = vistalk("search", "red", "--top", "1").out.splitlines()
    assert shown[0].split() == ["score", "date", "picture", "catalogue"]
    place = re.escape(str(folder / "red.png"))
    assert re.match(rf"\d\.\d\d\d +\d{{4}}-\d\d-\d\d +{place} +Ember — a red mug", shown[1])


def test_passages_are_found_with_their_place(vistalk: Terminal, folder: Path) -> None:
    vistalk("index", str(folder))
    hit = vistalk("search", "--documents", "back within thirty days", "--json").json["passages"][0]
    assert (names([hit]), hit["page"], hit["lexical_rank"]) == (["rules.md"], None, 1)
    assert hit["heading"] == "Rules › Returns"
    assert hit["text"] == "Bring it back within thirty days."
    shown = vistalk("search", "-d", "back within thirty days", "--top", "1").out
    for part in (str(folder / "rules.md"), "Rules › Returns", "Bring it back within thirty days."):
        assert part in shown


def test_a_search_is_narrowed(vistalk: Terminal, folder: Path) -> None:
    paint(folder / "sub" / "red2.png", "red")
    os.utime(folder / "red.png", (10**8, 10**8))  # in 1973
    vistalk("index", str(folder))
    below = vistalk("search", "red", "--folder", str(folder / "sub"), "--json").json["pictures"]
    assert names(below) == ["red2.png"]
    assert names(vistalk("search", "red", "--until", "1980-01-01", "--json").json["pictures"]) == ["red.png"]
    assert "red.png" not in names(vistalk("search", "red", "--since", "1980-01-01", "--json").json["pictures"])
    nothing = vistalk("search", "red", "--until", "1960-01-01")
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "Nothing was found.\n")


def test_a_file_that_is_gone_is_shown_as_such(vistalk: Terminal, folder: Path) -> None:
    vistalk("index", str(folder))
    (folder / "red.png").unlink()
    (folder / "rules.md").unlink()
    assert "red.png (not there any more)" in vistalk("search", "red").out
    assert vistalk("search", "red", "--json").json["pictures"][0]["present"] is False
    assert "rules.md (not there any more)" in vistalk("search", "-d", "days").out
    assert "2 of these files not there any more" in vistalk("library", "stats").out


def test_names_of_files_cannot_steer_the_terminal(vistalk: Terminal, folder: Path) -> None:
    paint(folder / "evil\x1b[31m\n\u202ename.png", "red", 50)
    (folder / "bad\x1b]0;x\x07\n.png").write_bytes(b"")
    indexed = vistalk("index", str(folder))
    assert "6 files" not in indexed.out  # the failed one counts as dealt with too
    shown = vistalk("search", "red", "--top", "2")
    assert "evil\\x1b[31m\\n\\u202ename.png" in shown.out
    for text in (indexed.out, indexed.err, shown.out, shown.err, vistalk("library", "duplicates").out):
        assert text.replace("\n", "").isprintable()


BAD_SEARCHES = {
    "": "There is nothing to search for.",
    "  ": "There is nothing to search for.",
    "x" * 20_001: "20,000 are the most",
}


@pytest.mark.parametrize("words", BAD_SEARCHES)
def test_a_search_for_nothing_or_too_much_is_refused(vistalk: Terminal, folder: Path, words: str) -> None:
    vistalk("index", str(folder))
    done = vistalk("search", words)
    assert (done.code, done.out) == (1, "")
    assert BAD_SEARCHES[words] in done.err


@pytest.mark.parametrize("words", ["x " * 5_000, "🐕🐕🐕", '"; DROP TABLE files; --', "(AND) NEAR* red"])
@pytest.mark.parametrize("kind", [[], ["--documents"]])
def test_odd_words_are_only_words(vistalk: Terminal, folder: Path, words: str, kind: list[str]) -> None:
    vistalk("index", str(folder))
    done = vistalk("search", *kind, "--json", "--", words)
    assert done.code == 0
    assert len(done.json["passages" if kind else "pictures"]) >= 1


def test_a_picture_that_is_none_is_refused(vistalk: Terminal, folder: Path) -> None:
    vistalk("index", str(folder))
    for arguments, sentence in [
        (["--image", "nowhere.png"], "cannot be read: No such file"),
        (["--image", str(folder / "rules.md")], "is not a kind of picture"),
        (["--image", str(folder / "red.png"), "red"], "A picture is searched for alone"),
        (["--image", str(folder / "red.png"), "--documents"], "A picture is searched for alone"),
    ]:
        done = vistalk("search", *arguments)
        assert (done.code, done.out) == (1, "")
        assert sentence in done.err


def test_an_empty_library_says_how_to_begin(vistalk: Terminal) -> None:
    assert "No picture of yours is indexed yet." in vistalk("search", "red").err
    assert "No document of yours is indexed yet." in vistalk("search", "-d", "red").err
    assert vistalk("library", "stats").err == "Nothing is indexed yet. `vistalk index FOLDER` begins.\n"
    assert vistalk("library", "duplicates").err == "No two pictures look the same.\n"
    assert vistalk("library", "stats", "--json").json["pictures"] == 0


def test_an_encoder_of_another_kind_is_refused_until_all_is_read_again(
    vistalk: Terminal, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vistalk("index", str(folder))
    monkeypatch.setattr("tests.ui.shelves.Colours.id", "other colours")
    for arguments in (["search", "red"], ["index"]):
        done = vistalk(*arguments)
        assert (done.code, done.out) == (1, "")
        assert "by another encoder (colours) than other colours" in done.err
        assert "vistalk index --again" in done.err
    assert vistalk("index", "--again").code == 0
    assert vistalk("search", "red").code == 0


def test_the_scripted_preset_alone_cannot_search(tmp_path: Path) -> None:
    done = Terminal(tmp_path)("search", "red")
    assert done.code == 1
    assert "With the preset scripted, pictures cannot be searched" in done.err


def test_the_library_is_counted_tidied_and_compared(vistalk: Terminal, folder: Path) -> None:
    paint(folder / "sub" / "red2.png", "red", 60)
    vistalk("index", str(folder))
    held = vistalk("library", "stats", "--json").json
    assert (held["pictures"], held["documents"], held["encoder"]) == (5, 1, "colours")
    assert [place["path"] for place in held["folders"]] == [str(folder)]
    shown = vistalk("library", "stats").out
    assert "5 pictures, 1 document in 2 passages;" in shown
    assert "encoders: colours, letters" in shown
    groups = vistalk("library", "duplicates", "--json").json
    assert [sorted(names(group)) for group in groups] == [["red.png", "red2.png"]]
    assert "red2.png" in vistalk("library", "duplicates").out
    assert vistalk("library", "remove", str(folder / "sub"), "--json").json == {"removed": 1}
    assert vistalk("library", "remove", str(folder / "red.png")).err == "1 file taken out of the index.\n"
    assert "was indexed" in vistalk("library", "remove", str(folder / "red.png")).err
    assert vistalk("library", "stats", "--json").json["pictures"] == 3
    assert (folder / "red.png").is_file()


def test_paths_may_be_relative(vistalk: Terminal, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    assert vistalk("index", "shop").code == 0
    found = vistalk("search", "--image", "shop/red.png", "--folder", "shop/../shop", "--top", "1", "--json")
    assert found.json["pictures"][0]["path"] == str(folder / "red.png")
    assert vistalk("library", "remove", "shop", "--json").json == {"removed": 5}


def test_captions_and_text_are_made_on_request(vistalk: Terminal, folder: Path) -> None:
    assert vistalk("index", str(folder), "--captions").code == 0
    hit = vistalk("search", "blue", "--top", "1", "--json").json["pictures"][0]
    assert (hit["caption"], hit["text"]) == ("Hello there.", "")  # the scripted model's words


@pytest.mark.parametrize("command", ["index", "search", "library", "library stats", "demo shop"])
def test_every_command_has_help(vistalk: Terminal, command: str) -> None:
    done = vistalk.plain(*command.split(), "--help")
    assert done.code == 0
    assert f"Usage: root {command}" in done.out
