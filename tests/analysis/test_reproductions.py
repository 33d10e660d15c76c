"""What ``ergoscope reproduce`` shows, in short: measured agrees with theory, and not with a wrong one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.stats import chi2

from ergoscope.analysis import (
    Reproduction,
    chosen_reproductions,
    diffuse_errors,
    kalman_gain,
    reproduce,
    reproduce_hidden_random_walk,
    reproductions,
    save_reproduction,
)
from ergoscope.analysis import _hidden_random_walk as walk
from ergoscope.analysis._reproduction import mean_limits
from ergoscope.simulator import zoo


@pytest.fixture(scope="module")
def random_walk() -> Reproduction:
    return reproduce_hidden_random_walk(replicates=128, horizon=4096, seed=3)


def test_the_names_and_all_of_them() -> None:
    assert chosen_reproductions("all") == list(reproductions())
    assert chosen_reproductions("figure-1") == ["figure-1"]
    with pytest.raises(ValueError, match="nothing called 'figure-9' is reproduced; there are figure-1, "):
        chosen_reproductions("figure-9")
    with pytest.raises(ValueError, match="replicates must be at least 2"):
        reproduce("figure-1", replicates=1)


def test_limits_hold_what_they_promise() -> None:
    # 1000 means of 400 squares: each is 3 chi^2_400 / 400, and leaves its limits with a chance of 1e-7
    samples = 3.0 * np.random.default_rng(0).chisquare(1, size=(1000, 400))
    low, high = mean_limits(np.full(1000, 3.0), samples, 1000)
    assert ((low < samples.mean(axis=1)) & (samples.mean(axis=1) < high)).all()
    exact = 3.0 * chi2.ppf([5e-8, 1 - 5e-8], 400) / 400
    np.testing.assert_allclose(np.median([low, high], axis=1), exact, rtol=0.02)
    wrong = mean_limits(np.full(1000, 6.0), samples, 1000)
    assert (samples.mean(axis=1) < wrong[0]).mean() > 0.9


def test_the_hidden_random_walk_agrees(random_walk: Reproduction) -> None:
    assert random_walk.agrees, random_walk.sentence
    assert random_walk.table.height == 144
    assert "agree within" in random_walk.sentence
    assert "does not hold" in random_walk.sentence
    for name in walk.WALKS:
        assert walk.measured_rho(random_walk.table, name) == pytest.approx(kalman_gain(zoo(name)).rho, rel=0.03)


def test_the_printed_excess_of_the_best_filters() -> None:
    # theory.md, section 3b
    printed = {
        "random-walk": {1: 0.382, 2: 0.0486, 4: 0.00101, 8: 4.6e-7},
        "random-walk-0.1": {1: 0.730, 2: 0.254, 4: 0.0561, 8: 0.00418, 16: 2.7e-5},
        "random-walk-0.01": {1: 0.905, 2: 0.407, 4: 0.164, 8: 0.0507, 16: 0.00852, 32: 3.3e-4},
    }
    for name, values in printed.items():
        excess = diffuse_errors(zoo(name), list(values)) - kalman_gain(zoo(name)).innovation[0, 0]
        np.testing.assert_allclose(excess, list(values.values()), rtol=0.02)
        late = walk.exact_excess(zoo(name), [10**7, 2 * 10**7])
        np.testing.assert_allclose(late.best[0, : len(values)], excess, rtol=0.01)


def test_a_rate_of_1_minus_rho_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = walk.exact_excess

    def printed(system: object, edges: list[int]) -> walk.Excess:
        right = exact(system, edges)  # type: ignore[arg-type]
        rho = kalman_gain(system).rho  # type: ignore[arg-type]
        wrong = ((1 - rho) / rho) ** (2.0 * np.array(walk.SIZES))
        return right._replace(truncated=right.truncated * wrong)

    monkeypatch.setattr(walk, "exact_excess", printed)
    wrong = reproduce_hidden_random_walk(replicates=64, horizon=4096, seed=3)
    assert not wrong.agrees
    assert "beyond their limits" in wrong.sentence
    outside = (pl.col("measured") < pl.col("low")) | (pl.col("measured") > pl.col("high"))
    assert set(wrong.table.filter(outside)["filter"]) == {"truncated"}


def test_too_short_a_horizon_is_refused() -> None:
    with pytest.raises(ValueError, match="horizon must be at least 4096"):
        reproduce_hidden_random_walk(horizon=1000)


def test_figure_and_table_are_written(random_walk: Reproduction, tmp_path: Path) -> None:
    files = save_reproduction("hidden-random-walk", random_walk, tmp_path / "deep" / "er")
    assert [file.name for file in files] == ["hidden-random-walk.png", "hidden-random-walk.parquet"]
    assert pl.read_parquet(files[1]).equals(random_walk.table)
