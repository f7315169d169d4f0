"""Mended confidences: against other implementations, and what must hold of any."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression, minimize  # type: ignore[import-untyped]

from evals.metrics.calibration import ece
from evals.metrics.recalibration import FITS, fit_isotonic, fit_logistic
from runtime.confidence import Logistic

answers = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=60)
methods = pytest.mark.parametrize("method", FITS)


def drawn(seed: int, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Confidences that are too high by a known curve."""
    random = np.random.default_rng(seed)
    stated = random.uniform(0.3, 0.99, n)
    return stated, random.random(n) < Logistic(0.6, -0.8)(stated)


@methods
@given(rows=answers)
def test_any_fit_keeps_the_order_and_stays_a_probability(method: str, rows: list[tuple[float, bool]]) -> None:
    stated, right = zip(*rows, strict=True)
    curve = FITS[method](stated, right)
    grid = np.linspace(0, 1, 101)
    mended = curve(grid)
    assert np.all((mended >= 0) & (mended <= 1))
    assert np.all(np.diff(mended) >= -1e-12)


@methods
@pytest.mark.parametrize("seed", range(5))
def test_a_fit_mends_what_it_was_not_shown(method: str, seed: int) -> None:
    curve = FITS[method](*drawn(seed))
    stated, right = drawn(seed + 100)
    assert ece(curve(stated), right) < ece(stated, right) / 2


@pytest.mark.parametrize("seed", range(5))
def test_the_logistic_fit_is_the_likeliest(seed: int) -> None:
    stated, right = drawn(seed, 60)
    target = np.where(right, (right.sum() + 1) / (right.sum() + 2), 1 / ((~right).sum() + 2))
    odds = np.log(stated / (1 - stated))

    def loss(point: np.ndarray) -> float:
        return float(np.sum(np.logaddexp(0, point[0] * odds + point[1]) - target * (point[0] * odds + point[1])))

    wanted = minimize(loss, (1.0, 0.0), tol=1e-12).x
    found = fit_logistic(stated, right)
    assert [found.slope, found.bias] == pytest.approx(wanted, abs=1e-4)


@given(rows=answers)
def test_the_isotonic_fit_is_scipys(rows: list[tuple[float, bool]]) -> None:
    stated, right = (np.array(each, float) for each in zip(*rows, strict=True))
    levels, place = np.unique(stated, return_inverse=True)
    sizes = np.bincount(place)
    wanted = isotonic_regression(np.bincount(place, weights=right) / sizes, weights=sizes).x
    assert fit_isotonic(stated, right)(levels) == pytest.approx(wanted, abs=1e-9)


def test_goldens() -> None:
    steps = fit_isotonic([0.1, 0.2, 0.3, 0.4], [False, True, False, True])
    assert steps.to_json() == {"method": "isotonic", "confidence": [0.1, 0.2, 0.3, 0.4], "value": [0, 0.5, 0.5, 1]}
    assert steps([0.0, 0.15, 0.25, 1.0]).tolist() == pytest.approx([0, 0.25, 0.5, 1])
    assert Logistic(1.0, 0.0)([0.2, 0.5, 0.9]).tolist() == pytest.approx([0.2, 0.5, 0.9])
    assert Logistic(0.5, 0.0)([0.8]).tolist() == pytest.approx([2 / 3])  # odds of 4 become odds of 2


def test_confidence_that_misleads_becomes_the_share_of_right_answers() -> None:
    curve = fit_logistic([0.9] * 50 + [0.2] * 50, [False] * 50 + [True] * 50)
    assert curve.slope == 0
    assert curve([0.1, 0.9]).tolist() == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize("right", [True, False])
def test_answers_that_are_all_right_or_all_wrong_have_a_fit(right: bool) -> None:
    curve = fit_logistic([0.3, 0.6, 0.6, 1.0], [right] * 4)
    assert np.all((curve([0.3, 1.0]) > 0.7) == right)
