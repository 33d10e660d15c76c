"""Forecasts further ahead against recursive least squares frozen at the time of issue, for each length by itself."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from ergoscope.learners import ladder, qr_array, replay
from ergoscope.simulator import simulate, zoo

LENGTHS = (1, 2, 4, 8)
SYSTEMS = [("random-walk", 400), ("double-integrator", 400), ("explosive-1", 200)]
BOTH = pytest.mark.parametrize("forgetting", [1.0, 0.99])
EVERY = pytest.mark.parametrize(("system", "steps"), SYSTEMS)


@pytest.fixture
def lookaheads(pytestconfig: pytest.Config) -> tuple[int, ...]:
    """Two, as in other files, which share the loop compiled for two; three in a campaign."""
    return (1, 5, 10) if pytestconfig.getoption("--campaign") else (1, 10)


@cache
def sample(system: str, steps: int) -> np.ndarray:
    return simulate(3, zoo(system), steps).outputs[0, :, 0]


def windows(y: np.ndarray, length: int) -> np.ndarray:
    """Row t is (y[t], y[t-1], .., y[t-length+1]), zero before the first sample; long double."""
    padded = np.concatenate([np.zeros(length - 1, np.longdouble), y.astype(np.longdouble)])
    return np.stack([padded[t : t + length][::-1] for t in range(len(y))])


def weights(y: np.ndarray, length: int, lookahead: int, forgetting: float, ridge: float = 1e-2) -> np.ndarray:
    """Row t: the weights fitted to the pairs (window at s - lookahead, y[s]), s <= t, by rotations in long double."""
    real = np.longdouble
    x, root = windows(y, length), np.sqrt(real(forgetting))
    R = np.diag(np.sqrt(real(ridge) * real(y[0]) ** 2 * real(forgetting) ** -np.arange(length).astype(real)))
    z, fitted = np.zeros(length, real), np.zeros((len(y), length), real)
    for t in range(len(y)):
        if t:
            R, z = R * root, z * root
        row = x[t - lookahead].copy() if t >= lookahead else np.zeros(length, real)
        d = real(y[t])
        for k in range(length):
            r = np.hypot(R[k, k], row[k])
            c, s = R[k, k] / r, row[k] / r
            R[k], row, z[k], d = c * R[k] + s * row, c * row - s * R[k], c * z[k] + s * d, c * d - s * z[k]
        for k in reversed(range(length)):
            fitted[t, k] = (z[k] - R[k, k + 1 :] @ fitted[t, k + 1 :]) / R[k, k]
    return fitted


def direct(y: np.ndarray, length: int, lookahead: int, forgetting: float, learned_late: int = 0) -> np.ndarray:
    """Entry t: the forecast of y[t] made at t - lookahead, by the weights of then, or of later, which is peeking."""
    w, x = weights(y, length, lookahead, forgetting), windows(y, length)
    forecasts = np.zeros(len(y))
    for t in range(lookahead, len(y)):
        forecasts[t] = w[t - lookahead + learned_late] @ x[t - lookahead]
    return forecasts


def iterated(y: np.ndarray, length: int, lookahead: int, forgetting: float, learned_late: int = 0) -> np.ndarray:
    """As ``direct``, but by one-step weights, fed with their own forecasts."""
    w, x = weights(y, length, 1, forgetting), windows(y, length)
    forecasts = np.zeros(len(y))
    for t in range(lookahead, len(y)):
        window = x[t - lookahead]
        for _ in range(lookahead):
            value = w[t - lookahead + learned_late] @ window
            window = np.concatenate([[value], window[:-1]])
        forecasts[t] = value
    return forecasts


def limit(y: np.ndarray, twin: np.ndarray, carried: int = 1) -> float:
    """The stated error: 100 eps of the largest number at work for each step a forecast is carried on.

    It holds once a filter has seen three samples a weight: before, a small first sample leaves the weights nearly free,
    and rounding with them.
    """
    return 100 * carried * np.finfo(float).eps * max(np.abs(y).max(), np.abs(twin).max())


@EVERY
@BOTH
@pytest.mark.parametrize(("family", "twin"), [(ladder, iterated), (qr_array, direct)])
def test_forecasts_are_those_of_least_squares_frozen_at_issue(
    family, twin, system, steps, forgetting, lookaheads
) -> None:
    y = sample(system, steps)
    made = replay(family(LENGTHS, forgetting, lookaheads=lookaheads), simulate(3, zoo(system), steps))[0, ..., 0]
    for k, length in enumerate(LENGTHS):
        for j, lookahead in enumerate(lookaheads):
            expected = twin(y, length, lookahead, forgetting)
            settled, carried = slice(lookahead + 3 * length, None), lookahead if family is ladder else 1
            apart, most = np.abs(made[:, j, k] - expected)[settled].max(), limit(y, expected[settled], carried)
            assert apart <= most, f"length {length}, {lookahead} ahead: {apart:.2e} apart, limit {most:.2e}"


@EVERY
@pytest.mark.parametrize(("family", "twin"), [(ladder, iterated), (qr_array, direct)])
def test_weights_learned_after_the_issue_would_be_caught(family, twin, system, steps, lookaheads) -> None:
    y = sample(system, steps)
    made = replay(family(LENGTHS, lookaheads=lookaheads), simulate(3, zoo(system), steps))[0, ..., 0]
    for j, lookahead in enumerate(lookaheads):
        if lookahead > 1:
            peeking = twin(y, 2, lookahead, 1.0, learned_late=lookahead - 1)
            assert np.abs(made[:, j, 1] - peeking)[lookahead:].max() > 1000 * limit(y, peeking)


def test_peeking_pays_on_an_explosive_system() -> None:
    # theory.md 4e: so the law above is no pedantry
    y = sample("explosive-1", 200)
    honest, peeking = (y - direct(y, 1, 10, 1.0, late) for late in (0, 9))
    assert (honest[50:] ** 2).mean() > 3 * (peeking[50:] ** 2).mean()


@pytest.mark.parametrize(("system", "length"), [("random-walk", 1), ("double-integrator", 2)])
def test_at_the_critical_length_iterated_forecasts_draw_near_to_direct_ones(system: str, length: int) -> None:
    # There the cancelled modes alone fix the weights, of both forms alike: what is between them is left to learn.
    run = simulate(6, zoo(system), 4000, 64)
    made = [replay(family([length], lookaheads=(1, 10)), run)[:, :, :, 0, 0] for family in (ladder, qr_array)]
    distance = (made[0] - made[1]) ** 2
    early, late = distance[:, 500:1000].mean(axis=1), distance[:, 2000:].mean(axis=1)
    assert distance[:, :, 0].max() < limit(run.outputs, run.outputs) ** 2  # one ahead they are the same
    fall = early[:, 1] - late[:, 1]
    assert fall.mean() > 3.89 * fall.std(ddof=1) / np.sqrt(len(fall)) > 0
    assert late[:, 1].mean() < ((run.outputs[:, 2000:, 0] - made[1][:, 2000:, 1]) ** 2).mean()


def test_on_an_explosive_system_the_forms_stay_apart_and_iterating_costs_less() -> None:
    # Learning an explosive mode costs a constant excess, and a direct fit learns it from pairs that are older.
    run = simulate(6, zoo("explosive-1"), 240, 256)
    made = [replay(family([1], lookaheads=(1, 10)), run)[:, 120:, 1, 0] for family in (ladder, qr_array)]
    iterated, direct = (((run.outputs[:, 120:] - forecast) ** 2).mean(axis=(1, 2)) for forecast in made)
    gain = direct - iterated
    assert gain.mean() > 3.89 * gain.std(ddof=1) / np.sqrt(len(gain))


@pytest.mark.parametrize("family", [ladder, qr_array])
def test_the_future_changes_no_forecast_issued_before_it(family, lookaheads) -> None:
    walk, changed = simulate(3, zoo("random-walk"), 200), simulate(3, zoo("random-walk"), 200)
    changed.outputs[:, 120:] += 50
    learner = family(LENGTHS, lookaheads=lookaheads)
    before, after = replay(learner, walk), replay(learner, changed)
    for j, lookahead in enumerate(lookaheads):
        np.testing.assert_array_equal(before[:, : 120 + lookahead, j], after[:, : 120 + lookahead, j])
        assert (before[:, 120 + lookahead, j] != after[:, 120 + lookahead, j]).any()


@EVERY
def test_looking_further_leaves_the_one_step_forecasts_as_they_are(system: str, steps: int, lookaheads) -> None:
    recording = simulate(3, zoo(system), steps)
    alone = replay(ladder(LENGTHS), recording)
    np.testing.assert_array_equal(replay(ladder(LENGTHS, lookaheads=lookaheads), recording)[:, :, :1], alone)


@pytest.mark.parametrize("family", [ladder, qr_array])
@pytest.mark.parametrize("wrong", [(), (0, 1), (5, 1)])
def test_lookaheads_that_do_not_rise_from_one_are_refused(family, wrong) -> None:
    with pytest.raises(ValueError, match="lookaheads must be rising"):
        family(lookaheads=wrong)
