"""Rounding is told from a signal that stands still, in any unit of any output."""

from __future__ import annotations

import numpy as np
import pytest

from ergoscope.analysis._growth.curves import log_edges
from ergoscope.analysis._location.rounding import rounding_limits
from ergoscope.learners import ladder, lattice
from ergoscope.learners._engine.replay import score_recording
from ergoscope.simulator import Trajectories


def limits(outputs: np.ndarray) -> list[int | None]:
    """Of outputs ``(run, time, output)``."""
    runs, steps, q = outputs.shape
    names = tuple(f"y{k}" for k in range(q)), (), tuple(map(str, range(runs)))
    recording = Trajectories(outputs, np.zeros((runs, steps, 0)), np.full(runs, steps), None, *names)
    learner = ladder(range(4)) if q == 1 else lattice(range(4), outputs=q)
    sums = score_recording(learner, recording, log_edges(steps).tolist(), center="first")
    return rounding_limits(recording, sums, "float64")


def noise(runs: int = 1) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((runs, 800, 1))


@pytest.mark.parametrize("runs", [1, 9])
@pytest.mark.parametrize(("begin", "end"), [(0, 60), (20, 300), (700, 800)])
def test_a_constant_stretch_is_no_rounding(begin: int, end: int, runs: int) -> None:
    still = noise(runs)
    still[:, begin:end] = still[:, [begin]]
    assert limits(still) == [None]


def test_a_signal_that_rests_at_its_start_to_the_end_is_no_rounding() -> None:
    """Its error is exactly 0: the center is the first value."""
    still = noise(3)
    still[:, 200:] = still[:, :1]
    assert limits(still) == [None]


def test_a_binary_signal_and_gaps_are_no_rounding() -> None:
    binary = (np.cumsum(np.random.default_rng(0).random((3, 800, 1)) < 0.02, axis=1) % 2).astype(float)
    assert limits(binary) == [None]
    binary[:, 100:400] = np.nan
    assert limits(binary) == [None]


def test_growth_is_lost_to_rounding_in_the_output_where_it_is() -> None:
    """eps y reaches a thousandth of the noise where y = 1e-3 / eps: log(4.5e12) / log(1.2) = 160."""
    growing = noise() + 1.2 ** np.arange(800)[:, None]
    found = limits(growing)[0]
    assert found is not None and 130 <= found <= 165
    both = np.concatenate([growing, 1e9 * noise(1)], axis=2)
    (first, second) = limits(both)
    assert first is not None and second is None
