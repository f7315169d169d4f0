from __future__ import annotations

import time
from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.statistics import (
    bootstrap_corpus,
    bootstrap_interval,
    mcnemar_exact,
    paired_bootstrap,
    paired_ratio,
    stratified_sample,
)

IDS = [f"q{index}" for index in range(100)]
STRATA = ["colour"] * 60 + ["count"] * 30 + ["text"] * 10


def test_a_sample_is_proportional_and_keeps_the_order() -> None:
    sample = stratified_sample(IDS, STRATA, 20, seed=0)
    assert Counter(STRATA[IDS.index(each)] for each in sample) == {"colour": 12, "count": 6, "text": 2}
    assert sample == sorted(sample, key=IDS.index)


def test_a_sample_depends_on_the_seed_and_not_on_the_order_of_the_file() -> None:
    samples = [frozenset(stratified_sample(IDS, STRATA, 20, seed)) for seed in range(20)]
    assert len(set(samples)) == 20
    assert frozenset(IDS[:20]) not in samples
    assert samples[3] == frozenset(stratified_sample(IDS[::-1], STRATA[::-1], 20, seed=3))


def test_a_sample_stays_the_same_for_ever() -> None:
    assert stratified_sample(IDS, ["all"] * 100, 5, seed=7) == ["q38", "q59", "q61", "q62", "q88"]


def test_every_id_is_drawn_about_equally_often() -> None:
    drawn = Counter(each for seed in range(1000) for each in stratified_sample(IDS, STRATA, 20, seed))
    assert len(drawn) == 100
    assert all(130 < count < 270 for count in drawn.values())  # 200 expected, standard deviation 12.6


def test_many_small_strata_are_not_favoured_by_name() -> None:
    drawn = Counter(each for seed in range(500) for each in stratified_sample(IDS, IDS, 10, seed))
    assert len(drawn) == 100
    assert all(15 < count < 95 for count in drawn.values())  # 50 expected, standard deviation 6.7


@given(st.lists(st.sampled_from("abcd"), max_size=40), st.integers(0, 50), st.integers())
def test_a_sample_has_its_size_and_each_stratum_its_share(strata: list[str], limit: int, seed: int) -> None:
    ids = [str(index) for index in range(len(strata))]
    sample = stratified_sample(ids, strata, limit, seed)
    assert len(sample) == len(set(sample)) == min(limit, len(ids))
    drawn = Counter(strata[int(each)] for each in sample)
    for stratum, size in Counter(strata).items():
        assert abs(drawn[stratum] - size * len(sample) / len(ids)) < 1


def test_a_sample_refuses_nonsense() -> None:
    with pytest.raises(ValueError):
        stratified_sample(IDS, STRATA, -1, seed=0)
    with pytest.raises(ValueError):
        stratified_sample(IDS, STRATA[:-1], 5, seed=0)


