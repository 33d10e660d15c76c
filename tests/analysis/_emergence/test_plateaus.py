"""Plateaus of a staircase with noise, and what is none."""

from __future__ import annotations

import numpy as np
import pytest

from ergoscope.analysis import plateaus

STEPS = np.unique(np.geomspace(10, 1e6, 200).round())


def staircase(heights: dict[float, float], noise: float, seed: int) -> np.ndarray:
    """Each height holds from its step on; between them it rises over a ratio of 1.3."""
    starts, levels = np.log(list(heights)), list(heights.values())
    line = np.interp(np.log(STEPS), np.repeat(starts[1:], 2) - np.tile([0.26, 0], len(levels) - 1),
                     np.repeat(levels, 2)[1:-1])  # fmt: skip
    return line + np.random.default_rng(seed).uniform(-noise, noise, len(STEPS))


@pytest.mark.parametrize("seed", range(20))
def test_the_stairs_of_a_noisy_staircase_are_found(seed: int) -> None:
    stairs = {10: 0.0, 200: 0.4, 5000: 0.8, 200_000: 1.0}
    found = plateaus(STEPS, staircase(stairs, 0.02, seed), 0.025)
    assert len(found) == 4
    # Of 27 values or more, half would have to lie in the outer tenth of the noise: 3e-8, and 5e-6 over all 160 sides.
    np.testing.assert_allclose(found["height"], list(stairs.values()), atol=0.016)
    np.testing.assert_allclose(found["first"].to_list()[1:], list(stairs)[1:], rtol=0.1)
    assert (found["last"].to_numpy()[:-1] < list(stairs)[1:]).all()


def test_a_steep_rise_has_none_and_a_slow_one_is_one() -> None:
    rise = np.log10(STEPS)  # 1 to 6
    assert plateaus(STEPS, rise, 0.1).is_empty()
    assert len(plateaus(STEPS, rise / 100, 0.1)) == 1
    few = plateaus(STEPS, rise, 0.2)  # a band of 0.4 holds a ratio of 2.5
    assert (few["last"] / few["first"] >= 2).all()
    assert plateaus(STEPS, rise, 0.2, shortest=3).is_empty()


def test_a_value_that_is_not_finite_ends_a_plateau() -> None:
    values = np.ones(len(STEPS))
    values[100] = np.nan
    found = plateaus(STEPS, values, 0.1)
    assert found["last"].to_list() == [STEPS[99], STEPS[-1]]


@pytest.mark.parametrize(
    ("steps", "values", "tolerance", "shortest", "message"),
    [
        ([1, 2], [1.0], 0.1, 2, "as many values"),
        ([0, 1], [1.0, 1.0], 0.1, 2, "rise from above 0"),
        ([2, 1], [1.0, 1.0], 0.1, 2, "rise from above 0"),
        ([1, 2], [1.0, 1.0], 0.0, 2, "tolerance must be above 0"),
        ([1, 2], [1.0, 1.0], 0.1, 1, "shortest above 1"),
    ],
)
def test_bad_input_is_refused(
    steps: list[int], values: list[float], tolerance: float, shortest: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        plateaus(steps, values, tolerance, shortest)
