from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory.library import lexical
from memory.library.lexical import create, drop, put, ranked, scrub, terms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXTS = {
    "returns": ("Returns › How long", "Whoever returns a lamp gets the money back within 14 days."),
    "café": ("In the shops", "The café opens at nine. Dogs are not allowed there."),
    "退货": ("退货 › 期限", "自收到商品之日起三十天内可以退货，请保留发票。"),
    "宠物": ("孩子与宠物", "小型犬和猫可以住一楼的三间房，每晚加五十元。"),
    "wifi": ("房间", "网络的密码写在茶盘下面，名字是ＷｉＦｉ５。"),
}


@pytest.fixture
def library() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    create(connection)
    create(connection)  # again does no harm
    for name, (title, body) in TEXTS.items():
        put(connection, "passage", "ann", name, title, body)
    yield connection
    connection.close()


def found(library: sqlite3.Connection, words: str, most: int = 9) -> list[str]:
    return ranked(library, "passage", "ann", words, most)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("returned", "returns"),
        ("When will I get my money?", "returns"),
        ("LAMPS", "returns"),
        ("cafe", "café"),
        ("is a dog allowed", "café"),
        ("退货", "退货"),
        ("退货的期限是多少天？", "退货"),
        ("发票要不要保留", "退货"),
        ("猫", "宠物"),  # in the middle of a sentence
        ("元", "宠物"),  # at its end
        ("可以带猫吗", "宠物"),
        ("猫可以住吗", "宠物"),
        ("wifi5密码", "wifi"),
        ("密\n码", "wifi"),
    ],
)
def test_finds(library: sqlite3.Connection, words: str, name: str) -> None:
    assert found(library, words)[0] == name


@pytest.mark.parametrize(
    "words", ["", " ", "what is it?", "请问什么的", "🐈", '"', "zebra", "斑马", "\ud800", "\0", "* OR *"]
)
def test_finds_nothing(library: sqlite3.Connection, words: str) -> None:
    assert found(library, words) == []


@pytest.mark.parametrize(
    "words",
    [
        "NEAR(lamp dog, 2)",
        "lamp AND",
        "NOT lamp",
        "title:lamp",
        '"lamp',
        "lamp*",
        "^lamp",
        "(lamp",
        "{lamp}",
        "-lamp",
        "lamp + ,",
    ],
)
def test_operators_are_words(library: sqlite3.Connection, words: str) -> None:
    assert "returns" in found(library, words)


@given(st.text(st.characters(exclude_categories=()), max_size=80))
@settings(max_examples=300, deadline=None)
def test_no_query_is_an_error(words: str) -> None:
    connection = sqlite3.connect(":memory:")
    create(connection)
    put(connection, "passage", "ann", "1", words, words)
    assert ranked(connection, "passage", "ann", words, 5) in ([], ["1"])
    connection.close()


@given(st.text("退货期限猫a1 \n。é", min_size=1, max_size=30), st.data())
@settings(max_examples=200, deadline=None)
def test_every_word_of_a_text_finds_it(text: str, data: st.DataObject) -> None:
    connection = sqlite3.connect(":memory:")
    create(connection)
    put(connection, "picture", "ann", "1", "", text)
    start = data.draw(st.integers(0, len(text) - 1))
    piece = text[start : start + 2]
    if piece.strip() == piece and piece.isalnum() and not piece.isascii() and not set(piece) & set("a1é"):
        assert ranked(connection, "picture", "ann", piece, 1) == ["1"]
    connection.close()


def test_a_query_is_bounded(library: sqlite3.Connection) -> None:
    long = " ".join(f"word{number}" for number in range(5_000))
    statements: list[str] = []
    library.set_trace_callback(statements.append)
    assert found(library, "lamp " + long) == ["returns"]
    assert statements[0].count(" OR ") == lexical.MAX_TERMS - 1
    assert found(library, "退货" * 5_000) == ["退货"]


def test_titles_weigh_more_than_text_and_more_words_more_than_fewer(library: sqlite3.Connection) -> None:
    put(library, "passage", "ann", "in the body", "Something", "The guarantee is long, and so is the text of it.")
    put(library, "passage", "ann", "in the title", "Guarantee", "Something is long, and so is the text of it here.")
    assert found(library, "guarantee") == ["in the title", "in the body"]
    assert found(library, "lamp money dog")[:2] == ["returns", "café"]
    assert len(found(library, "lamp money dog", 1)) == 1


def test_users_and_kinds_are_apart(library: sqlite3.Connection) -> None:
    put(library, "passage", "bob", "returns", "", "a lamp of bob's")
    put(library, "picture", "ann", "photo", "", "a lamp in a picture")
    assert found(library, "lamp") == ["returns"]
    assert ranked(library, "picture", "ann", "lamp", 9) == ["photo"]
    assert ranked(library, "picture", "bob", "lamp", 9) == []
    drop(library, "passage", "bob", ["returns", "café"])
    assert found(library, "lamp") == ["returns"]
    assert found(library, "café") == ["café"]
    assert ranked(library, "passage", "bob", "lamp", 9) == []


def test_put_replaces_and_drop_removes(library: sqlite3.Connection) -> None:
    put(library, "passage", "ann", "returns", "", "only curtains now")
    assert found(library, "lamp") == []
    assert found(library, "curtain") == ["returns"]
    drop(library, "passage", "ann", ["returns", "never there"])
    assert found(library, "curtain") == []
    scrub(library)
    assert found(library, "dogs") == ["café"]


def test_terms() -> None:
    assert terms("退货期限").split() == ["退货", "货期", "期限", "限"]
    assert terms("猫 A4紙").split() == ["猫", "a4", "紙"]
    assert terms("ＡＢＣ Ｅ").split() == ["abc", "e"]


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_nothing_of_a_dropped_text_stays_on_the_disk(tmp_path: Path, journal: str) -> None:
    path = tmp_path / "library.sqlite"
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA journal_mode={journal}")
    connection.execute("PRAGMA secure_delete=ON")
    create(connection)
    for number in range(300):
        put(
            connection,
            "passage",
            "ann",
            str(number),
            "Heading",
            f"An ordinary passage {number} about lamps. 普通的文字。",
        )
    put(connection, "passage", "ann", "secret", "Xylophonic", "Quetzalcoatl kept here. 饕餮纹饰")
    put(connection, "picture", "ann", "changed", "", "Quetzalcoatl in a picture")
    connection.commit()

    def kept() -> list[bytes]:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        data = b"".join(file.read_bytes() for file in tmp_path.iterdir())
        return [
            word for word in (b"quetzalc", b"etzalcoat", b"xylophon", "饕餮".encode(), "纹饰".encode()) if word in data
        ]

    assert len(kept()) == 5
    drop(connection, "passage", "ann", ["secret"])
    put(connection, "picture", "ann", "changed", "", "nothing")
    scrub(connection)
    connection.commit()
    assert kept() == []
    assert ranked(connection, "passage", "ann", "lamp 299", 1) == ["299"]
    connection.close()
