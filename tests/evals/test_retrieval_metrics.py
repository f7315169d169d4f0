"""Ranks and chance against naive reference implementations, on random cases."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from evals.metrics.ranking import best_rank, chance_within, first, reciprocal, within


def naive_rank(scores: list[float], right: set[int]) -> int:
    """Walk down the list, the wrong ones of a tie first, to the first right one."""
    ordered = sorted(range(len(scores)), key=lambda place: (-scores[place], place in right))
    return next(rank for rank, place in enumerate(ordered, 1) if place in right)


@pytest.mark.parametrize("seed", range(50))
def test_ranks_are_those_of_a_sorted_list(seed: int) -> None:
    draw = random.Random(seed)
    count = draw.randrange(1, 30)
    scores = [draw.choice((0.0, 0.25, 0.5, draw.random())) for _ in range(count)]
    right = set(draw.sample(range(count), draw.randrange(1, min(count, 5) + 1)))
    array = np.array(scores, np.float32)
    rank = best_rank(array, sorted(right))
    assert rank == naive_rank(list(map(float, array)), right)
    shown = first(array, sorted(right), count)
    assert sorted(shown) == list(range(count))
    assert shown.index(next(place for place in shown if place in right)) + 1 == rank
    assert first(array, sorted(right), 3) == shown[:3]


def test_an_encoder_that_gives_everything_one_vector_comes_last() -> None:
    assert best_rank(np.ones(100, np.float32), [7]) == 100
    assert best_rank(np.ones(100, np.float32), [7, 8, 9, 10, 11]) == 96


@pytest.mark.parametrize(("candidates", "right", "most"), [*itertools.product((1, 2, 5, 7), (1, 2, 3), (1, 2, 5, 10))])
def test_chance_is_the_share_of_all_orders(candidates: int, right: int, most: int) -> None:
    right = min(right, candidates)
    orders = list(itertools.permutations(range(candidates)))
    hit = sum(any(place < right for place in order[:most]) for order in orders)
    assert chance_within(candidates, right, most) == pytest.approx(hit / len(orders))


def test_what_was_not_found_is_worth_nothing() -> None:
    assert [reciprocal(rank) for rank in (1, 2, 4, None)] == [1.0, 0.5, 0.25, 0.0]
    assert [within(rank, 5) for rank in (1, 5, 6, None)] == [1.0, 1.0, 0.0, 0.0]
