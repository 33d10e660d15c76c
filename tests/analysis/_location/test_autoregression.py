"""The autoregression of a recording against plain least squares, statsmodels and a recursion by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ergoscope.analysis import autoregression
from ergoscope.analysis._location.autoregression import Autoregression
from ergoscope.simulator import LinearSystem, Missing, Trajectories, simulate, zoo

Z = 3.89  # two-sided 1e-4 of the normal law


def two_by_two() -> LinearSystem:
    A = [[1.0, 0.1, 0.0], [0.0, 0.9, 0.2], [0.0, 0.0, 0.7]]
    C, B = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.3]], [[0.0], [1.0], [0.5]]
    return LinearSystem(A, C, np.eye(3), 0.1 * np.eye(2), B=B, D=[[0.4], [0.0]])


def recorded(outputs: np.ndarray, inputs: np.ndarray | None = None) -> Trajectories:
    inputs = np.zeros((len(outputs), 0)) if inputs is None else inputs
    names = tuple("yz")[: outputs.shape[1]], tuple("uv")[: inputs.shape[1]]
    return Trajectories(outputs[None], inputs[None], np.array([len(outputs)]), 1.0, *names, ("run",))


def plain_fit(recording: Trajectories, order: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Row by row, with a constant, on deviations from the mean over all runs."""
    level = np.nanmean(recording.outputs, axis=(0, 1))
    held = np.nanmean(recording.inputs, axis=(0, 1))
    X, Y = [], []
    for y, u, length in zip(recording.outputs, recording.inputs, recording.lengths, strict=True):
        for t in range(order, length):
            row = [np.ones(1), u[t] - held]
            for k in range(1, order + 1):
                row += [y[t - k] - level, u[t - k] - held]
            line = np.concatenate(row)
            if not np.isnan(line).any() and not np.isnan(y[t]).any():
                X.append(line)
                Y.append(y[t] - level)
    coefficients = np.linalg.lstsq(np.array(X), np.array(Y), rcond=None)[0]
    residuals = np.array(Y) - np.array(X) @ coefficients
    return coefficients, residuals.T @ residuals / (len(X) - len(coefficients)), len(X)


@pytest.mark.parametrize("gaps", [0.0, 0.05])
def test_the_fit_is_plain_least_squares_over_whole_rows_of_all_runs(gaps: float) -> None:
    runs = simulate(3, two_by_two(), 1500, 3, inputs="white")
    lost = np.random.default_rng(0).random(runs.outputs.shape) < gaps
    runs = replace(runs, outputs=np.where(lost, np.nan, runs.outputs), lengths=np.array([1500, 900, 1200]))
    for k, length in enumerate(runs.lengths):
        runs.outputs[k, length:] = np.nan
        runs = replace(runs, inputs=np.array(runs.inputs))
        runs.inputs[k, length:] = np.nan
    fitted = autoregression(runs, 6)
    assert fitted is not None
    assert fitted.channels == (2, 1)
    coefficients, covariance, rows = plain_fit(runs, fitted.order)
    np.testing.assert_allclose(fitted.coefficients, coefficients, atol=1e-9)
    np.testing.assert_allclose(fitted.covariance, covariance, rtol=1e-9)
    assert fitted.rows == rows


def test_it_agrees_with_statsmodels() -> None:
    pytest.importorskip("statsmodels", reason="statsmodels comes with the extra bench")
    from statsmodels.stats.diagnostic import acorr_ljungbox
    from statsmodels.tsa.ar_model import AutoReg, ar_select_order

    y = simulate(5, zoo("two-tones"), 3000).outputs[0]
    fitted = autoregression(recorded(y), 16)
    assert fitted is not None
    other = AutoReg(y[:, 0] - y.mean(), fitted.order, trend="c").fit()
    np.testing.assert_allclose(fitted.coefficients[:, 0], other.params, atol=1e-7)
    assert fitted.order == max(ar_select_order(y[:, 0] - y.mean(), 16, ic="aic", trend="c").ar_lags)
    box = acorr_ljungbox(other.resid, [fitted.order + 20], model_df=fitted.order)
    # statsmodels takes the mean of the residuals off first; with a constant in the fit it is zero
    assert fitted.whiteness == pytest.approx(box["lb_pvalue"].iloc[0], rel=1e-6)


def test_the_portmanteau_of_two_outputs_agrees_with_statsmodels() -> None:
    pytest.importorskip("statsmodels", reason="statsmodels comes with the extra bench")
    from statsmodels.tsa.api import VAR

    y = simulate(2, two_by_two().replace(B=None, D=None), 3000).outputs[0]
    fitted = autoregression(recorded(y), 8)
    assert fitted is not None
    other = VAR(y - y.mean(axis=0)).fit(fitted.order, trend="c")
    np.testing.assert_allclose(fitted.coefficients, other.params, atol=1e-8)
    np.testing.assert_allclose(fitted.covariance, other.sigma_u, rtol=1e-8)
    # Hosking's weights n_k are those of Ljung and Box; the others' are N^2 / n_k on uncorrected covariances
    lags = fitted.order + 20
    e, N = other.resid, len(other.resid)
    inverse = np.linalg.inv(e.T @ e / N)
    total = 0.0
    for k in range(1, lags + 1):
        G = e[k:].T @ e[:-k] / N
        total += N * (N + 2) / (N - k) * np.trace(G.T @ inverse @ G @ inverse)
    from scipy.stats import chi2

    assert fitted.whiteness == pytest.approx(chi2.sf(total, 4 * 20), rel=1e-6)


