"""The laws of the noise have unit variance and their own moments, and the system scales them to its covariances."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ergoscope.simulator import LinearSystem, Missing, simulate, simulate_chunks, zoo

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
    still = LinearSystem(np.zeros((1, 1)), [[1.0]], [[0.0]], [[1.0]])  # y is v alone
    return simulate(seed, still, count // 100, 100, noise=law).outputs.ravel()


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


def drawn_by_numpy(law: str, source: np.random.Generator) -> float:
    if law == "student-t":
        n = source.standard_normal(6)
        return n[0] * np.sqrt(3 / sum(n[1:] ** 2))
    if law == "uniform":
        return source.uniform(-np.sqrt(3), np.sqrt(3))
    size = (10.0 if source.random() < 0.01 else 1.0) / np.sqrt(1.99) if law == "impulsive" else 1.0
    return size * source.standard_normal()


@pytest.mark.parametrize("law", LAWS)
def test_the_draws_are_numpys_with_a_counter_for_the_run_and_the_block(law: str) -> None:
    system = LinearSystem(np.zeros((1, 1)), [[1.0], [0.0]], [[1.0]], np.diag([0.0, 1.0]))  # w is x[t+1], v is y_2
    (chunk,) = simulate_chunks(3, system, 256, 2, noise=law, series=2**64 - 1, blocks=2)
    found = np.stack([chunk.states[1:, 0, 1], chunk.outputs[:-1, 1, 1]], axis=1)
    key = np.array([3, 2**64 - 1], np.uint64)
    sources = [np.random.Generator(np.random.Philox(key=key, counter=[0, 0, block, 1])) for block in range(2)]
    expected = np.array([[drawn_by_numpy(law, source) for _ in range(256)] for source in sources]).reshape(256, 2)
    np.testing.assert_allclose(found, expected[:-1], rtol=0 if law == "normal" else 1e-14)


def test_a_million_normal_numbers_are_numpys_bit_for_bit() -> None:
    """Among them some 300 beyond the last layer of the ziggurat, and 7000 at the border of another one."""
    system = LinearSystem(np.zeros((1, 1)), [[1.0]], [[0.0]], [[1.0]])
    found = simulate(11, system, 128, 8192).outputs[..., 0]
    for run in range(0, 8192, 5):
        source = np.random.Generator(np.random.Philox(key=[11, 0], counter=[0, 0, 0, run]))
        np.testing.assert_array_equal(found[run], source.standard_normal(128))
    assert (np.abs(found) > 3.6541528853610088).sum() > 100


def test_series_and_purposes_are_independent() -> None:
    walk, runs = zoo("random-walk"), 4000
    first, second = (next(simulate_chunks(0, walk, 2, runs, series=series)).outputs[:, 0] for series in (0, 1))
    start = simulate(0, walk, 1, runs, initial="riccati").states
    assert start is not None
    for other in (second[0], start[:, 0, 0]):
        assert abs(np.corrcoef(first[0], other)[0, 1]) < Z / np.sqrt(runs)


def test_an_unknown_law_is_refused() -> None:
    with pytest.raises(ValueError, match="no noise is called 'pink'; there are normal, student-t, uniform, impulsive"):
        simulate(0, zoo("random-walk"), 10, noise="pink")


@pytest.mark.parametrize("series", [-1, 2**64])
def test_a_series_that_has_no_number_is_refused(series: int) -> None:
    with pytest.raises(ValueError, match=r"series must be a whole number from 0 to 2\^64 - 1"):
        simulate_chunks(0, zoo("random-walk"), 10, series=series)
