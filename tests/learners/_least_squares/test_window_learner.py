"""Families that weigh a window, each against a textbook twin or another package: the same numbers."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest
import statsmodels.api

from ergoscope.learners import (
    Learner,
    affine_projection,
    gradient_descent,
    lms,
    naive_rls,
    newton_step,
    nlms,
    replay,
    sliding_window,
    square_root_rls,
    vovk,
)
from ergoscope.simulator import Trajectories

with warnings.catch_warnings():  # its docstrings have stray backslashes
    warnings.simplefilter("ignore")
    import padasip

TWO = dict(outputs=2, inputs=1, direct=True)


def series(seed: int = 1, steps: int = 400) -> np.ndarray:
    """A damped tone; its first sample is one, the unit of the stream."""
    random = np.random.default_rng(seed)
    y = np.zeros(steps)
    for t in range(2, steps):
        y[t] = 1.6 * y[t - 1] - 0.8 * y[t - 2] + 0.3 * random.standard_normal()
    y[0] = 1.0
    return y


def channels(seed: int = 2, steps: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Two outputs and an input that acts at once, all with unit one."""
    random = np.random.default_rng(seed)
    u, y = random.uniform(-0.9, 0.9, (steps, 1)), np.zeros((steps, 2))
    for t in range(steps):
        before = y[t - 1] if t else np.zeros(2)
        y[t] = [[0.8, 0.3], [-0.2, 0.6]] @ before + u[t] * [0.5, -1.0] + 0.2 * random.standard_normal(2)
    y[0], u[0] = [1.0, -1.0], 1.0
    return y, u


def forecasts(learner: Learner, y: np.ndarray, u: np.ndarray | None = None) -> np.ndarray:
    """``(time, size, output)``."""
    y = y.reshape(len(y), -1)
    u = np.zeros((len(y), 0)) if u is None else u
    names = tuple(f"y{k}" for k in range(y.shape[1])), tuple(f"u{k}" for k in range(u.shape[1]))
    made = replay(learner, Trajectories(y[None], u[None], np.array([len(y)]), 1.0, *names, ("0",)))
    return made[0, :, 0]


def regressors(y: np.ndarray, h: int, u: np.ndarray | None = None, direct: bool = False) -> np.ndarray:
    """phi[t] for every t, ``(time, column)``; what is before the first sample is zero."""
    y = y.reshape(len(y), -1)
    z = y if u is None else np.concatenate([u, y], axis=1)
    rows = []
    for t in range(len(y)):
        lags = [z[t - k] if t >= k else np.zeros(z.shape[1]) for k in range(1, h + 1)]
        rows.append(np.concatenate([*([u[t]] if direct and u is not None else []), *lags, np.zeros(0)]))
    return np.array(rows)


WINDOWED = [affine_projection, gradient_descent, naive_rls, newton_step, nlms, square_root_rls, vovk, sliding_window]


@pytest.mark.parametrize("make", WINDOWED)
def test_data_times_a_constant_give_forecasts_times_it(make: Callable[..., Learner]) -> None:
    """Regularisation, ridge and range are in units of the first sample: no power of two is favoured."""
    y, u = channels()
    made = forecasts(make((1, 3), **TWO), y, u)
    for factor in (1000.0, 3e-7, 0.75):
        scaled = forecasts(make((1, 3), **TWO), factor * y, 7 * u) / factor
        np.testing.assert_allclose(scaled, made, rtol=0, atol=1e-6 * np.abs(y).max())


def test_padasip_gives_the_same_rls_lms_nlms_and_affine_projection() -> None:
    y, sizes = series(), (1, 3, 6)
    learners = [
        naive_rls(sizes, 0.99, 0.1),
        square_root_rls(sizes, 0.99, 0.1),
        lms(sizes, 0.005),
        nlms(sizes, 0.7, regularisation=0.01),
        affine_projection(sizes, 0.6, 3, 0.01),
    ]
    made = [forecasts(learner, y)[:, :, 0] for learner in learners]
    for k, h in enumerate(sizes):
        phi, zero = regressors(y, h), np.zeros(h)
        twins = [
            padasip.filters.FilterRLS(h, mu=0.99, eps=0.1, w=zero),
            padasip.filters.FilterRLS(h, mu=0.99, eps=0.1, w=zero),
            padasip.filters.FilterLMS(h, mu=0.005, w=zero),
            padasip.filters.FilterNLMS(h, mu=0.7, eps=0.01, w=zero),
            padasip.filters.FilterAP(h, order=3, mu=0.6, ifc=0.01, w=zero),
        ]
        assert 0.005 * (phi**2).sum(axis=1).max() < 1  # no step of LMS was cut
        for forecast, twin in zip(made, twins, strict=True):
            expected, _, _ = twin.run(y, phi)
            np.testing.assert_allclose(forecast[:, k], expected, atol=1e-9 * np.abs(y).max(), rtol=0)


