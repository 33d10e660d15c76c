"""Stress cases: what each does to the readings, and that its reference is the best where it is said to be exact."""

from __future__ import annotations

import numpy as np
import pytest

from ergoscope.simulator import LinearSystem, zoo
from ergoscope.simulator._stress.faults import faults, find_fault
from ergoscope.simulator._stress.readings import Readings, Scenario, noise_level

# Two outputs and an input, so that no case may rest on there being one and none.
PLANT = LinearSystem(
    A=[[0.9, 0.2], [-0.2, 0.9]], C=[[1.0, 0.0], [1.0, 1.0]], Q=np.eye(2), R=0.5 * np.eye(2), B=[[1.0], [0.0]]
)
SCENARIO = Scenario(PLANT, 480, 6, 240, 300, seed=3)
EXACT = sorted(name for name, fault in faults().items() if fault.exact)


@pytest.fixture(scope="module")
def made() -> dict[str, Readings]:
    return {name: fault.make(SCENARIO) for name, fault in faults().items()}


def in_plant(readings: Readings) -> np.ndarray:
    return (readings.given - readings.offset) / readings.scale[:, None]


def test_noise_level_is_the_variance_after_n_samples_from_a_known_state() -> None:
    # x[2] = A w[0] + w[1] from x[0] = 0, seen with R: by hand for each output
    X = PLANT.A @ PLANT.Q @ PLANT.A.T + PLANT.Q
    np.testing.assert_allclose(noise_level(PLANT) ** 2, np.diag(PLANT.C @ X @ PLANT.C.T + PLANT.R))


@pytest.mark.parametrize("name", faults())
def test_nothing_happens_before_the_fault_and_nothing_after_one_that_passes(
    made: dict[str, Readings], name: str
) -> None:
    readings = made[name]
    before = slice(0, SCENARIO.begin)
    np.testing.assert_array_equal(readings.given[:, before], readings.target[:, before])
    np.testing.assert_array_equal(readings.sample[before], np.arange(SCENARIO.begin))
    changed = in_plant(readings) - readings.target[:, readings.sample]
    assert np.nanmax(np.abs(changed[:, : SCENARIO.begin])) == 0
    if find_fault(name).until == "end":
        np.testing.assert_array_equal(changed[:, SCENARIO.end :], 0.0)


def test_what_each_fault_does_to_a_reading(made: dict[str, Readings]) -> None:
    during, s = slice(SCENARIO.begin, SCENARIO.end), noise_level(PLANT)
    lost = {name: np.isnan(made[name].given[:, during]) for name in ("dropout", "bursts")}
    for gone in lost.values():
        assert (gone.all(axis=2) == gone.any(axis=2)).all()  # a row goes as a whole
    # 360 coins of 0.3: within 4 standard deviations, chance 1e-4
    assert abs(lost["dropout"][:, :, 0].mean() - 0.3) < 3.9 * np.sqrt(0.21 / 360)
    runs = np.diff(np.flatnonzero(np.diff(np.pad(lost["bursts"][:, :, 0], ((0, 0), (1, 1))).ravel().astype(int))))[::2]
    whole = runs[runs < SCENARIO.end - SCENARIO.begin]
    assert lost["bursts"].any() and (whole >= 1).all() and whole.max() >= 20
    off = made["outliers"].given - made["outliers"].target
    assert set(np.unique(np.round(off[:, during] / s, 9))) == {-10.0, 0.0, 10.0}
    np.testing.assert_allclose(
        (made["bias"].given - made["bias"].target)[:, SCENARIO.begin :], 5 * s * np.ones((6, 240, 1))
    )
    cut = made["saturation"]
    quarter = np.quantile(cut.target[:, during], 0.75, axis=1)
    np.testing.assert_allclose(cut.given[:, during].max(axis=1), quarter)
    np.testing.assert_array_equal(np.isnan(cut.seen.outputs), cut.given != cut.target)
    steps = made["quantisation"].given[:, during] / (4 * s)
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-12)
    rounded = PLANT.R + np.diag((4 * s) ** 2 / 12)
    np.testing.assert_allclose(made["quantisation"].system.R[SCENARIO.begin], rounded)
    late = made["delay"]
    np.testing.assert_array_equal(late.given[:, SCENARIO.begin :], late.target[:, SCENARIO.begin - 5 : -5])
    assert not late.scored[SCENARIO.begin : SCENARIO.begin + 5].any() and late.scored.sum() == SCENARIO.steps - 5
    apart = np.diff(made["jitter"].sample)
    assert set(apart) == {1, 2} and set(apart[: SCENARIO.begin - 1]) == {1} == set(apart[SCENARIO.end :])
    np.testing.assert_allclose(made["unit"].given[:, SCENARIO.begin :], 1000 * made["unit"].target[:, SCENARIO.begin :])
    np.testing.assert_allclose(made["jump"].system.A[SCENARIO.begin], PLANT.A @ PLANT.A)
    middle = (SCENARIO.begin + SCENARIO.end) // 2
    np.testing.assert_allclose(made["drift"].system.A[middle], (PLANT.A + PLANT.A @ PLANT.A) / 2)
    np.testing.assert_allclose(made["noise"].system.R[middle], PLANT.R + 4 * np.diag(s**2))
    np.testing.assert_allclose(made["noise"].system.R[0], PLANT.R)
    # the mode's own variance in an output is s^2: P = 0.95^2 P + q I
    q = made["mode"].system.Q[middle][2, 2]
    np.testing.assert_allclose(made["mode"].system.C[:, 2] ** 2 * q / (1 - 0.95**2), s**2)


