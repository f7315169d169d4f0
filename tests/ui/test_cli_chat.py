from __future__ import annotations

from pathlib import Path

import pytest

from tests.ui.terminal import Terminal


@pytest.fixture
def vistalk(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


def chat(vistalk: Terminal, *lines: str, arguments: tuple[str, ...] = ()) -> tuple[str, str]:
    done = vistalk("chat", *arguments, typed="".join(f"{line}\n" for line in lines))
    assert done.code == 0
    return done.out, done.err


def test_a_session_answers_until_it_is_left(vistalk: Terminal) -> None:
    out, err = chat(vistalk, "Hi.", "", "/quit", "never read")
    assert out == "Hello there.\n"
    assert "confidence 90%" in err


def test_the_end_of_input_leaves(vistalk: Terminal) -> None:
    assert chat(vistalk)[0] == ""


def test_pictures_are_attached_and_then_belong_to_the_conversation(vistalk: Terminal) -> None:
    named = vistalk.picture("my holiday's photo.png")
    out, err = chat(vistalk, "/images", f"/image {named}", "/images", "Look.", "Look at img1.", "/images")
    assert "There are no pictures yet." in err
    waiting, first, second, after = (line for line in out.splitlines() if "picture  " not in line)
    assert waiting.split() == ["attached", "my", "holiday's", "photo.png"]
    assert first == second == "A dog on grass."
    assert after.split() == ["img1", "my", "holiday's", "photo.png", "48", "×", "32"]


@pytest.mark.parametrize("written", ['"{}"', "'{}'", "{}"])
def test_a_name_with_spaces_may_be_quoted(vistalk: Terminal, written: str) -> None:
    out, err = chat(vistalk, f"/image {written.format(vistalk.picture('my photo.png'))}", "")
    assert out == "Hello there.\n"
    assert "caption(img1)" in err


def test_what_is_no_picture_is_refused_when_it_is_attached(vistalk: Terminal, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    out, err = chat(vistalk, f"/image {tmp_path / 'notes.txt'}", "/image nowhere.png", "Hi.")
    assert '"notes.txt"' in err
    assert 'The file "nowhere.png" cannot be read' in err
    assert out == "Hello there.\n"


def test_conversations_are_listed_opened_and_begun(vistalk: Terminal) -> None:
    thread = vistalk("ask", "--json", "-i", vistalk.picture(), "Look at this meadow.").events[0]["id"]
    out, err = chat(vistalk, "Hi.", "/threads", "/open 2", "Look at img1.", "/new", "Look at img1.")
    lines = out.splitlines()
    assert lines[0] == "Hello there."
    assert lines[2].split()[-1] == "Hi."
    assert thread in lines[3]
    assert lines[4:6] == ["A dog on grass."] * 2  # the one shown again, and the new answer
    assert "> img1 Look at this meadow." in err
    assert "There is no picture in this conversation yet" in lines[6]


def test_a_conversation_is_opened_by_its_id(vistalk: Terminal) -> None:
    thread = vistalk("ask", "--json", "Hi.").events[0]["id"]
    for out, err in (
        chat(vistalk, f"/open {thread}", "Again."),
        chat(vistalk, "And again.", arguments=("--thread", thread)),
    ):
        assert out.endswith("Hello there.\nHello there.\n")
        assert "> Hi." in err
    assert vistalk("chat", "--thread", "0" * 32).code == 1


@pytest.mark.parametrize("wanted", ["1", "0", "7", "nonsense", ""])
def test_what_cannot_be_opened_is_told(vistalk: Terminal, wanted: str) -> None:
    out, err = chat(vistalk, f"/open {wanted}", "Hi.")
    assert "There is no conversation" in err or "The list has no number" in err
    assert out == "Hello there.\n"


def test_help_lists_every_command(vistalk: Terminal) -> None:
    out, err = chat(vistalk, "/help", "/etc/passwd")
    for name in ("/image", "/images", "/new", "/threads", "/open", "/help", "/quit", "Ctrl-C"):
        assert name in out
    assert "There is no /etc/passwd." in err


def test_a_failed_turn_does_not_end_the_session(vistalk: Terminal) -> None:
    out, err = chat(vistalk, "break", "x" * 30_000, "Hi.")
    assert "the engine stopped" in err
    assert "20,000 are the most" in err
    assert out == "Hello there.\n"


def test_a_first_turn_that_comes_to_nothing_leaves_no_conversation(vistalk: Terminal) -> None:
    chat(vistalk, "x" * 30_000)
    assert "no conversations" in vistalk("chat", "--list").err


def test_the_list_shows_ids_to_go_on_with(vistalk: Terminal) -> None:
    thread = vistalk("ask", "--json", "What a day.").events[0]["id"]
    done = vistalk("chat", "--list")
    assert done.code == 0
    number, shown, *_, turns, title = done.out.splitlines()[1].split(maxsplit=5)
    assert (number, shown, turns, title.strip()) == ("1", thread, "1", "What a day.")