def test_statsmodels_gives_the_same_recursive_least_squares() -> None:
    y, h = series(3), 2
    fit = statsmodels.api.RecursiveLS(y, regressors(y, h)).fit()
    weights = fit.recursive_coefficients.filtered  # (column, time), diffuse start
    expected = (regressors(y, h)[1:] * weights.T[:-1]).sum(axis=1)
    made = forecasts(square_root_rls([h], ridge=1e-8), y)[1:, 0, 0]
    np.testing.assert_allclose(made[50:], expected[50:], atol=1e-5)


@pytest.mark.parametrize("make", [naive_rls, square_root_rls])
def test_every_window_of_any_channels_is_batch_least_squares(make: object) -> None:
    (y, u), sizes, ridge = channels(), (0, 1, 3), 0.05
    made = forecasts(make(sizes, 1.0, ridge, **TWO), y, u)  # type: ignore[operator]
    for k, h in enumerate(sizes):
        phi = regressors(y, h, u, direct=True)
        for t in (1, 20, 299):
            gram = phi[:t].T @ phi[:t] + ridge * np.eye(phi.shape[1])
            expected = phi[t] @ np.linalg.solve(gram, phi[:t].T @ y[:t])
            np.testing.assert_allclose(made[t, k], expected, atol=1e-10)


def test_resetting_is_least_squares_from_the_weights_of_then() -> None:
    y, h, ridge, reset = series(), 2, 0.1, 50
    phi, start, since = regressors(y, h), np.zeros(h), 0
    made = forecasts(square_root_rls([h], 1.0, ridge, reset), y)[:, 0, 0]
    for t in range(len(y)):
        rows, left = phi[since:t], y[since:t] - phi[since:t] @ start
        w = start + np.linalg.solve(rows.T @ rows + ridge * np.eye(h), rows.T @ left)
        assert made[t] == pytest.approx(phi[t] @ w, abs=1e-9)
        if t and t % reset == 0:
            start, since = w, t


def test_the_textbook_form_fails_where_the_square_root_stands() -> None:
    """Double integrator with forgetting: theory.md 4f."""
    random = np.random.default_rng(0)
    speed = np.cumsum(0.01 * random.standard_normal(20_000))
    y = np.cumsum(speed) + random.standard_normal(20_000)
    late = slice(10_000, None)
    bad, good = (
        np.mean((forecasts(make([8], 0.99), y)[late, 0, 0] - y[late]) ** 2) for make in (naive_rls, square_root_rls)
    )
    assert good < 2.5 and bad > 4 * good


def test_lms_cuts_the_step_that_would_run_away_and_leaks() -> None:
    y, h, step, leakage = 30 * series(), 3, 0.05, 0.2
    y[0] = 0.75
    phi, w, made, cut = regressors(y, h), np.zeros(h), forecasts(lms([h], step, leakage), y)[:, 0, 0], 0
    for t in range(len(y)):
        assert made[t] == pytest.approx(phi[t] @ w, rel=1e-9, abs=1e-9)
        power = phi[t] @ phi[t]
        cut += step * power > 1
        w = (1 - step * leakage) * w + (min(step, 1 / power) if power else step) * (y[t] - phi[t] @ w) * phi[t]
    assert cut > 100


def test_lms_on_larger_data_is_the_same_with_a_smaller_step() -> None:
    y, u = channels()
    one = forecasts(lms((0, 1, 3), 0.02, 0.1, **TWO), y, u)
    np.testing.assert_array_equal(forecasts(lms((0, 1, 3), 0.02 / 64, 6.4, **TWO), 8 * y, 8 * u), 8 * one)


def test_gradient_descent_and_newton_step_are_what_their_equations_say() -> None:
    y, h, radius, margin, ridge = series(), 3, 1.5, 1.2, 0.3
    phi = regressors(y, h)
    descent, w, power = forecasts(gradient_descent([h], radius), y)[:, 0, 0], np.zeros(h), 0.0
    for t in range(len(y)):
        assert descent[t] == pytest.approx(phi[t] @ w, abs=1e-10)
        g = -2 * (y[t] - phi[t] @ w) * phi[t]
        power += g @ g
        w = w - 2 * radius / np.sqrt(2 * power) * g if power else w
        w = w * min(1, radius / max(np.linalg.norm(w), 1e-300))
    newton, w, A, largest, clipped = forecasts(newton_step([h], margin, ridge), y)[:, 0, 0], np.zeros(h), None, 0.0, 0
    A = ridge * np.eye(h)
    for t in range(len(y)):
        reach, said = margin * largest, phi[t] @ w
        toward = np.linalg.solve(A, phi[t])
        if abs(said) > reach and phi[t] @ toward > 0:
            w = w - np.sign(said) * (abs(said) - reach) * toward / (phi[t] @ toward)
            clipped += 1
        assert newton[t] == pytest.approx(phi[t] @ w, abs=1e-9)
        largest = max(largest, abs(y[t]))
        g = -2 * (y[t] - phi[t] @ w) * phi[t]
        A = A + np.outer(g, g) / (8 * (margin * largest) ** 2)
        w = w - np.linalg.solve(A, g)
    assert clipped > 0