def test_residuals_that_are_not_white_are_found() -> None:
    y = simulate(5, zoo("two-tones"), 3000).outputs[0]
    white, coloured = autoregression(recorded(y), 16), autoregression(recorded(y), 4)
    assert white is not None and coloured is not None
    assert white.whiteness > 0.01 > 1e-6 > coloured.whiteness


def test_its_system_is_its_recursion() -> None:
    """Without noise, from the first input on."""
    rng = np.random.default_rng(1)
    for order in (0, 1, 2, 4):
        q, m = 2, 2
        coefficients = 0.2 * rng.standard_normal((1 + m + order * (q + m), q))
        model = Autoregression(order, coefficients, np.eye(q), np.eye(len(coefficients)), 100, 0.5, (q, m))
        system, u = model.system(), rng.standard_normal((30, m))
        x, seen = np.zeros(system.states), []
        for t in range(30):
            seen.append(system.C @ x + system.D @ u[t])
            x = system.A @ x + system.B @ u[t]
        y = np.zeros((30, q))
        for t in range(30):
            y[t] = coefficients[1 : 1 + m].T @ u[t]
            for k in range(1, min(order, t) + 1):
                block = coefficients[1 + m + (k - 1) * (q + m) :][: q + m]
                y[t] += block[:q].T @ y[t - k] + block[q:].T @ u[t - k]
            if t == 0:
                y[t] = coefficients[1 : 1 + m].T @ u[t]
        np.testing.assert_allclose(seen, y, atol=1e-12)
        found = np.linalg.eigvals(system.A)
        largest = np.abs(found).max(initial=0.0)
        assert model.radius == pytest.approx(largest, abs=1e-6)


def test_drawn_models_scatter_by_the_asymptotic_law() -> None:
    y = simulate(4, zoo("stable-ar"), 2000).outputs[0]
    fitted = autoregression(recorded(y), 4)
    assert fitted is not None
    rng, draws = np.random.default_rng(0), 4000
    drawn = np.stack([fitted.drawn(rng).coefficients[:, 0] for _ in range(draws)])
    expected = fitted.covariance[0, 0] * np.linalg.inv(fitted.factor.T @ fitted.factor)
    # a sample covariance of normal draws scatters by sqrt((c_ij^2 + c_ii c_jj) / draws); Bonferroni over all entries
    spread = np.sqrt((expected**2 + np.outer(np.diag(expected), np.diag(expected))) / draws)
    assert (np.abs(np.cov(drawn.T) - expected) < 5 * spread).all()
    assert (np.abs(drawn.mean(axis=0) - fitted.coefficients[:, 0]) < 5 * np.sqrt(np.diag(expected) / draws)).all()


def test_what_cannot_be_fitted_is_none() -> None:
    assert autoregression(recorded(np.arange(15.0)[:, None])) is None  # too short
    line = recorded(np.arange(200.0)[:, None])
    assert autoregression(line) is None or autoregression(line).covariance[0, 0] < 1e-20  # no noise is left
    gaps = np.where(np.arange(400) % 2, np.nan, np.random.default_rng(0).standard_normal(400))
    found = autoregression(recorded(gaps[:, None]))
    assert found is not None and found.order == 0  # no two samples follow one another


def test_eigenvalues_move_onto_the_circle_in_order_and_in_pairs() -> None:
    roots = np.array([0.98, 0.9 * np.exp(1j), 0.9 * np.exp(-1j), 0.3])
    coefficients = np.concatenate([[0.0], -np.poly(roots).real[1:]])[:, None]
    model = Autoregression(4, coefficients, np.eye(1), np.eye(5), 100, 0.5, (1, 0))
    np.testing.assert_allclose(np.abs(model.eigenvalues), [0.98, 0.9, 0.9, 0.3], rtol=1e-12)
    found = model.on_the_circle()
    assert [k for k, _ in found] == [1, 3, 4]
    np.testing.assert_allclose(np.abs(found[1][1].eigenvalues), [1, 1, 1, 0.3], rtol=1e-6)
    assert np.sort(np.abs(np.angle(found[1][1].eigenvalues))) == pytest.approx([0, 0, 1, 1], abs=1e-6)
    several = autoregression(simulate(2, two_by_two().replace(B=None, D=None), 3000), 8)
    assert several is not None
    ((k, moved),) = several.on_the_circle()
    assert (k, moved.radius) == (1, pytest.approx(1.0, abs=1e-9))


def test_a_recording_in_stretches_gives_the_fit_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    run = simulate(3, zoo("quadruple-tank"), 500, 3, inputs="prbs", missing=Missing(0.05, 2))
    whole = autoregression(run, 4)
    monkeypatch.setattr("ergoscope.analysis._location.autoregression.STRETCH", 70)
    parts = autoregression(run, 4)
    assert whole is not None and parts is not None
    assert (parts.order, parts.rows) == (whole.order, whole.rows)
    for word in ("coefficients", "covariance"):
        np.testing.assert_allclose(getattr(parts, word), getattr(whole, word), rtol=1e-9, atol=1e-12)
    assert parts.whiteness == pytest.approx(whole.whiteness, rel=1e-6)
    np.testing.assert_allclose(parts.factor.T @ parts.factor, whole.factor.T @ whole.factor, rtol=1e-9)
