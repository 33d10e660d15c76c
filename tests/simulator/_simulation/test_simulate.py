"""Simulated trajectories against the recursions they claim to follow."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from ergoscope._core.devices import Precision
from ergoscope.simulator import LinearSystem, Missing, simulate, simulate_chunks, simulate_to_file, zoo
from ergoscope.simulator._simulation.inputs import input_signal

Z = 3.89  # two-sided 1e-4 of the normal law


def correlated() -> LinearSystem:
    rng = np.random.default_rng(2)
    A = np.array([[1.0, 0.5, 0.0], [0.0, 0.9, 0.3], [0.0, -0.3, 0.9]])
    Q = np.array([[1.0, 0.4, 0.0], [0.4, 0.5, 0.0], [0.0, 0.0, 0.0]])
    R = np.array([[1.0, -0.6], [-0.6, 1.0]])
    return LinearSystem(A, rng.normal(size=(2, 3)), Q, R, rng.normal(size=(3, 2)), rng.normal(size=(2, 2)))


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_covariances_follow_the_lyapunov_recursion(precision: Precision) -> None:
    system, runs = correlated(), 20_000
    run = simulate(1, system, 12, runs, precision=precision)
    assert run.states is not None
    assert run.outputs.dtype == precision
    P = np.zeros((3, 3))
    for t in range(12):
        x, y = run.states[:, t].astype(float), run.outputs[:, t].astype(float)
        for sample, exact in ((x, P), (y, system.C @ P @ system.C.T + system.R)):
            # Gaussian samples: var of a covariance entry is (S_ij^2 + S_ii S_jj) / N
            spread = np.sqrt((exact**2 + np.outer(np.diag(exact), np.diag(exact))) / runs)
            apart = np.abs(sample.T @ sample / runs - exact)
            limit = 4.8 * spread + 1e-6  # two-sided 1e-4 over the 13 entries of 12 times, each 6e-7 or so
            assert (apart <= limit).all()
        P = system.A @ P @ system.A.T + system.Q


def test_known_inputs_move_the_state_as_written() -> None:
    quiet = correlated().replace(Q=np.zeros((3, 3)), R=np.zeros((2, 2)))
    u = np.random.default_rng(0).normal(size=(300, 2))
    run = simulate(0, quiet, 300, 2, inputs=u, initial=[1.0, -1.0, 2.0])
    x = np.array([1.0, -1.0, 2.0])
    for t in range(300):
        np.testing.assert_allclose(
            run.outputs[:, t], np.tile(quiet.C @ x + quiet.D @ u[t], (2, 1)), rtol=1e-9, atol=1e-9
        )
        x = quiet.A @ x + quiet.B @ u[t]


def test_a_path_depends_on_neither_the_replicates_nor_the_chunks() -> None:
    system = zoo("double-integrator")
    many = simulate(7, system, 700, 9, missing=Missing(0.1, 4))
    np.testing.assert_array_equal(simulate(7, system, 700, 2, missing=Missing(0.1, 4)).outputs, many.outputs[:2])
    np.testing.assert_array_equal(simulate(7, system, 300, 9, missing=Missing(0.1, 4)).outputs, many.outputs[:, :300])
    chunks = simulate_chunks(7, system, 700, 9, blocks=3, missing=Missing(0.1, 4))
    whole = np.concatenate([chunk.outputs for chunk in chunks]).transpose(2, 0, 1)
    np.testing.assert_array_equal(whole, many.outputs)
    assert (simulate(8, system, 700, 9).outputs != simulate(7, system, 700, 9).outputs).any()


def test_time_varying_matrices_are_followed() -> None:
    A = np.array([[[0.5]]] * 100 + [[[1.2]]] * 20)
    system = LinearSystem(A, [[1.0]], [[0.0]], [[0.0]])
    run = simulate(0, system, 130, initial=[1.0])
    expected = np.cumprod(np.concatenate([[1.0], A[:, 0, 0], np.full(9, 1.2)]))
    np.testing.assert_allclose(run.outputs[0, :, 0], expected, rtol=1e-12)
    again = simulate(0, system.replace(periodic=True), 300, initial=[1.0])
    expected = np.cumprod(np.concatenate([[1.0], np.resize(A[:, 0, 0], 299)]))
    np.testing.assert_allclose(again.outputs[0, :, 0], expected, rtol=1e-12)


def test_initial_states_have_their_covariances() -> None:
    runs = 20_000
    stable = zoo("near-unit-root")
    spread = Z * np.sqrt(2 / runs)
    exact = 1 / (1 - 0.999**2)
    start = simulate(3, stable, 1, runs, initial="stationary").states
    assert start is not None
    assert np.mean(start[:, 0, 0] ** 2) == pytest.approx(exact, rel=spread)
    walk = simulate(4, zoo("random-walk"), 1, runs, initial="riccati").states
    assert walk is not None
    assert np.mean(walk[:, 0, 0] ** 2) == pytest.approx((1 + np.sqrt(5)) / 2, rel=spread)  # P = (q + sqrt(q^2 + 4qr))/2
    with pytest.raises(ValueError, match="no stationary state"):
        simulate(0, zoo("random-walk"), 10, initial="stationary")
    for angle in np.linspace(0.1, 3, 30):  # rounding makes some moduli 1 - 1e-16: values of 3e7 before
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        with pytest.raises(ValueError, match="no stationary state"):
            simulate(0, LinearSystem(turn, [[1, 0]], np.eye(2), [[1]]), 10, initial="stationary")
    chain = np.array([[1.5, 0.5], [-0.5, 0.5]])  # one chain of two at 1, whose computed eigenvalues are 1 +- 1e-8
    with pytest.raises(ValueError, match="no stationary state"):
        simulate(0, LinearSystem(chain, [[1, 0]], np.eye(2), [[1]]), 10, initial="stationary")
    with pytest.raises(ValueError, match="switching varies in time and has no riccati state"):
        simulate(0, zoo("switching"), 10, initial="riccati")
    with pytest.raises(ValueError, match="initial must be"):
        simulate(0, stable, 10, initial="warm")
    with pytest.raises(ValueError, match="must be 1 finite"):
        simulate(0, stable, 10, initial=[1.0, 2.0])


@pytest.mark.parametrize(("rate", "burst"), [(0.1, 1), (0.1, 20), (0.4, 5)])
def test_missing_samples_come_at_their_rate_and_in_bursts(rate: float, burst: int) -> None:
    runs, steps = 64, 6000
    lost = np.isnan(simulate(5, zoo("random-walk"), steps, runs, missing=Missing(rate, burst)).outputs[:, :, 0])
    cycles = lost.size * rate / burst
    # a renewal process: the rate's relative spread is about (1 - rate) / sqrt(cycles)
    assert lost.mean() == pytest.approx(rate, rel=Z * (1 - rate) / np.sqrt(cycles) + burst / steps)
    edges = np.diff(np.pad(lost.astype(int), ((0, 0), (1, 1))), axis=1)
    for row in edges:
        lengths = np.flatnonzero(row == -1) - np.flatnonzero(row == 1)
        assert (lengths[:-1] % burst == 0).all()  # bursts may follow each other at once


def test_inputs_are_what_their_names_say() -> None:
    t = np.arange(8192)
    white = input_signal("white", 2, amplitude=3.0, seed=1)(t)
    assert np.std(white) == pytest.approx(3.0, rel=Z / np.sqrt(2 * white.size))
    np.testing.assert_array_equal(input_signal("white", 2, 3.0, 1)(t[3000:3100]), white[3000:3100])
    prbs = input_signal("prbs", 1)(t)[:, 0]
    assert set(prbs) == {-1.0, 1.0}
    spectrum = np.abs(np.fft.fft(prbs[:2047])) ** 2
    np.testing.assert_allclose(spectrum[1:], 2048, rtol=1e-6)  # flat: a maximum-length sequence
    sweep = input_signal("sweep", 1)(t)[:, 0]
    assert np.abs(sweep).max() <= 1
    assert np.sum(np.diff(np.sign(sweep[:512])) != 0) < np.sum(np.diff(np.sign(sweep[3000:3512])) != 0)
    np.testing.assert_array_equal(input_signal([[1.0], [2.0]], 1)(np.array([0, 1, 5])), [[1.0], [2.0], [2.0]])
    with pytest.raises(ValueError, match="no input is called"):
        input_signal("noise", 1)
    with pytest.raises(ValueError, match="must be finite"):
        input_signal(np.zeros((5, 2)), 1)


def test_simulating_to_a_file_gives_the_same_numbers(tmp_path) -> None:
    system = zoo("double-integrator")
    simulate_to_file(tmp_path / "run.parquet", 3, system, 2500, 3)
    table = pl.read_parquet(tmp_path / "run.parquet").sort("run", "t")
    expected = simulate(3, system, 2500, 3)
    np.testing.assert_array_equal(table["y"].to_numpy().reshape(3, 2500), expected.outputs[:, :, 0])
    assert [file.name for file in tmp_path.iterdir()] == ["run.parquet"]


@pytest.mark.parametrize(
    "arguments", [dict(steps=0), dict(steps=10, replicates=0), dict(steps=10, missing=Missing(1.0, 1))]
)
def test_bad_counts_are_refused(arguments: dict) -> None:
    with pytest.raises(ValueError, match="must be a whole number|missing needs"):
        simulate(0, zoo("random-walk"), **arguments)


def test_no_such_precision() -> None:
    with pytest.raises(ValueError, match="precision must be"):
        simulate(0, zoo("random-walk"), 10, precision="float16")  # type: ignore[arg-type]


@pytest.mark.parametrize("unit", [1e-12, 1e-9, 1.0, 1e9, 1e12])
def test_a_state_in_another_unit_keeps_its_noise(unit: float) -> None:
    """Small noises were dropped beside large ones: a slope in units of 1e9 stood still."""
    scale = np.array([1.0, unit])
    Q = np.array([[1.0, 0.5], [0.5, 1.0]]) / scale[:, None] / scale
    system = LinearSystem(np.zeros((2, 2)), [[1, 0], [0, 1 / unit]], Q, np.zeros((2, 2)))
    runs = 4000
    states = simulate(5, system, 2, runs).states
    assert states is not None
    moved = states[:, 1] * scale
    found, spread = moved.T @ moved / runs, Z * np.sqrt(2 / runs)
    np.testing.assert_allclose(found, [[1, 0.5], [0.5, 1]], atol=spread)
