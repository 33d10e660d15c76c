"""Coverage of 95 % bands over 100 000 samples: six plants, heavy tails and changes, every size of the ladder."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from ergoscope.learners import bands, ladder, replay
from ergoscope.learners._engine.band_tracker import GAMMA
from ergoscope.simulator import simulate, zoo

SIZES, STEPS = range(17), 100_000
CASES = (
    ("random-walk", "normal"),
    ("random-walk", "student-t"),
    ("double-integrator", "normal"),  # lengths 0 and 1 grow for ever
    ("double-integrator", "impulsive"),
    ("harmonic-oscillator", "normal"),
    ("seasonal", "student-t"),
    ("stable-ar", "impulsive"),
    ("nearer-unit-root", "uniform"),
)
LONG = CASES[3], ("changed", "normal")  # the others are shorter in the short form


def output(system: str, noise: Any, seed: int, steps: int) -> Any:
    return simulate(seed, zoo(system), steps, noise=noise).outputs[0, :, 0]


def changed(seed: int, steps: int) -> Any:
    """Another plant after a third of the time, and ten times the noise after two thirds."""
    parts = [output("stable-ar", "normal", seed, steps // 3), output("random-walk", "student-t", seed, steps // 3)]
    parts.append(10 * output("harmonic-oscillator", "normal", seed, steps - 2 * (steps // 3)))
    return np.concatenate(parts)


@pytest.fixture
def long(pytestconfig: pytest.Config) -> bool:
    """Whether this is a campaign: every case is then as long as the claim."""
    return bool(pytestconfig.getoption("--campaign"))


@pytest.mark.parametrize(("system", "noise"), [*CASES, ("changed", "normal")])
def test_every_size_is_covered_as_it_says(system: str, noise: str, long: bool) -> None:
    steps = STEPS if long or (system, noise) in LONG else STEPS // 4
    y = changed(1, steps) if system == "changed" else output(system, noise, 1, steps)
    forecasts = replay(ladder(SIZES, intercept=True), y, center="first")
    found = bands(forecasts, y[None, :, None])
    half = found.half_width[0, :, 0, :, 0]
    missed = (np.abs(forecasts[0, :, 0, :, 0] - y[:, None]) > half).sum(axis=0)
    share = missed / np.isfinite(half).sum(axis=0)
    assert ((share > 0.04) & (share < 0.06)).all(), share
    # The identity: where r stays within a factor of 50 on either side, the share is this near to 5 %.
    assert (np.abs(share - 0.05) < math.log(50) / (GAMMA * (steps - 2))).all()
