"""The laws of the noise have unit variance and their own moments, and the system scales them to its covariances."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from scipy import stats

from ergoscope._core.devices import computing
from ergoscope.simulator import LinearSystem, Missing, simulate, zoo
from ergoscope.simulator._simulation.noise import unit_noise

Z = 3.89  # two-sided 1e-4 of the normal law
LAWS = ("normal", "student-t", "uniform", "impulsive")
IMPULSES = 0.99 + 0.01 * 10.0 ** np.arange(0, 9, 2)  # E b^k, k = 0, 2, .., 8
MOMENTS = {  # E z^4 and E z^8, the latter infinite for Student's t
    "normal": (3.0, 105.0),
    "uniform": (9 / 5, 9.0),
    "impulsive": (3 * IMPULSES[2] / IMPULSES[1] ** 2, 105 * IMPULSES[4] / IMPULSES[1] ** 4),
}
DISTRIBUTION = {
    "normal": stats.norm.cdf,
    "student-t": stats.t(5, scale=np.sqrt(3 / 5)).cdf,
    "uniform": stats.uniform(-np.sqrt(3), 2 * np.sqrt(3)).cdf,
    "impulsive": lambda z: sum(
        share * stats.norm.cdf(z * np.sqrt(IMPULSES[1]) / size) for share, size in ((0.99, 1.0), (0.01, 10.0))
    ),
}


def correlated() -> LinearSystem:
    Q, R = np.array([[1.0, 0.4], [0.4, 0.5]]), np.array([[2.0, -0.6], [-0.6, 1.0]])
    return LinearSystem(np.zeros((2, 2)), np.eye(2), Q, R)


def draw(law: str, count: int, seed: int = 0) -> np.ndarray:
    with computing("float64"):
        return np.asarray(unit_noise(jax.random.key(seed), (count,), np.dtype("float64"), law))


@pytest.mark.parametrize("law", MOMENTS)
def test_mean_variance_and_kurtosis_are_those_of_the_law(law: str) -> None:
    count, (fourth, eighth) = 1_000_000, MOMENTS[law]
    z = draw(law, count)
    assert abs(z.mean()) < Z / np.sqrt(count)
    assert abs((z**2).mean() - 1) < Z * np.sqrt((fourth - 1) / count)
    assert abs((z**4).mean() - fourth) < Z * np.sqrt((eighth - fourth**2) / count)


@pytest.mark.parametrize("law", LAWS)
def test_the_distribution_is_that_of_the_law(law: str) -> None:
    # The only test of Student's t, whose eighth moment is infinite; its distribution has variance one.
    assert stats.kstest(draw(law, 200_000, seed=1), DISTRIBUTION[law]).pvalue > 1e-4
    assert stats.t(5, scale=np.sqrt(3 / 5)).stats("mk") == pytest.approx((0.0, 6.0))
    assert stats.t(5, scale=np.sqrt(3 / 5)).var() == pytest.approx(1.0)


@pytest.mark.parametrize("law", LAWS)
def test_the_system_scales_it_to_its_covariances(law: str) -> None:
    system, runs = correlated(), 20_000
    run = simulate(4, system, 6, runs, noise=law)  # A = 0: x[t+1] is w[t], and y - x is v
    assert run.states is not None
    for noise, covariance in ((run.states[:, 1:], system.Q), (run.outputs - run.states, system.R)):
        values, vectors = np.linalg.eigh(covariance)
        z = noise.reshape(-1, 2) @ vectors / np.sqrt(values)
        for column in z.T:
            assert stats.kstest(column, DISTRIBUTION[law]).pvalue > 1e-4 / 4
        assert abs((z[:, 0] * z[:, 1]).mean()) < Z / np.sqrt(len(z))
        if law in MOMENTS:
            G, w = vectors * np.sqrt(values), noise.reshape(-1, 2)
            # var w_i w_j = Q_ii Q_jj + Q_ij^2 + (E z^4 - 3) sum_k G_ik^2 G_jk^2
            spread = np.outer(np.diag(covariance), np.diag(covariance)) + covariance**2
            spread = spread + (MOMENTS[law][0] - 3) * G**2 @ (G**2).T
            assert (np.abs(w.T @ w / len(w) - covariance) < 4.3 * np.sqrt(spread / len(w))).all()  # 1e-4 over six


@pytest.mark.parametrize(("law", "precision"), [*((law, "float64") for law in LAWS), ("student-t", "float32")])
def test_a_path_depends_on_neither_the_replicates_nor_the_length(law: str, precision: str) -> None:
    system = zoo("double-integrator")
    many = simulate(7, system, 300, 5, missing=Missing(0.1, 4), noise=law, precision=precision)
    assert many.outputs.dtype == precision
    few = simulate(7, system, 140, 2, missing=Missing(0.1, 4), noise=law, precision=precision)
    np.testing.assert_array_equal(few.outputs, many.outputs[:2, :140])
    normal = simulate(7, system, 300, 5, missing=Missing(0.1, 4), precision=precision)
    np.testing.assert_array_equal(np.isnan(normal.outputs), np.isnan(many.outputs))
    assert (law == "normal") == np.array_equal(normal.outputs, many.outputs, equal_nan=True)


@pytest.mark.parametrize("law", LAWS)
def test_the_draws_are_those_of_the_key_folded_with_the_run_and_the_block(law: str) -> None:
    system = LinearSystem([[0.0]], [[1.0]], [[0.0]], [[1.0]])  # y is v alone
    run = simulate(3, system, 256, 2, noise=law).outputs[1, :, 0]
    with computing("float64"):
        lane = jax.random.fold_in(jax.random.key(3), np.uint32(1))
        blocks = [jax.random.split(jax.random.fold_in(lane, np.uint32(b)))[0] for b in (0, 1)]
        if law == "normal":
            expected = [jax.random.normal(key, (128, 1), np.dtype("float64")) for key in blocks]
        else:
            expected = [unit_noise(key, (128, 1), np.dtype("float64"), law) for key in blocks]
    np.testing.assert_allclose(run, np.concatenate(expected)[:, 0], rtol=1e-14)


def test_an_unknown_law_is_refused() -> None:
    with pytest.raises(ValueError, match="no noise is called 'pink'; there are normal, student-t, uniform, impulsive"):
        simulate(0, zoo("random-walk"), 10, noise="pink")
