"""The joint scaling law: the published table, plain twins of the fit and of a draw, and intervals that cover."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.optimize import minimize
from scipy.stats import binom

from ergoscope.analysis import ScalingLaw, scaling_law
from ergoscope.analysis._curves.huber_fit import HUBER, fit_huber, huber_loss
from ergoscope.analysis._growth.bootstrap import resample_counts

TABLE = Path(__file__).parents[3] / "examples" / "data" / "chinchilla.csv"
# Besiroglu et al. 2024, arXiv 2404.10102: 240 points, standard errors of 4000 draws in brackets.
PUBLISHED = dict(E=(1.8172, 0.03), A=(482.01, 124.58), B=(2085.43, 1293.23), alpha=(0.3478, 0.02), beta=(0.3658, 0.02))


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    return pl.read_csv(TABLE).filter(pl.col("outlier") == 0)


@pytest.fixture(scope="module")
def law(table: pl.DataFrame) -> ScalingLaw:
    return scaling_law(table["params"], table["tokens"], table["loss"], draws=200)


def surface(N: np.ndarray, D: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """The law in natural parameters: log E, log A, log B, alpha, beta."""
    return np.exp(theta[0]) + np.exp(theta[1]) / N ** theta[3] + np.exp(theta[2]) / D ** theta[4]


def plain_loss(theta: np.ndarray, N: np.ndarray, D: np.ndarray, L: np.ndarray) -> float:
    """The sum of the Huber losses, row by row."""
    r = [abs(float(v)) for v in np.log(surface(N, D, theta)) - np.log(L)]
    return sum(v * v / 2 if v <= HUBER else HUBER * (v - HUBER / 2) for v in r) / HUBER**2


def natural(law: ScalingLaw) -> np.ndarray:
    return np.array([*np.log([law["E"], law["A"], law["B"]]), law["alpha"], law["beta"]])


def test_the_file_is_what_was_reconstructed() -> None:
    """Counts and spreads that the notebook of the reconstruction prints for its 245 rows."""
    whole = pl.read_csv(TABLE)
    assert whole.height == 245 and whole["outlier"].sum() == 5 and whole["loss"].n_unique() == 99
    assert whole["tokens"].n_unique() == 245
    spread = whole.select(pl.col("params", "tokens", "loss").std()).row(0)
    np.testing.assert_allclose(
        spread, [2464560600.107564, 38025506115.73361, 0.36438696455830627], rtol=1e-4
    )  # sizes to 4 digits


def test_the_published_table_gives_the_published_law(law: ScalingLaw) -> None:
    """Each estimate within a quarter of its published standard error, inside our interval; errors within a half."""
    for row in law.table.filter(pl.col("name") != "split").iter_rows(named=True):
        value, error = PUBLISHED[row["name"]]
        assert abs(row["value"] - value) < error / 4, row
        assert row["low"] < value < row["high"], row
        assert 2 / 3 < row["error"] / error < 3 / 2, row
    split = law.table.row(by_predicate=pl.col("name") == "split", named=True)
    assert abs(split["value"] - 0.5126) < 0.005 and 2 / 3 < split["error"] / 0.02 < 3 / 2
    assert "alpha 0.347 [" in law.sentence and law.rows == law.units == 240 and not law.reason


def test_no_other_minimum_is_lower(law: ScalingLaw, table: pl.DataFrame) -> None:
    """The optimiser of the source, on plain natural parameters, from the answer and from elsewhere."""
    N, D, L = (table[name].cast(pl.Float64).to_numpy() for name in ("params", "tokens", "loss"))
    ours = plain_loss(natural(law), N, D, L)

    def smooth(theta: np.ndarray) -> float:
        r = np.abs(np.log(surface(N, D, theta)) - np.log(L)) / HUBER
        return float(np.where(r <= 1, r**2 / 2, r - 0.5).sum())

    assert smooth(natural(law)) == pytest.approx(ours, rel=1e-10)
    for start in (natural(law), np.array([0.5, 6.0, 7.0, 0.35, 0.35]), np.array([0.0, 5.0, 5.0, 0.3, 0.3])):
        assert minimize(smooth, start, method="L-BFGS-B").fun > ours * (1 - 1e-6)


def test_the_published_law_is_recovered_from_its_own_errors(table: pl.DataFrame) -> None:
    N, D = (table[name].cast(pl.Float64).to_numpy() for name in ("params", "tokens"))
    truth = np.array([*np.log([1.8172, 482.01, 2085.43]), 0.3478, 0.3658])
    found = scaling_law(N, D, surface(N, D, truth), draws=0)
    np.testing.assert_allclose(natural(found), truth, rtol=1e-4)
    assert found.residual < 1e-6 and "no draws" in found.reason and "[" not in found.sentence


def test_units_of_size_and_axis_change_only_the_factors(table: pl.DataFrame, law: ScalingLaw) -> None:
    found = scaling_law(table["params"] / 1e6, table["tokens"] / 1e9, table["loss"], draws=0)
    assert found["alpha"] == pytest.approx(law["alpha"], rel=1e-5)
    assert found["A"] == pytest.approx(law["A"] / 1e6 ** law["alpha"], rel=1e-4)
    assert found["E"] == pytest.approx(law["E"], rel=1e-6)


def test_a_draw_is_the_fit_of_its_rows(table: pl.DataFrame) -> None:
    """Rows drawn twice count twice: weights against rows that are repeated, whole runs at a time."""
    part = table.gather_every(4)
    x, y, target = (np.log(part[name].cast(pl.Float64).to_numpy()) for name in ("params", "tokens", "loss"))
    x, y = x - x.mean(), y - y.mean()
    runs = np.arange(part.height) // 2
    counts = resample_counts(int(runs[-1]) + 1, 3, 5)[:, runs]
    start = np.array([[0.6, -1.0, -1.0, 0.35, 0.35]])
    together, losses = fit_huber(start.repeat(3, axis=0), x, y, target, counts)
    for k, count in enumerate(counts):
        again = np.repeat(np.arange(part.height), count.astype(int))
        alone, loss = fit_huber(start, x[again], y[again], target[again], np.ones((1, len(again))))
        assert losses[k] == pytest.approx(loss[0], rel=1e-6)
        np.testing.assert_allclose(together[k], alone[0], rtol=1e-3)
        assert huber_loss(alone, x, y, target, counts[[k]])[0] == pytest.approx(losses[k], rel=1e-6)


def test_runs_are_drawn_whole(table: pl.DataFrame) -> None:
    """The same rows twice, as one run each: the interval stays. As runs of their own: it shrinks."""
    part = table.gather_every(3)
    once = scaling_law(part["params"], part["tokens"], part["loss"], draws=100)
    twice, units = pl.concat([part, part]), np.tile(np.arange(part.height), 2)
    same = scaling_law(twice["params"], twice["tokens"], twice["loss"], units, draws=100)
    np.testing.assert_allclose(same.table["low"], once.table["low"], rtol=1e-3)
    np.testing.assert_allclose(same.table["high"], once.table["high"], rtol=1e-3)
    narrow = scaling_law(twice["params"], twice["tokens"], twice["loss"], draws=100)
    assert narrow.units == 2 * once.units
    width = [row.table.select((pl.col("high") - pl.col("low")).last()).item() for row in (narrow, once)]
    assert width[0] < 0.9 * width[1]


def test_the_interval_covers_the_published_law(table: pl.DataFrame, request: pytest.FixtureRequest) -> None:
    """Errors of the published law at its 240 points with noise of heavy tails, 0.5 % and more."""
    seeds = 200 if request.config.getoption("--campaign") else 4
    N, D = (table[name].cast(pl.Float64).to_numpy() for name in ("params", "tokens"))
    theta = np.array([*np.log([1.8172, 482.01, 2085.43]), 0.3478, 0.3658])
    truth = [value for value, _ in PUBLISHED.values()]
    missed = np.zeros(5)
    for seed in range(seeds):
        noise = np.exp(0.005 * np.random.default_rng(seed).standard_t(4, len(N)))
        rows = scaling_law(N, D, surface(N, D, theta) * noise, draws=200, seed=seed).table.head(5)
        missed += [
            not low <= value <= high for (low, high), value in zip(rows["low", "high"].rows(), truth, strict=True)
        ]
    print(f"missed of {seeds}: {dict(zip(PUBLISHED, missed.astype(int).tolist(), strict=True))}")
    assert (missed <= binom.isf(1e-4, seeds, 0.05)).all()


def test_a_law_that_the_rows_do_not_fix_says_so() -> None:
    """The error does not depend on the axis: its exponent and factor are not to be had."""
    N, D = (part.ravel() for part in np.meshgrid([1e3, 1e4, 1e5, 1e6], [1e4, 1e5, 1e6, 1e7]))
    noise = np.exp(0.05 * np.random.default_rng(0).standard_normal(16))
    found = scaling_law(N, D, (1 + 30 / N**0.5) * noise, draws=60)
    assert "the interval of beta begins near 0: the rows hardly tell it from a constant" in found.sentence
    assert all(np.isfinite(row["error"]) for row in found.table.iter_rows(named=True))


def test_few_runs_have_no_interval_and_what_is_no_law_is_refused() -> None:
    N, D = (part.ravel() for part in np.meshgrid([1e3, 1e4, 1e5], [1e4, 1e5, 1e6]))
    few = scaling_law(N, D, 1 + 1 / N**0.5 + 1 / D**0.5)
    assert few.table["low"].null_count() == 6 and few.reason == "an interval needs 12 runs, and there are 9"
    with pytest.raises(ValueError, match="needs 3 sizes, 3 places along and 8 rows; got 1, 3 and 9"):
        scaling_law(np.ones(9), D, np.ones(9))
    with pytest.raises(ValueError, match="errors must be above 0"):
        scaling_law(N, D, np.zeros(9))
    with pytest.raises(ValueError, match="vectors of one length"):
        scaling_law(N, D, np.ones(8))
    with pytest.raises(ValueError, match="units must name the run of each of the 9 rows, got 8"):
        scaling_law(N, D, np.ones(9), np.ones(8))