def textbook(system: LinearSystem, seen: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    """Return the Kalman filter's forecasts ``(time, output)`` of one run, a row missing as a whole or by channel."""
    n, forecasts = system.states, np.zeros_like(seen)
    x, P = np.zeros(n), np.zeros((n, n))
    for t, y in enumerate(seen):
        place = int(system.time_index(np.array(t)))
        A, B, C, Q, R = (m if (m := getattr(system, w)).ndim == 2 else m[place] for w in "ABCQR")
        forecasts[t] = C @ x
        there = ~np.isnan(y)
        K = P @ C[there].T @ np.linalg.inv(C[there] @ P @ C[there].T + R[np.ix_(there, there)])
        x, P = A @ (x + K @ (y - C @ x)[there]) + B @ inputs[t], A @ (P - K @ C[there] @ P) @ A.T + Q
    return forecasts


@pytest.mark.parametrize("name", EXACT)
def test_an_exact_reference_makes_errors_that_nothing_told_so_far_foretells(
    made: dict[str, Readings], name: str
) -> None:
    """Its errors are uncorrelated with those before, of every reading that a predictor is given."""
    readings = made[name]
    runs = [textbook(readings.system, y, u) for y, u in zip(readings.seen.outputs, readings.seen.inputs, strict=True)]
    at = readings.sample[readings.scored]
    error = (np.stack(runs) - readings.target)[:, at]
    told = np.nan_to_num((np.stack(runs)[:, readings.sample] - in_plant(readings))[:, readings.scored])
    since = SCENARIO.begin - (SCENARIO.steps - len(at))
    for lag in (1, 2):
        products = error[:, since + lag :, 0] * told[:, since:-lag, 0]
        # uncorrelated terms of mean zero: a normal deviate, two-sided 1e-4 over 2 lags of 10 cases
        deviate = products.sum() / np.sqrt((products**2).sum())
        assert abs(deviate) < 4.6, (lag, deviate)


def test_what_cannot_be_stressed_is_refused() -> None:
    with pytest.raises(ValueError, match="no stress case is called 'dropuot'; did you mean 'dropout'"):
        find_fault("dropuot")
    with pytest.raises(ValueError, match="varies in time"):
        noise_level(zoo("switching"))
    with pytest.raises(ValueError, match="without noise: give Q or R"):
        noise_level(LinearSystem(A=[[1.0]], C=[[1.0]], Q=[[0.0]], R=[[0.0]]))
