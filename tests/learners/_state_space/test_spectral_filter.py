"""Spectral filtering against batch least squares on features made from 60-digit eigenvectors, and its regret bound."""

from __future__ import annotations

import re

import mpmath
import numpy as np
import pytest

from ergoscope.learners import replay, spectral_filter
from ergoscope.learners._state_space.spectral_filter import filter_bank
from ergoscope.simulator import LinearSystem, Missing, Trajectories, simulate, zoo


def textbook_filters(window: int, filters: int) -> np.ndarray:
    """sigma^(1/4) phi of the Hankel matrix in 60 digits, the first entry positive, ``(filter, lag)``."""
    with mpmath.workdps(60):
        Z = mpmath.matrix(window, window)
        for i in range(window):
            for j in range(window):
                s = mpmath.mpf(i + j + 2)
                Z[i, j] = 2 / (s**3 - s)
        sigma, phi = mpmath.eigsy(Z)
        order = sorted(range(window), key=lambda k: -sigma[k])[:filters]
        rows = [[float(sigma[k] ** 0.25 * phi[i, k] * mpmath.sign(phi[0, k])) for i in range(window)] for k in order]
    return np.array(rows)


@pytest.mark.parametrize(("window", "filters"), [(12, 12), (32, 18)])
def test_the_filters_are_those_of_sixty_digits(window: int, filters: int) -> None:
    made, expected = filter_bank(window, filters), textbook_filters(window, filters)
    # rounding of the factor turns a filter by eps over its own singular value, the square root of sigma
    roots = np.linalg.norm(expected, axis=1) ** 2
    limits = 100 * np.finfo(float).eps * np.sqrt(window) * roots[0] / roots * np.sqrt(roots)
    assert (np.abs(made - expected).max(axis=1) <= limits).all()
    assert limits[-1] < 1e-3 * np.sqrt(roots[-1])


