"""From which horizon on a growing error shows, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from ergoscope.analysis import locate
from ergoscope.analysis._location.visibility import detection_horizon, exact_slope, settling_horizon
from ergoscope.simulator import zoo


def slope_of(q: float, horizon: int) -> float:
    """Of the error q t + r of no filter at all on a random walk."""
    t = np.unique(np.geomspace(horizon / 20, horizon, 12).astype(int))
    return float(np.polyfit(np.log(t), np.log(q * t + 1), 1)[0])


def test_a_slow_walk_shows_when_its_variance_passes_the_noise() -> None:
    walk = zoo("random-walk-0.01")
    assert exact_slope(walk, 0, 1000) == pytest.approx(slope_of(0.01, 1000), rel=1e-9)
    found = detection_horizon(walk, 0)
    assert found is not None
    assert slope_of(0.01, found) >= 0.5 > slope_of(0.01, int(found / 1.03))


def test_what_is_bounded_never_shows() -> None:
    assert detection_horizon(zoo("near-unit-root"), 0) is None  # though it grows for a while
    assert detection_horizon(zoo("double-integrator"), 2) is None


def test_the_sentence_tells_when_a_weak_mode_will_show() -> None:
    found = locate("weak-tone", horizon=2000, sizes=range(6))
    later = detection_horizon(zoo("weak-tone"), 2)
    assert later is not None
    assert 2000 < later < 10**5
    assert (found.verdict, found.critical_size, found.visible_from) == ("not visible yet", None, later)
    assert f"theory's 4 shows from {later:,} samples on".replace(",", " ") in found.sentence


def test_a_root_near_one_settles_when_its_time_is_short_beside_the_horizon() -> None:
    """The error of no filter at all is q (1 - a^(2 t)) / (1 - a^2) + r: it looks like a walk before 1 / (1 - a)."""
    system = zoo("near-unit-root")
    found = settling_horizon(system, 0)
    assert found is not None
    assert exact_slope(system, 0, found) < 0.5 <= exact_slope(system, 0, int(found / 1.03))
    assert settling_horizon(zoo("double-integrator"), 1) is None  # it is not bounded
