"""The state space against batch least squares on features made by scipy's filters, and its critical sizes."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.signal import lfilter
from scipy.stats import norm

from ergoscope.analysis import growth_laws, locate
from ergoscope.analysis._growth.curves import curves, log_edges
from ergoscope.analysis._studies.study import simulated_scores
from ergoscope.learners import replay, ssm
from ergoscope.learners._neural.ssm import van_der_corput
from ergoscope.simulator import LinearSystem, Trajectories, simulate, zoo

ANGLES = np.pi * np.array([1 / 2, 1 / 4])


def textbook_features(z: np.ndarray, radius: float) -> np.ndarray:
    """The features of one channel known before each sample, for one real pole and two pairs, ``(time, 5)``."""
    columns = []
    for pole in (radius, *(radius * np.exp(1j * angle) for angle in ANGLES)):
        state = np.sqrt(1 - radius**2) * lfilter([0, 1], [1, -pole], z.astype(complex))
        columns += [state.real, state.imag][: 2 if pole.imag else 1]
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("driven", [False, True])
def test_it_is_batch_least_squares_on_filtered_samples(driven: bool) -> None:
    system = zoo("double-integrator")
    if driven:
        system = LinearSystem([[0.9]], [[1.0]], [[0.1]], [[0.1]], [[1.0]], [[0.5]])
    data, radius, ridge = simulate(3, system, 150, 1, inputs="white"), 0.6, 0.1
    m, sizes = system.inputs, (0, 1, 2, 3, 5)
    learner = ssm(sizes, radius, ridge, direct=driven, intercept=True, inputs=m)
    made = replay(learner, data, precision="float64")[0, :, 0, :, 0]
    y, u = data.outputs[0, :, 0], data.inputs[0]
    channels = np.concatenate([u, y[:, None]], axis=1)
    features = np.stack([textbook_features(z, radius) for z in channels.T], axis=2)  # (time, feature, channel)
    units = np.abs(channels[0])  # the first sample is not zero here
    begun = np.arange(150) > 0  # the ones of the intercept
    for k, size in enumerate(sizes):
        X = np.concatenate([begun[:, None], u[:, :m], features[:, :size].reshape(150, -1)], axis=1)
        prior = np.sqrt(ridge * np.concatenate([[1.0], units[:m] ** 2, np.tile(units**2, size)]))
        for t in (2, 40, 149):
            rows = np.concatenate([np.diag(prior), X[:t]])
            w = np.linalg.lstsq(rows, np.concatenate([np.zeros(len(prior)), y[:t]]), rcond=None)[0]
            assert made[t, k] == pytest.approx(X[t] @ w, rel=1e-9, abs=1e-9 * np.abs(y).max())
    assert learner.parameters == tuple(1 + m + (1 + m) * size for size in sizes)


def test_the_angles_fill_the_circle() -> None:
    np.testing.assert_array_equal(van_der_corput(7), [0.5, 0.25, 0.75, 0.125, 0.625, 0.375, 0.875])
    assert len(van_der_corput(0)) == 0


@pytest.mark.parametrize(("name", "modes"), [("double-integrator", 2), ("triple-integrator", 3)])
def test_the_error_follows_the_law_of_filters(name: str, modes: int) -> None:
    """Exponent 2 (m - features) - 1 below m, 0 from m on; the limits of the mean hold with 1e-4 in all."""
    sizes, learner = range(1, modes + 2), ssm(range(1, modes + 2))
    frame = curves(simulated_scores(zoo(name), learner, log_edges(4000).tolist(), 64, seed=5), learner, name)
    laws = growth_laws(frame, seed=5)
    theory = np.array([max(2 * (modes - k) - 1, 0) for k in sizes])
    half = norm.isf(1e-4 / len(sizes) / 2) * (laws["high"] - laws["low"]).to_numpy() / (2 * norm.isf(0.025))
    assert (half < 0.75).all()
    assert (np.abs(laws["exponent"].to_numpy() - theory) < 0.5 + half).all()
    assert (laws.filter(pl.col("size") >= modes)["exponent"].abs() < 0.1).all()


def test_theory_stands_beside_it() -> None:
    found = locate("double-integrator", learner="ssm", sizes=range(4), horizon=2000, replicates=32)
    assert (found.critical_size, found.verdict) == (2, "located")
    assert found.theory is not None
    assert found.theory.critical_size == 2


def test_any_radius_gives_the_same_size_and_the_edge_is_refused() -> None:
    found = locate("random-walk", learner="ssm:radius=0.95", sizes=range(3), horizon=2000, replicates=32)
    assert found.critical_size == 1
    with pytest.raises(ValueError, match="radius must be between 0 and 1, got 1.0: poles on the circle itself"):
        ssm(radius=1.0)


def test_a_gap_is_not_learned_from() -> None:
    y = simulate(0, zoo("random-walk"), 60, 1).outputs
    gap = y.copy()
    gap[0, 30] = np.nan
    made = replay(ssm((0, 1, 3)), Trajectories.of(gap), precision="float64")
    whole = replay(ssm((0, 1, 3)), Trajectories.of(y), precision="float64")
    np.testing.assert_array_equal(made[:, :31], whole[:, :31])
    assert np.isfinite(made).all() and (made[:, 31:, 0, 1:] != whole[:, 31:, 0, 1:]).any()
