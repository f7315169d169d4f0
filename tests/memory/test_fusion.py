from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.library.fusion import WORDS_WEIGHT, blend, fuse

COSINES = st.dictionaries(st.sampled_from("abcdef"), st.floats(-1, 1, allow_nan=False).map(lambda x: round(x, 3)))
WORDS = st.dictionaries(st.sampled_from("abcdefg"), st.floats(0.001, 30, allow_nan=False).map(lambda x: round(x, 3)))
RANKINGS = st.lists(st.lists(st.sampled_from("abcdef"), unique=True), max_size=4)


def test_by_hand() -> None:
    fused = fuse(["a", "b", "c"], ["c", "a"])
    assert [name for name, _ in fused] == ["a", "c", "b"]
    assert [score for _, score in fused] == pytest.approx([1 / 61 + 1 / 62, 1 / 63 + 1 / 61, 1 / 62])
    assert fuse(["a"], ["b"], k=1) == [("a", 0.5), ("b", 0.5)]


def test_one_ranking_keeps_its_order_and_none_gives_nothing() -> None:
    assert [name for name, _ in fuse(["b", "a", "c"])] == ["b", "a", "c"]
    assert fuse() == fuse([], []) == []


def test_what_stands_twice_counts_once() -> None:
    assert fuse(["a", "a", "b"]) == fuse(["a", "b"])


@given(RANKINGS)
def test_against_the_definition(rankings: list[list[str]]) -> None:
    fused = fuse(*rankings)
    exact = {
        name: sum(Fraction(1, 60 + ranking.index(name) + 1) for ranking in rankings if name in ranking)
        for name in dict.fromkeys(name for ranking in rankings for name in ranking)
    }
    assert dict(fused) == {name: pytest.approx(float(score)) for name, score in exact.items()}
    assert [score for _, score in fused] == sorted((score for _, score in fused), reverse=True)
    assert fuse(*rankings) == fused


def test_a_blend_by_hand() -> None:
    blended = blend({"a": 0.2, "b": 0.4}, {"a": 15.0, "c": 2.0})  # mean 0.3, standard deviation 0.1
    assert [name for name, _ in blended] == ["a", "b", "c"]
    assert [score for _, score in blended] == pytest.approx([-1 + 15 * WORDS_WEIGHT, 1, 2 * WORDS_WEIGHT])


def test_a_near_text_is_not_overtaken_for_a_word_that_many_have() -> None:
    cosines = {"answer": 0.5, "chance": 0.12, **{f"other {n}": 0.1 + 0.001 * n for n in range(20)}}
    assert blend(cosines, {"chance": 4.0})[0][0] == "answer"
    assert blend(cosines, {"chance": 40.0})[0][0] == "chance"


def test_a_blend_of_little() -> None:
    assert blend({}, {}) == []
    assert blend({"a": 0.3}, {}) == [("a", 0.0)]
    assert blend({}, {"a": 1.0, "b": 2.0}) == [("b", 2 * WORDS_WEIGHT), ("a", WORDS_WEIGHT)]


@given(COSINES, WORDS, st.floats(0.1, 10), st.floats(-0.5, 0.5))
def test_a_blend_does_not_ask_what_an_encoder_calls_near(
    cosines: dict[str, float], words: dict[str, float], scale: float, shift: float
) -> None:
    blended = dict(blend(cosines, words))
    assert set(blended) == set(cosines) | set(words)
    assert list(blended.values()) == sorted(blended.values(), reverse=True)
    other = dict(blend({name: cosine * scale + shift for name, cosine in cosines.items()}, words))
    if len(set(cosines.values())) > 1:
        assert other == pytest.approx(blended, abs=1e-6)
