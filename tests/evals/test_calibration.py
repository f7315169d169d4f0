from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest

from evals.metrics.calibration import ece, risk_coverage


def test_ece_golden() -> None:
    # one bin says 0.8 and is right half the time, the other says 0.25 and is never right
    assert ece([0.8, 0.8, 0.25, 0.25], [True, False, False, False], bins=5) == pytest.approx(0.5 * 0.3 + 0.5 * 0.25)


def test_a_bin_holds_its_upper_edge() -> None:
    assert ece([0.4, 0.5], [False, True], bins=2) == pytest.approx(abs(0.5 - 0.45))
    assert ece([0.0, 1.0], [False, True]) == 0


def test_risk_coverage_golden() -> None:
    curve = risk_coverage([0.2, 0.9, 0.5], [False, True, False])
    np.testing.assert_allclose(curve.coverage, [1 / 3, 2 / 3, 1])
    np.testing.assert_allclose(curve.risk, [0, 1 / 2, 2 / 3])
    assert curve.aurc == pytest.approx((0 + 1 / 2 + 2 / 3) / 3)


def test_equal_confidences_give_the_mean_over_all_their_orders() -> None:
    correct = [True, False, False, True]
    curves = [np.cumsum([not each for each in order]) / np.arange(1, 5) for order in permutations(correct)]
    np.testing.assert_allclose(risk_coverage([0.7] * 4, correct).risk, np.mean(curves, axis=0))


@pytest.mark.parametrize(("confidences", "correct"), [([], []), ([0.5], []), ([1.1], [True]), ([float("nan")], [True])])
def test_nonsense_is_refused(confidences: list[float], correct: list[bool]) -> None:
    with pytest.raises(ValueError):
        ece(confidences, correct)
    with pytest.raises(ValueError):
        risk_coverage(confidences, correct)


def test_ece_agrees_with_exact_bins() -> None:
    random = np.random.default_rng(1)
    for _ in range(1000):
        count, bins = int(random.integers(1, 30)), int(random.integers(1, 20))
        stated = [float(each) for each in random.random(count)]
        correct = [bool(each) for each in random.integers(2, size=count)]
        wanted = 0.0
        for index in range(bins):
            low, high = Fraction(index, bins), Fraction(index + 1, bins)
            inside = [at for at in range(count) if low < stated[at] <= high or stated[at] == index == 0]
            if inside:
                accuracy = sum(correct[at] for at in inside) / len(inside)
                confidence = sum(stated[at] for at in inside) / len(inside)
                wanted += len(inside) / count * abs(accuracy - confidence)
        assert ece(stated, correct, bins) == pytest.approx(wanted, abs=1e-6)


def test_risk_coverage_agrees_with_selecting_by_hand() -> None:
    random = np.random.default_rng(2)
    for _ in range(1000):
        count = int(random.integers(1, 30))
        stated = [float(each) for each in random.permutation(count) / count]
        correct = [bool(each) for each in random.integers(2, size=count)]
        curve = risk_coverage(stated, correct)
        ranked = sorted(range(count), key=lambda at: stated[at], reverse=True)
        wanted = [sum(not correct[at] for at in ranked[:kept]) / kept for kept in range(1, count + 1)]
        assert list(curve.risk) == pytest.approx(wanted, abs=1e-6)
        assert curve.aurc == pytest.approx(sum(wanted) / count, abs=1e-6)
