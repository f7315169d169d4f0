"""A model's curve of confidences: kept beside its weights, read with them, used for what it states."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage

from runtime.confidence import Curve, Isotonic, Logistic, read_curve
from runtime.errors import ModelCorrupt
from runtime.pocket.assemble import CURVE
from runtime.pool import ModelPool
from tests.runtime.stage import ask, open_model
from tests.runtime.tiny import BUILDERS, build

chances = st.floats(0, 1)


@pytest.mark.parametrize("curve", [Logistic(0.7, -0.4), Isotonic((0.2, 0.5, 0.9), (0.1, 0.1, 0.6))])
def test_a_curve_is_read_as_it_was_kept(curve: Curve, tmp_path: Path) -> None:
    (tmp_path / CURVE).write_text(json.dumps(curve.to_json()))
    assert read_curve(tmp_path) == curve


def test_most_models_have_none(tmp_path: Path) -> None:
    assert read_curve(tmp_path) is None


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"method": "logistic", "slope": "steep", "bias": 0}'])
def test_a_file_that_is_no_curve_is_said_to_be_none(content: str, tmp_path: Path) -> None:
    (tmp_path / CURVE).write_text(content)
    with pytest.raises(ModelCorrupt, match="no curve"):
        read_curve(tmp_path)


@given(first=chances, second=chances, slope=st.floats(0, 5), bias=st.floats(-5, 5))
def test_mending_keeps_the_order(first: float, second: float, slope: float, bias: float) -> None:
    low, high = sorted((first, second))
    curve = Logistic(slope, bias)
    assert 0 <= curve(low) <= curve(high) <= 1


def test_a_model_with_a_curve_states_what_the_curve_says(tmp_path: Path) -> None:
    """Of replies one by one and of those read together."""
    folder = build(next(iter(BUILDERS)), tmp_path)
    pool = ModelPool(budget=2 * 2**30)
    plain, curve = open_model(pool, folder), Logistic(0.5, -1.0)
    stated = plain.invoke([ask("What is it?", "a")]).response_metadata["confidence"]
    pool.unload(plain.spec.key)
    (folder / CURVE).write_text(json.dumps(curve.to_json()))
    mended = open_model(pool, folder)
    [together] = [reply for replies in mended.replies([[ask("What is it?", "a")]]) for reply in replies.values()]
    for reply in (mended.invoke([ask("What is it?", "a")]), together):
        assert isinstance(reply, AIMessage)
        assert reply.response_metadata["confidence"] == pytest.approx(float(curve(stated)), rel=1e-3)
    pool.close()
