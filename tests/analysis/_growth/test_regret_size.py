"""Regret and the cost of learning against sums, closed forms and simulation."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from ergoscope._core.devices import computing
from ergoscope.analysis import best_errors, curves, innovation_covariances, learning_cost, locate, regret_size, regrets
from ergoscope.analysis._exact.filter_errors import truncated_excess
from ergoscope.analysis._growth.curves import log_edges
from ergoscope.learners import kalman, ladder
from ergoscope.learners._engine.driver import Driver
from ergoscope.learners._engine.replay import Scores, score
from ergoscope.simulator import simulate_chunks, zoo

Z = 3.89  # two-sided 1e-4 of the normal law


@pytest.mark.parametrize("name", ["random-walk-0.1", "double-integrator", "near-unit-root"])
def test_regret_is_the_sum_of_the_excess(name: str) -> None:
    system, sizes, times = zoo(name), [0, 1, 2, 5], np.arange(3000)
    least = innovation_covariances(system, times).trace(axis1=1, axis2=2)
    excess = best_errors(system, sizes, times) - least[:, None]
    found = regrets(system, sizes, [1, 400, 3000])
    expected = np.stack([excess[:T].sum(axis=0) for T in (1, 400, 3000)])
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-9 * 3000)
    cut = truncated_excess(system, sizes, times)
    np.testing.assert_allclose(regrets(system, sizes, [3000], "truncated")[0], cut.sum(axis=0), rtol=1e-8)


def test_regret_of_the_random_walk_grows_by_its_closed_form_for_a_million_samples() -> None:
    """P_1 = q + r, P_{h+1} = P_h r / (P_h + r) + q: the steady excess of h taps is P_h - P_inf."""
    P, P_inf = 2.0, (1 + np.sqrt(5)) / 2
    grown = np.diff(regrets(zoo("random-walk"), [1, 2, 3, 4], [10**4, 10**6]), axis=0)[0]
    for h in range(4):
        assert grown[h] == pytest.approx((P - P_inf) * (10**6 - 10**4), rel=2e-5)
        P = P / (P + 1) + 1


def test_an_error_that_explodes_is_summed_as_far_as_it_can_be() -> None:
    found = regrets(zoo("explosive-1"), [0, 1], [200, 10**4])
    times = np.arange(200)
    expected = (
        best_errors(zoo("explosive-1"), [0], times).sum() - innovation_covariances(zoo("explosive-1"), times).sum()
    )
    assert found[0, 0] == pytest.approx(expected, rel=1e-8)
    assert np.isinf(found[1, 0])
    assert np.isfinite(found[1, 1])


@pytest.mark.parametrize(
    ("name", "sizes"), [("random-walk", (4, 8)), ("double-integrator", (6, 9)), ("triple-integrator", (8, 12)),
                        ("two-tones", (8, 12)), ("near-unit-root", (4, 8))]
)  # fmt: skip
def test_learning_costs_its_first_order(name: str, sizes: tuple[int, ...]) -> None:
    """Where h taps leave nearly white errors; the next order is smaller by (h + sum m^2) / T, and is allowed thrice."""
    system, T, runs = zoo(name), 2000, 256
    first = int(T / 1.2)
    with computing():
        driver = Driver(ladder(sizes), oracle=kalman(system))
        chunks = (chunk.outputs for chunk in simulate_chunks(1, system, T, runs))
        sums = score(
            driver, chunks, lambda t: np.zeros((len(t), 0)), np.full(runs, T), [0, first, T], whole=True
        )  # fmt: skip
    measured = sums.excess[1, 0, :, 0] / (T - first)
    times = np.unique(np.linspace(first, T - 1, 9).astype(int))
    least = innovation_covariances(system, times).trace(axis1=1, axis2=2)
    fitted = (best_errors(system, sizes, times) - least[:, None]).mean(axis=0)
    for h, runs_of_h, exact in zip(sizes, measured, fitted, strict=True):
        cost = np.mean([learning_cost(system, h, int(t)) for t in times])
        limit = Z * runs_of_h.std() / np.sqrt(runs) + 3 * cost * cost / least[-1]
        assert abs(runs_of_h.mean() - exact - cost) < limit


def test_an_explosive_mode_costs_a_constant() -> None:
    system = zoo("explosive-1")
    expected = innovation_covariances(system, [200]).item() * (1.1**2 - 1)
    assert learning_cost(system, 3, 100) == pytest.approx(expected)
    assert learning_cost(system, 3, 200) == pytest.approx(expected)


def excess_curves(excess: np.ndarray, steps: int = 4000) -> pl.DataFrame:
    """Curves of a constant excess ``(size, replicate)``."""
    edges = log_edges(steps)
    widths = np.diff(edges)[:, None, None, None, None]
    sums = widths * excess[None, None, :, None]
    counts = np.broadcast_to(widths[:, :, 0], (len(edges) - 1, 1, 1, excess.shape[1])).astype(float)
    return curves(Scores(edges, sums + counts[:, :, None], sums, counts), ladder(range(len(excess))))


def test_the_regret_size_is_the_smallest_within_the_factor() -> None:
    runs = np.random.default_rng(0).exponential(size=(1, 40)) * np.array([[9.0], [1.9], [1.0], [2.5]])
    found = regret_size(excess_curves(runs))
    assert (found.size, found.low, found.high) == (1, 1, 1)
    assert regret_size(excess_curves(runs), factor=1.5).size == 2
    assert regret_size(excess_curves(runs), factor=10).size == 0
    assert found.regret == pytest.approx(1.9 * runs[2].mean() * 4000 * 0.95, rel=0.1)
    with pytest.raises(ValueError, match="at least 1"):
        regret_size(excess_curves(runs), factor=0.5)
    with pytest.raises(ValueError, match="oracle"):
        regret_size(excess_curves(runs).filter(pl.col("metric") == "error"))


def test_located_sizes_have_intervals() -> None:
    found = locate("random-walk-0.1", horizon=4000, sizes=range(13))
    assert found.interval == (1, 1)
    assert found.regret is not None
    assert found.regret.low <= found.regret.size <= found.regret.high
    # what exact theory and the first order of learning say of the same functional
    times = np.unique(np.geomspace(201, 3999, 60).astype(int))
    system, sizes = zoo("random-walk-0.1"), list(range(13))
    least = innovation_covariances(system, times).trace(axis1=1, axis2=2)
    excess = best_errors(system, sizes, times) - least[:, None]
    excess += np.array([[learning_cost(system, h, int(t)) if h else 0.0 for h in sizes] for t in times])
    regret = np.trapezoid(excess, times, axis=0)
    expected = int(np.argmax(regret <= 2 * regret.min()))
    assert found.regret.low <= expected <= found.regret.high
    assert int(regret.argmin()) in found.best.alike
    assert locate("explosive-1", sizes=range(4)).regret is None
