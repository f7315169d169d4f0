"""Calibration of finished runs: halves that share no picture, and a curve that helps on the half it was not shown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evals.calibration import calibrate
from evals.formats import Sample
from evals.metrics.calibration import ece
from evals.metrics.recalibration import fit_logistic
from evals.records import Run
from runtime.confidence import Curve, Logistic
from runtime.errors import BadData
from tests.evals.finished import data_file, finished, questions


def overconfident(number: int, sample: Sample) -> tuple[str, float]:
    """Says it is 60 to 98 % sure, and is right in a fifteenth to four fifths of such cases."""
    random = np.random.default_rng(number)
    sure = float(random.uniform(0.6, 0.98))
    return (sample.references[0] if random.random() < sure**10 else "elephant"), sure


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two questions about each of 150 pictures."""
    folder = tmp_path_factory.mktemp("calibrated")
    rows = questions(150) + [{**row, "question": f"{row['question']} Again?"} for row in questions(150)]
    return finished(folder / "run", "vqa", data_file(folder / "data", rows, 150, side=8), overconfident)


@pytest.mark.parametrize("method", ["logistic", "isotonic"])
def test_the_other_half_is_mended(run: Run, method: str) -> None:
    found = calibrate([run], method)
    assert (found.n_fit, found.n) == (150, 150)
    assert found.stated.ece.value > 0.3
    assert found.mended.ece.value < 0.15
    assert found.mended.ece.low <= found.mended.ece.value <= found.mended.ece.high
    assert found.constant < 0.1


def test_the_halves_share_no_picture_and_the_fit_sees_only_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Sequence[float]] = []

    def fit(stated: Sequence[float], right: Sequence[bool]) -> Curve:
        given.append(stated)
        return fit_logistic(stated, right)

    monkeypatch.setitem(__import__("evals.calibration").calibration.FITS, "logistic", fit)
    calibrate([run], "logistic")
    known = {record.confidence: record.group for record in run.records()}
    fitted = {known[sure] for sure in given[0]}
    assert len(given) == 1
    assert len(fitted) == 75  # both questions of each
    calibrate([run], "logistic", seed=1)
    assert {known[sure] for sure in given[1]} != fitted


def test_what_is_written_is_enough_to_mend_with(run: Run) -> None:
    found = calibrate([run], "logistic")
    kept = json.loads(json.dumps(found.to_json()))
    assert isinstance(found.curve, Logistic)
    assert kept["fitted"] == {"method": "logistic", "slope": found.curve.slope, "bias": found.curve.bias, "n": 150}
    assert set(kept["metrics"]) == {"ece", "ece_calibrated", "aurc", "aurc_calibrated"}
    assert kept["baselines"]["constant"]["ece_calibrated"] == pytest.approx(found.constant, abs=1e-6)
    assert sum(each["n"] for each in kept["reliability"]["ece"]) == 150
    assert kept["risk"]["answered"][-1] == 1
    everything = kept["risk"]["aurc"][-1]
    assert kept["risk"]["aurc_calibrated"][-1] == everything  # the share of wrong answers, however they are ordered
    for each in kept["reliability"]["ece_calibrated"]:
        assert each["low"] <= each["confidence"] <= each["high"]


def test_a_logistic_curve_leaves_the_order_and_so_the_risk(run: Run) -> None:
    found = calibrate([run], "logistic")
    assert found.mended.aurc.value == pytest.approx(found.stated.aurc.value)
    assert found.mended.risk == pytest.approx(found.stated.risk)


def test_several_runs_count_together(run: Run) -> None:
    found = calibrate([run, run], "logistic")
    assert (found.n, found.runs) == (300, [run.header().run] * 2)


def test_the_constant_is_judged_on_the_other_half(run: Run) -> None:
    found = calibrate([run], "logistic")
    right = 1 - found.stated.risk[-1]
    known = sum(record.score or 0 for record in run.records())
    share = (known - right * 150) / 150
    assert found.constant == pytest.approx(ece([share], [True]) if right == 1 else abs(share - right))


def test_runs_of_different_models_are_not_mixed(run: Run, tmp_path: Path) -> None:
    data = data_file(tmp_path / "data", questions(4), 4, side=8)
    other = finished(tmp_path / "run", "vqa", data, overconfident, weights="others")
    with pytest.raises(BadData, match="different models"):
        calibrate([run, other], "logistic")


@pytest.mark.parametrize(("count", "sure"), [(30, None), (18, 0.5)])
def test_too_little_to_go_on(tmp_path: Path, count: int, sure: Any) -> None:
    data = data_file(tmp_path / "data", questions(count), count, side=8)
    few = finished(tmp_path / "run", "vqa", data, lambda _, sample: (sample.references[0], sure))
    with pytest.raises(BadData, match="answers of one half"):
        calibrate([few], "logistic")


def test_captions_are_neither_right_nor_wrong(tmp_path: Path) -> None:
    rows = [{"image": f"{number}.jpg", "captions": ["a dog runs"]} for number in range(40)]
    data = data_file(tmp_path / "data", rows, 40, side=8)
    run = finished(tmp_path / "run", "caption", data, lambda *_: ("a dog runs", 0.5))
    with pytest.raises(BadData, match="0 answers of one half"):
        calibrate([run], "logistic")