def textbook_forecasts(
    y: np.ndarray,
    u: np.ndarray,
    sizes: tuple[int, ...],
    window: int,
    autoregressive: int,
    phases: int,
    forgetting: float,
    ridge: float,
    direct: bool,
) -> np.ndarray:
    """Each forecast a batch fit of all rows before it; a gap is filled with the forecast of the rung best of late."""
    steps, p = y.shape
    m, q, filters = u.shape[1], u.shape[1] + p, textbook_filters(window, max(sizes))
    lags = np.arange(1, window + 1)
    angles = 2 * np.pi * lags / phases
    waves = [np.ones(window)]  # the real waves of period P: 1, one cosine and sine for each pair of angles, (-1)^i
    for w in range(1, (phases + 1) // 2):
        waves += [np.cos(w * angles), np.sin(w * angles)]
    if phases % 2 == 0:
        waves += [(-1.0) ** lags]
    z = np.zeros((steps + window, q))  # z[t] stands at t + window
    z[window:, :m] = u
    unit, begun = np.zeros(q), np.zeros(q)
    forecasts, loss = np.zeros((steps, len(sizes), p)), np.zeros((len(sizes), p))
    rows: list[np.ndarray] = []
    for t in range(steps):
        past = z[t : t + window][::-1]
        row = [u[t]] if direct else []
        row += list(past[:autoregressive])
        for phi in filters:
            row += [(phi * wave) @ past for wave in waves]
        rows.append(np.concatenate(row))
        use = [s for s in range(t) if not np.isnan(y[s]).any()]
        root = np.sqrt(forgetting ** (t - 1 - np.array(use, float)))[:, None]
        channel = np.concatenate([np.arange(m * direct), np.tile(np.arange(q), (len(rows[0]) - m * direct) // q)])
        prior = np.sqrt(ridge * unit**2 * forgetting ** (t - 1 - begun))[channel]
        for k, size in enumerate(sizes):
            n = m * direct + q * (autoregressive + size * phases)
            if use and n:
                X = np.concatenate([np.diag(np.where(prior == 0, 1, prior)[:n]), root * np.stack(rows)[use, :n]])
                Y = np.concatenate([np.zeros((n, p)), root * y[use]])
                forecasts[t, k] = rows[t][:n] @ np.linalg.lstsq(X, Y)[0]
        best = loss.argmin(axis=0)
        filled = np.where(np.isnan(y[t]), forecasts[t, best, np.arange(p)], y[t])
        loss = 0.99 * loss + np.where(np.isnan(y[t]), 0, (filled - forecasts[t]) ** 2)
        z[t + window, m:] = filled
        fresh = (unit == 0) & (z[t + window] != 0) & np.r_[np.ones(m, bool), ~np.isnan(y[t])]
        unit, begun = np.where(fresh, z[t + window], unit), np.where(fresh, t, begun)
    return forecasts


@pytest.mark.parametrize(
    ("name", "options", "lost"),
    [
        ("random-walk-0.1", dict(window=16, autoregressive=1, phases=1, forgetting=1.0, direct=False), 0.0),
        ("double-integrator", dict(window=16, autoregressive=2, phases=2, forgetting=1.0, direct=False), 0.2),
        ("two-tones", dict(window=12, autoregressive=0, phases=5, forgetting=0.99, direct=False), 0.1),
        ("two-by-two", dict(window=12, autoregressive=1, phases=4, forgetting=1.0, direct=True), 0.1),
    ],
)
def test_it_is_batch_least_squares_on_the_filtered_past(name: str, options: dict, lost: float) -> None:
    run = simulate(4, plant(name), 150, inputs="white", missing=Missing(lost))
    p, m, sizes = run.outputs.shape[2], run.inputs.shape[2], (0, 1, 3)
    learner = spectral_filter(sizes, ridge=0.1, outputs=p, inputs=m, **options)
    made = replay(learner, run)[0, :, 0]
    expected = textbook_forecasts(run.outputs[0], run.inputs[0], sizes, ridge=0.1, **options)
    np.testing.assert_allclose(made, expected, rtol=0, atol=1e-8 * np.nanmax(np.abs(run.outputs)))


def plant(name: str) -> LinearSystem:
    if name != "two-by-two":
        return zoo(name)
    A, B, C = [[1, 1], [0, 1]], [[0.3, -0.2], [0.1, 0.4]], [[1.0, 0.0], [0.6, 1.0]]
    return LinearSystem(A, C, 0.1 * np.eye(2), np.eye(2), B, [[0.8, -0.5], [0.3, 1.1]], name=name)


def symmetric_streams(runs: int, steps: int) -> tuple[Trajectories, np.ndarray]:
    """A symmetric marginally stable system, and the squared errors of the predictor that knows it (2017, section 2).

    yhat[t] = y[t-1] + C B u[t-1] + sum_i C (A^i - A^(i-1)) B u[t-1-i]: exact but for the noise of y[t] and y[t-1].
    """
    rng = np.random.default_rng(17)
    basis = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    A = basis @ np.diag([1.0, 0.99, 0.9, 0.5, 0.0]) @ basis.T
    B, C = rng.standard_normal((5, 1)), rng.standard_normal((1, 5))
    x, y = np.zeros((runs, 5)), np.zeros((runs, steps, 1))
    u, noise = rng.standard_normal((runs, steps, 1)), 0.3 * rng.standard_normal((runs, steps, 1))
    noise[:, 0] = 1.0  # the first value sets the unit of the ridge
    for t in range(steps):
        y[:, t] = x @ C.T + noise[:, t]
        x = x @ A.T + u[:, t] @ B.T
    known = (noise - np.concatenate([np.zeros((runs, 1, 1)), noise[:, :-1]], axis=1)) ** 2
    lengths = np.full(runs, steps)
    return Trajectories(y, u, lengths, 1.0, ("y",), ("u",), tuple(map(str, range(runs)))), known[:, :, 0]


def test_spectral_filtering_within_its_bound_on_a_symmetric_marginally_stable_system() -> None:
    runs, steps, ridge, sizes = 8, 512, 1e-2, (0, 2, 4, 8, 16)
    streams, known = symmetric_streams(runs, steps)
    learner = spectral_filter(sizes, window=steps, ridge=ridge, inputs=1)
    errors = (streams.outputs - replay(learner, streams)[:, :, 0, :, 0]) ** 2  # (run, time, size)
    bank = filter_bank(steps, 16)
    for run in range(runs):
        z = np.concatenate([streams.inputs[run], streams.outputs[run]], axis=1)
        past = np.concatenate([np.zeros((steps, 2)), z])
        windows = np.stack([past[t : t + steps][::-1] for t in range(steps)])
        rows = np.concatenate([windows[:, 0], np.einsum("ki,tic->tkc", bank, windows).reshape(steps, -1)], axis=1)
        delta = ridge * z[0] ** 2
        for k, size in enumerate(sizes):
            n = 2 * (1 + size)
            X, prior = rows[:, :n], np.tile(delta, 1 + size)
            root = np.concatenate([np.diag(np.sqrt(prior)), X])
            w = np.linalg.lstsq(root, np.concatenate([np.zeros(n), z[:, 1]]))[0]
            hindsight = ((z[:, 1] - X @ w) ** 2).sum() + (prior * w**2).sum()
            logdet = np.linalg.slogdet(np.eye(n) + X.T @ X / np.sqrt(prior[:, None] * prior))[1]
            regret = errors[run, 1:, k].sum() - hindsight  # the row of the first sample holds nothing to learn from
            assert regret <= errors[run, 1:, k].max() * logdet * (1 + 1e-9)
    regret = (errors - known[..., None])[:, 1:].mean(axis=0).cumsum(axis=0)
    # The class of 2017 is carried by few filters: from there on the regret against the known system no longer grows (it
    # falls, since filtered outputs average the noise that the known predictor takes from y[t-1]); without filters it
    # grows in proportion to time. Limits at a third of the drift, seven standard deviations of the mean of 8 runs.
    drift = (regret[-1] - regret[steps // 4]) / (steps - steps // 4)
    assert drift[0] > 0.06 and (drift[3:] < -0.02).all()


def test_complex_modes_need_phases_or_taps() -> None:
    """Two undamped tones: with the taps of theory, or with waves near their angles, the excess no longer grows."""
    run = simulate(3, zoo("harmonic-oscillator"), 2000, 16)
    made = {
        "real": spectral_filter([0, 3], 16, autoregressive=1),
        "taps": spectral_filter([0, 3], 16, autoregressive=2),
        "waves": spectral_filter([0, 3], 16, autoregressive=1, phases=8),
    }
    growth = {}
    for name, learner in made.items():
        square = ((run.outputs - replay(learner, run)[:, :, 0, :, 0]) ** 2).mean(axis=0)
        growth[name] = square[1500:].mean(axis=0) / square[200:500].mean(axis=0)
    assert growth["real"][0] > 2  # one tap: the error grows with time, by 1750 / 350 for a whole mode
    assert growth["taps"][1] < 1.2 and growth["waves"][1] < 1.2


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        ("a window of 8 gives 8 filters", dict(window=8)),
        ("a window of 32 gives", dict(sizes=range(33), window=32)),
        ("window and phases must be", dict(window=0)),
        ("window and phases must be", dict(phases=0)),
        ("window and phases must be", dict(autoregressive=65)),
        ("forgetting must be", dict(forgetting=0.5)),
        ("ridge must be positive", dict(ridge=0.0)),
        ("a direct term needs inputs", dict(direct=True)),
        ("sizes must be rising", dict(sizes=[3, 2])),
    ],
)
def test_bad_arguments_are_refused(words: str, arguments: dict) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        spectral_filter(**arguments)


def test_a_stream_of_another_width_is_refused() -> None:
    with pytest.raises(ValueError, match="was made for 1 outputs and 0 inputs"):
        replay(spectral_filter(), simulate(0, zoo("figure-1"), 10))


def test_parameters_are_counted() -> None:
    assert spectral_filter([0, 1, 4], autoregressive=2, phases=3).parameters == (2, 5, 14)
    learner = spectral_filter([0, 2], direct=True, outputs=2, inputs=3)
    assert learner.parameters == (2 * (5 + 3), 2 * (15 + 3))
