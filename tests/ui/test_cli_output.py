from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.events import Done, Event, Failed, ImageAdded, Planned, Preview, Token, ToolFinished
from memory.refs import ImageRef
from tests.ui.terminal import Terminal
from ui.commands.output import plain, progress_bar, say_json
from ui.commands.turn import TurnPrinter, call


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("a\x1b[31mred\x1b[0m", "ared"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]52;c;c2VjcmV0\x1b\\text", "text"),
        ("\x9b2Jtext", "text"),
        ("\x1b]8;;never ends", "]8;;never ends"),
        ("over\rwrite\b\x00\x7f", "overwrite"),
        ("\u202eturned\u2066", "turned"),
        ("half \ud800 a letter", "half  a letter"),
        ("[red]markup[/red] :smile:", "[red]markup[/red] :smile:"),
        ("lines\nand\ttabs", "lines\nand\ttabs"),
        ("中文 é 👩\u200d🚀", "中文 é 👩\u200d🚀"),
    ],
)
def test_what_could_steer_the_terminal_is_left_out(written: str, seen: str) -> None:
    assert plain(written) == seen


@given(st.text(st.characters(codec=None)))
def test_no_control_character_survives(text: str) -> None:
    seen = plain(text)
    assert not [c for c in seen if unicodedata.category(c)[0] == "C" and c not in "\n\t\u200c\u200d"]
    assert plain(seen) == seen


@given(st.text(st.characters(codec=None)))
def test_json_lines_hold_nothing_that_a_terminal_obeys(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        lines: list[str] = []
        patch.setattr("builtins.print", lambda line, **_: lines.append(line))
        say_json({"text": text})
    assert lines[0].isprintable()
    assert lines[0].isascii()


def test_a_reply_a_file_and_a_title_cannot_steer_the_terminal(tmp_path: Path) -> None:
    vistalk = Terminal(tmp_path)
    picture = vistalk.picture("evil\x1b[31m[bold]name.png")
    done = vistalk("ask", "-i", picture, "steer \x1b[31mtitle")
    assert done.out == "safe [red] :smile: end\n"
    assert "evil" in done.err
    assert "[bold]name.png" in done.err
    listed = vistalk("chat", "--list")
    missing = vistalk("ask", "-i", str(vistalk.folder / "no\x1b[31m\x07ne"), "x")
    assert "none" in missing.err
    for text in (done.out, done.err, listed.out, missing.err):
        assert "\x1b" not in text
        assert text.replace("\n", "").isprintable()


def shown(capsys: pytest.CaptureFixture[str], *events: Event) -> tuple[str, list[str]]:
    with TurnPrinter(lambda sha256: Path("/pictures", f"{sha256[:2]}.png")) as printer:
        for event in events:
            printer.show(event)
    captured = capsys.readouterr()
    return captured.out, captured.err.splitlines()


DONE = Done("A dog.", 0.5, ["img1"], {}, 1.25)
READ = ToolFinished(1, "read_text", 0.5, "A dog.", "untrusted")


def test_a_tool_whose_words_are_the_reply_is_noted_after_them(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = shown(capsys, Token(" \n"), Token(" A"), Token(" dog."), READ, DONE)
    assert out == "A dog.\n"
    assert err == ["read_text took 0.5 s", "confidence 50%, from img1, 1.2 s"]


def test_a_tool_that_failed_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    failed = ToolFinished(1, "vqa", 0.5, "", "untrusted", error="It is too dark.")
    out, err = shown(capsys, failed, Done("", None, [], {}, 2, "cancelled"))
    assert out == ""
    assert err == ["vqa failed: It is too dark.", "stopped, 2.0 s"]


def test_an_answer_that_was_cut_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    _, err = shown(capsys, Token("A"), Done("A", 0.5, [], {}, 2, "length"))
    assert err == ["cut off: this is as long as an answer may be, confidence 50%, 2.0 s"]


def test_a_failure_ends_the_line_that_was_begun(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = shown(capsys, Token("A do"), Failed("model", "It broke.", "Try again.", "A do"))
    assert out == "A do\n"
    assert err == ["It broke.", "Try again."]


def test_an_action_that_was_not_offered_has_no_odds(capsys: pytest.CaptureFixture[str]) -> None:
    _, err = shown(capsys, Planned(1, "answer", {}, {"vqa": 1.0}, 0.25))
    assert err == ["answer, chosen in 0.2 s"]


DRAWN = ImageRef("img2", "ab" * 32, "image/png", 128, 128, "a red \x1b[31mapple").to_dict()


def test_a_drawing_tells_how_it_comes_on_and_where_its_file_is(capsys: pytest.CaptureFixture[str]) -> None:
    stages = [Preview(1, "generate_image", step / 20) for step in range(1, 21)]
    _, err = shown(capsys, *stages, ImageAdded(DRAWN, "generate_image"), ImageAdded(DRAWN, "search_images"), DONE)
    assert err[:3] == ["generate_image", "img2 is a red apple, 128 × 128", "  /pictures/ab.png"]
    assert err[3:-1] == ["img2 is a red apple, 128 × 128"]


def test_a_drawing_that_is_broken_off_leaves_no_bar(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with TurnPrinter(Path) as printer:
        printer.show(Preview(1, "generate_image", 0.5))
    err = capsys.readouterr().err
    assert "50%" in err
    assert err.rindex("\x1b[?25h") > err.rindex("\x1b[?25l")  # the cursor is shown again


def test_arguments_are_shortened() -> None:
    assert call("answer", {}) == "answer"
    long = "x" * 41
    assert call("vqa", {"images": ["img1", "img2"], "question": long}) == f"vqa(img1, img2, {'x' * 39}…)"
    assert call("vqa", {"images": ["img1"], "question": "x" * 40}) == f"vqa(img1, {'x' * 40})"


def test_progress_is_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as progress:
        progress("fetching \x1b[31m[bold]", 0.0)
        progress("fetching \x1b[31m[bold]", 0.5)
        progress("saving", 0.9)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "fetching [bold]\nsaving\n")
