from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.names import checked_user, plain_line, shown_name
from runtime.errors import BadSetting


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("cat.png", "cat.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\cat.png", "cat.png"),
        ("/", ""),
        ("..", ""),
        ("a/..", ""),
        ("a\x00b\x1b[31m\nc.png", "ab[31m c.png"),
        ("gnp.\u202etac", "gnp.tac"),
        ("caf\ud800e.png", "cafe.png"),
        ("a \x00 b", "a b"),
        ("猫 🐈.png", "猫 🐈.png"),
        ("x" * 200, "x" * 80),
        ("", ""),
    ],
)
def test_shown_names(name: str, shown: str) -> None:
    assert shown_name(name) == shown


@given(st.text(st.characters(exclude_categories=()), max_size=300))
def test_a_shown_name_is_a_short_line_without_folders(name: str) -> None:
    shown = shown_name(name)
    assert len(shown) <= 80
    assert not {"/", "\\", "\n"} & set(shown)
    assert all(c in "\u200c\u200d" or unicodedata.category(c)[0] != "C" for c in shown)
    assert shown.encode().decode() == shown
    assert shown_name(shown) == shown


def test_joined_emoji_stay_whole() -> None:
    assert (
        plain_line(" a \U0001f468\u200d\U0001f469\u200d\U0001f467\t b ", 40)
        == "a \U0001f468\u200d\U0001f469\u200d\U0001f467 b"
    )


@pytest.mark.parametrize("user", ["local", "a.b_c-d@example.org", "X" * 64])
def test_users(user: str) -> None:
    assert checked_user(user) == user


@pytest.mark.parametrize("user", ["", ".", "..", "a/b", "a\\b", "a b", "ü", "a\n", "X" * 65, "\x00"])
def test_users_that_could_leave_their_folder(user: str) -> None:
    with pytest.raises(BadSetting, match="cannot be the name of a user"):
        checked_user(user)
