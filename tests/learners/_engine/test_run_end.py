"""The last forecasts that scoring keeps are those of a replay, and keeping them changes no bit of the sums."""

from __future__ import annotations

import numpy as np
import pytest

from ergoscope.learners import Learner, ladder, lattice, replay, square_root_rls
from ergoscope.learners._engine.replay import RunEnd, score_recording
from ergoscope.simulator import Trajectories


def recording(lengths: list[int], outputs: int = 1) -> Trajectories:
    rng = np.random.default_rng(1)
    y = rng.standard_normal((len(lengths), max(lengths), outputs)).cumsum(axis=1)
    y[:, 5::17] = np.nan
    names = tuple(f"y{k}" for k in range(outputs)), (), tuple(map(str, range(len(lengths))))
    return Trajectories(y, np.zeros((*y.shape[:2], 0)), np.array(lengths), 1.0, *names)


@pytest.mark.parametrize("learner", [ladder(range(4)), square_root_rls([0, 2], outputs=1)], ids=["compiled", "jax"])
@pytest.mark.parametrize(("lengths", "run", "first"), [([2500], 0, 2300), ([900, 1300, 40], 1, 1100), ([50], 0, 0)])
def test_what_is_kept_is_the_end_of_a_replay(learner: Learner, lengths: list[int], run: int, first: int) -> None:
    recorded, edges = recording(lengths), [0, 16, max(lengths) - 3, max(lengths)]
    last = RunEnd(run, first)
    with_, without = (score_recording(learner, recorded, edges, end=one) for one in (last, None))
    for one, other in zip(with_, without, strict=True):
        np.testing.assert_array_equal(one, other)
    outputs, forecasts = last.arrays(lengths[run])
    np.testing.assert_array_equal(outputs, recorded.outputs[run, first : lengths[run]])
    np.testing.assert_array_equal(forecasts, replay(learner, recorded)[run, first : lengths[run]])


def test_many_runs_and_outputs_keep_one_run() -> None:
    recorded = recording([300] * 40, outputs=2)
    last, learner = RunEnd(37, 250), lattice(range(3), outputs=2)
    score_recording(learner, recorded, [0, 300], end=last)
    outputs, forecasts = last.arrays(300)
    assert outputs.shape == (50, 2) and forecasts.shape == (50, 1, 3, 2)
    np.testing.assert_array_equal(forecasts, replay(learner, recorded)[37, 250:])
