"""Mixed work that is killed again and again, in real processes."""

from __future__ import annotations

import pytest

from evals.bench import kills
from runtime.settings import load_settings


@pytest.mark.timeout(300)
def test_killed_at_any_moment_nothing_is_lost_and_nothing_left_over() -> None:
    """`vistalk models bench kills` kills two hundred times."""
    lost, left, acts, times = kills.killed(load_settings(preset="scripted"), 15)
    assert (lost, left, times) == ([], [], 15)
    assert acts >= 15
