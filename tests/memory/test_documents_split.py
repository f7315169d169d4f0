from __future__ import annotations

import string
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory.documents.parts import Part
from memory.documents.split import split

TEXTS = st.lists(
    st.one_of(
        st.sampled_from(["\n\n", "\n", " ", "\n- ", "\n1. ", " | ", ". ", "。", "！", "？”", "e.g. ", "\n \n", "…\n"]),
        st.text("ab退货🐈" + string.whitespace, max_size=40),
        st.text(max_size=15),
    ),
    max_size=40,
).map("".join)
PARTS = st.lists(st.builds(Part, st.sampled_from(["", "A", "A › B"]), st.sampled_from([None, 1, 2]), TEXTS), max_size=6)


def pieces(text: str, most: int) -> list[str]:
    return [part.text for part in split([Part("", None, text)], most=most)]


@given(PARTS, st.integers(1, 120))
@settings(max_examples=300, deadline=None)
def test_every_character_stands_in_exactly_one_passage_in_order(parts: list[Part], most: int) -> None:
    passages = split(parts, most=most)

    def placed(parts: list[Part]) -> list[tuple[str, int | None, str]]:
        return [(part.heading, part.page, c) for part in parts for c in part.text if not c.isspace()]

    assert placed(passages) == placed(parts)
    assert all(part.text.strip() == part.text and 0 < len(part.text) <= most for part in passages)


@given(st.lists(st.text("ab.。退|", min_size=1, max_size=9)).map(" ".join), st.integers(1, 40))
@settings(max_examples=200, deadline=None)
def test_no_two_neighbours_would_fit_together(text: str, most: int) -> None:
    for first, second in pairwise(pieces(text, most)):
        assert len(first) + len(" ") + len(second) > most


def test_a_section_that_fits_stays_whole_and_short_neighbours_are_joined() -> None:
    parts = [Part("A", 1, "One.\n\nTwo."), Part("A", 1, "Three."), Part("A", 2, "Four."), Part("B", 2, "Five.")]
    assert split(parts) == [
        Part("A", 1, "One.\n\nTwo.\n\nThree."),
        Part("A", 2, "Four."),
        Part("B", 2, "Five."),
    ]


def test_paragraphs_come_before_sentences() -> None:
    assert pieces("First one. More.\n\nSecond one. More.", 30) == ["First one. More.", "Second one. More."]


def test_english_sentences() -> None:
    text = 'Ask Dr. Lee, e.g. by mail. "Is it so?" he asked. It is 3.5 litres! Yes.'
    assert pieces(text, 30) == ["Ask Dr. Lee, e.g. by mail.", '"Is it so?" he asked.', "It is 3.5 litres! Yes."]


def test_chinese_sentences() -> None:
    text = "退货期限是三十天。“可以吗？”他问！商品须未拆封；附上发票。"
    assert pieces(text, 10) == ["退货期限是三十天。", "“可以吗？”他问！", "商品须未拆封；", "附上发票。"]


def test_rows_and_items_stay_whole() -> None:
    table = "Item | Days. Note\nLamp | 30. Yes\nRug | 14. No"
    assert pieces(table, 20) == ["Item | Days. Note", "Lamp | 30. Yes", "Rug | 14. No"]
    assert pieces("Intro line\n- one. Two\n- three. Four\n  goes on", 26) == [
        "Intro line\n- one. Two",
        "- three. Four\n  goes on",
    ]
    assert pieces("a | " + "b. C " * 6, 16) == ["a | b. C b. C b.", "C b. C b. C b. C"]


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("one two three four", ["one two", "three four"]),
        ("one\ntwo three\nfour", ["one", "two three", "four"]),
        ("x" * 25, ["x" * 10, "x" * 10, "x" * 5]),
        ("退" * 12, ["退" * 10, "退" * 2]),
    ],
)
def test_long_sentences_are_cut_between_lines_then_words_then_anywhere(text: str, cut: list[str]) -> None:
    assert pieces(text, 10) == cut


def test_nothing() -> None:
    assert split([]) == []
    assert pieces(" \n ", 10) == []