def test_vovk_counts_the_coming_regressor() -> None:
    (y, u), sizes, ridge = channels(), (0, 2), 0.1
    made = forecasts(vovk(sizes, ridge, **TWO), y, u)
    for k, h in enumerate(sizes):
        phi = regressors(y, h, u, direct=True)
        for t in (1, 30, 299):
            gram = phi[: t + 1].T @ phi[: t + 1] + ridge * np.eye(phi.shape[1])
            np.testing.assert_allclose(made[t, k], phi[t] @ np.linalg.solve(gram, phi[:t].T @ y[:t]), atol=1e-10)


def regret(made: np.ndarray, y: np.ndarray, phi: np.ndarray, horizons: list[int]) -> np.ndarray:
    """Loss so far less that of the best fixed weights of the same horizon."""
    found = []
    for T in horizons:
        best = np.linalg.lstsq(phi[:T], y[:T], rcond=None)[0]
        found.append(((made[:T] - y[:T]) ** 2).sum() - ((phi[:T] @ best - y[:T]) ** 2).sum())
    return np.array(found)


def test_regret_keeps_its_bound_at_every_horizon() -> None:
    y, h = series(7, 32_000), 4
    phi, Y = regressors(y, h), np.abs(y).max()
    horizons = [500 * 2**k for k in range(7)]
    learners = dict(
        rls=square_root_rls([h]), vovk=vovk([h]), newton=newton_step([h]), descent=gradient_descent([h], 4.0)
    )
    made = {name: forecasts(learner, y)[:, 0, 0] for name, learner in learners.items()}
    found = {name: regret(value, y, phi, horizons) for name, value in made.items()}
    X2, norm = (phi**2).sum(axis=1), np.linalg.norm(np.linalg.lstsq(phi, y, rcond=None)[0])
    gradients = {name: 4 * (value - y) ** 2 * X2 for name, value in made.items()}
    c = 2 * Y
    for k, T in enumerate(horizons):
        assert found["vovk"][k] <= 1e-2 * norm**2 + h * Y**2 * np.log(1 + T * X2[:T].max() / (h * 1e-2))
        sums = {name: g[:T].sum() for name, g in gradients.items()}
        bound = 1e-2 * norm**2 / 2 + 4 * c**2 * h * np.log(1 + sums["newton"] / (8 * c**2 * h * 1e-2))
        assert found["newton"][k] <= bound
        assert found["descent"][k] <= 8.0 * np.sqrt(2 * sums["descent"])
    assert norm < 4
    # E regret of least squares = sigma^2 h log T and a constant, so an octave gains sigma^2 h log 2
    gain = np.diff(found["rls"]) / (0.09 * h * np.log(2))
    assert np.abs(gain - 1).max() < 4.5 * np.sqrt(2 / h) / np.log(2)
    for name, constant in (("vovk", h * Y**2), ("newton", 4 * c**2 * h)):  # what the bound gains from octave to octave
        assert np.diff(found[name]).max() <= constant * np.log(2)


def test_bad_options_are_refused() -> None:
    for make, words in [
        (lambda: naive_rls([1], 1.2), "forgetting must be in"),
        (lambda: square_root_rls([1], reset=-1), "reset must be a whole number"),
        (lambda: lms([1], 0.0), "lms needs a step above 0"),
        (lambda: nlms([1], 2.0), "nlms is stable for a step between 0 and 2"),
        (lambda: affine_projection([1], order=0), "order must be a whole number"),
        (lambda: gradient_descent([1], -1), "radius must be positive"),
        (lambda: newton_step([1], 0.5), "margin of at least 1"),
        (lambda: vovk([1], 0), "ridge must be positive"),
        (lambda: vovk([1], direct=True), "a direct term needs inputs"),
        (lambda: forecasts(vovk([1]), channels()[0]), "vovk was made for 1 outputs"),
    ]:
        with pytest.raises(ValueError, match=words):
            make()
