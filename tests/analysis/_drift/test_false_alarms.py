"""Streams that do not change: at most the stated share of them ever gives an alarm; the long form runs 1000 of them.

The limit is that of a binomial number of alarms with the stated rate, exceeded with 1e-4.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from ergoscope.analysis._drift.change import RATE
from ergoscope.analysis._drift.recorded import run_watched
from ergoscope.learners import ladder
from ergoscope.simulator import simulate

PLANTS = ("stable-ar", "random-walk", "double-integrator", "near-unit-root", "harmonic-oscillator")
FURTHER = ("random-walk-0.01", "triple-integrator", "seasonal", "two-tones", "damped-oscillator")
NOISES = ("normal", "student-t", "impulsive")


def alarms(plant: str, noise: str, steps: int, streams: int) -> int:
    """Return how many streams give an alarm."""
    runs = simulate(11, plant, steps, streams, noise=noise).outputs.transpose(1, 2, 0)  # type: ignore[arg-type]
    lanes = set[int]()
    for _, found in run_watched(ladder(range(17), intercept=True), np.ascontiguousarray(runs), center="first"):
        lanes |= set(found)
    return len(lanes)


def test_stable_streams_seldom_give_an_alarm(pytestconfig: pytest.Config) -> None:
    long = pytestconfig.getoption("--campaign")
    plants, steps, streams = (PLANTS + FURTHER, 20_000, 67) if long else (PLANTS[:2], 5000, 16)
    noises = NOISES if long else NOISES[1:]
    for group in (PLANTS, FURTHER):
        counted = {(plant, noise): alarms(plant, noise, steps, streams)
                   for plant in plants if plant in group for noise in noises}  # fmt: skip
        total, number = sum(counted.values()), len(counted) * streams
        if long:
            print(
                f"\n{total} of {number} streams of {steps} samples gave an alarm",
                {k: v for k, v in counted.items() if v},
            )
        assert total <= binom.isf(1e-4, number, RATE)