def test_an_interval_covers_the_truth_about_95_times_in_100() -> None:
    random = np.random.default_rng(3)
    covered = 0
    for seed in range(300):
        pictures = random.normal(0.0, 1.0, 60)
        values = np.repeat(pictures, 3) + random.normal(0.0, 0.3, 180)
        low, high = bootstrap_interval(values.tolist(), [str(at // 3) for at in range(180)], seed, rounds=400)
        covered += low < 0 < high
    assert 270 <= covered <= 297


def test_items_of_one_picture_do_not_count_as_independent() -> None:
    values = np.repeat(np.random.default_rng(4).integers(2, size=50), 20).astype(float).tolist()
    low, high = bootstrap_interval(values, [str(at // 20) for at in range(1000)], seed=0)
    alone_low, alone_high = bootstrap_interval(values, [str(at) for at in range(1000)], seed=0)
    assert high - low > 3 * (alone_high - alone_low)  # sqrt(20) in theory


def test_the_interval_agrees_with_the_normal_approximation() -> None:
    values = [1.0] * 140 + [0.0] * 60
    low, high = bootstrap_interval(values, [str(at) for at in range(200)], seed=0)
    assert (low, high) == pytest.approx((0.7 - 1.96 * 0.0324, 0.7 + 1.96 * 0.0324), abs=0.01)


def test_a_corpus_statistic_gets_the_items_of_whole_clusters() -> None:
    random = np.random.default_rng(5)
    values, clusters = random.random(40), [f"image{at}" for at in random.integers(9, size=40)]

    def mean(items: np.ndarray[tuple[int, ...], np.dtype[np.intp]]) -> float:
        assert Counter(clusters[at] for at in items).keys() == {clusters[at] for at in items}
        return float(values[items].mean())

    expected = bootstrap_interval(values.tolist(), clusters, seed=1, rounds=300)
    assert bootstrap_corpus(mean, clusters, seed=1, rounds=300) == pytest.approx(expected, abs=1e-9)


def test_intervals_repeat_and_refuse_nonsense() -> None:
    values, clusters = [0.0, 1.0, 1.0, 0.3], ["a", "a", "b", "c"]
    assert bootstrap_interval(values, clusters, seed=9) == bootstrap_interval(values, clusters, seed=9)
    assert bootstrap_interval([0.5], ["a"], seed=0) == (0.5, 0.5)
    for bad in ([], ["a"]):
        with pytest.raises(ValueError):
            bootstrap_interval(values, bad, seed=0)
    with pytest.raises(ValueError):
        bootstrap_interval([], [], seed=0)


def test_ten_thousand_values_take_moments() -> None:
    values, clusters = [0.0, 1.0] * 5000, [str(at) for at in range(10000)]
    started = time.process_time()
    low, high = bootstrap_interval(values, clusters, seed=0)
    assert time.process_time() - started < 2
    assert 0.48 < low < 0.5 < high < 0.52


def test_mcnemar_agrees_with_every_way_the_coins_can_fall() -> None:
    for only_a, only_b, both in product(range(8), range(8), (0, 3)):
        a = [True] * only_a + [False] * only_b + [True] * both
        b = [False] * only_a + [True] * only_b + [True] * both
        discordant = only_a + only_b
        falls = [abs(2 * sum(coins) - discordant) for coins in product((0, 1), repeat=discordant)]
        as_far = sum(distance >= abs(only_a - only_b) for distance in falls)
        assert mcnemar_exact(a, b) == pytest.approx(as_far / len(falls), abs=1e-12)


def test_mcnemar_of_many_items() -> None:
    a, b = [True] * 1100 + [False] * 900, [False] * 1100 + [True] * 900
    assert mcnemar_exact(a, b) == pytest.approx(8.5e-6, rel=0.05)
    assert mcnemar_exact(a, a) == mcnemar_exact([], []) == 1
    with pytest.raises(ValueError):
        mcnemar_exact(a, b[:-1])


def test_a_paired_bootstrap_sees_a_difference_and_none() -> None:
    random = np.random.default_rng(6)
    base, clusters = random.random(300), [str(at // 2) for at in range(300)]
    better = (base + 0.1 + random.normal(0, 0.2, 300)).tolist()
    found = paired_bootstrap(better, base.tolist(), clusters, seed=0)
    assert found.low < found.difference < found.high
    assert found.low > 0
    assert found.p == pytest.approx(2 / 2001)
    same = paired_bootstrap(better, better, clusters, seed=0)
    assert list(same) == [0, 0, 0, 1]
    with pytest.raises(ValueError):
        paired_bootstrap(better, [0.5], clusters, seed=0)


def test_a_paired_bootstrap_is_antisymmetric() -> None:
    random = np.random.default_rng(7)
    a, b, clusters = random.random(50).tolist(), random.random(50).tolist(), [str(at) for at in range(50)]
    one, other = paired_bootstrap(a, b, clusters, seed=2), paired_bootstrap(b, a, clusters, seed=2)
    assert one == pytest.approx((-other.difference, -other.high, -other.low, other.p))


def test_rounding_does_not_break_a_tie() -> None:
    values = [0.3, 0.9, 0.6, 0.6] * 10
    found = paired_bootstrap(values, [0.6] * 40, ["all"] * 40, seed=0)
    assert found.p == 1


def test_a_paired_test_seldom_sees_what_is_not_there() -> None:
    random = np.random.default_rng(8)
    clusters = [str(at) for at in range(80)]
    false_alarms = sum(
        paired_bootstrap(random.random(80).tolist(), random.random(80).tolist(), clusters, seed, rounds=400).p < 0.05
        for seed in range(300)
    )
    assert 3 <= false_alarms <= 30


def test_a_ratio_is_that_of_the_means_over_the_same_resamples() -> None:
    random = np.random.default_rng(5)
    clusters = [f"c{index % 30}" for index in range(120)]
    whole = random.integers(0, 2, 120).astype(float)
    left = whole * random.integers(0, 2, 120)
    ratio = paired_ratio(left.tolist(), whole.tolist(), clusters, seed=3, rounds=500)
    assert ratio.value == pytest.approx(left.mean() / whole.mean())
    naive = bootstrap_corpus(lambda rows: float(left[rows].mean() / whole[rows].mean()), clusters, seed=3, rounds=500)
    assert (ratio.low, ratio.high) == pytest.approx(naive)


def test_a_ratio_of_equals_is_certain_and_of_nothing_is_nothing() -> None:
    assert paired_ratio([1, 0, 1], [1, 0, 1], list("abc"), seed=0)[0] == 1
    assert paired_ratio([0, 0], [0, 0], list("ab"), seed=0) == (0, 0, 0)
    with pytest.raises(ValueError):
        paired_ratio([], [], [], seed=0)
