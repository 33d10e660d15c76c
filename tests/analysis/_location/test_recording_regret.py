"""The regret size of a recording against its definition, a plain recursion, and the oracle of simulated systems."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.stats import binom

from ergoscope.analysis import learning_part, locate, recorded_regret
from ergoscope.analysis._location.lagged_regressors import window, windows
from ergoscope.simulator import simulate, zoo

SIZES = range(11)


def test_the_size_is_the_smallest_that_is_shown_to_do() -> None:
    learning = np.array([0.0, 10.0, 20.0, 30.0])
    steady = np.array([900.0, 25.0, 20.0, 28.0])  # in all; every block alike, so nothing is in doubt
    found = recorded_regret(np.tile(steady / 50, (50, 1)), learning, [0, 1, 2, 3])
    assert found is not None
    assert (found.low, found.size, found.high, found.factor) == (1, 1, 1, 2.0)
    assert found.regret == pytest.approx(20 + 5)
    assert recorded_regret(np.tile(steady / 50, (50, 1)), learning, [0, 1, 2, 3], runs=5).regret == pytest.approx(5)
    strict = recorded_regret(np.tile(steady / 50, (50, 1)), learning, [0, 1, 2, 3], factor=1.1)
    assert strict is not None and strict.size == 2
    assert recorded_regret(np.tile(steady / 50, (50, 1)), learning + np.inf, [0, 1, 2, 3]) is None
    with pytest.raises(ValueError, match="at least 1"):
        recorded_regret(np.ones((50, 2)), learning[:2], [0, 1], factor=0.5)


def test_what_noise_hides_is_not_shown() -> None:
    """Size 1 loses 5 of 25 allowed, give or take 2 sqrt(50) a: its upper limit is beyond where a > 1.4."""
    rng = np.random.default_rng(0)
    for spread, size, low in ((0.1, 1, 1), (30.0, 2, 1)):
        losses = np.zeros((50, 3))
        losses[:, 1] = 0.1 + spread * rng.standard_normal(50)
        losses[:, 1] += 0.1 - losses[:, 1].mean()
        losses[:, 0] = 100.0
        found = recorded_regret(losses, np.array([0.0, 20.0, 25.0]), [0, 1, 2])
        assert found is None if spread > 1 and found is None else (found.size, found.low) == (size, low)


def test_a_size_that_overflowed_is_none_to_choose_or_to_beat() -> None:
    losses = np.tile([np.inf, 1.0, 2.0], (50, 1))
    found = recorded_regret(losses, np.array([0.0, 80.0, 90.0]), [0, 1, 2])
    assert found is not None and found.size == 1


@pytest.mark.parametrize("name", ["random-walk", "double-integrator"])
@pytest.mark.parametrize("intercept", [False, True])
def test_the_learning_part_is_that_of_the_windows_one_by_one(name: str, intercept: bool) -> None:
    """log det G(T) - log det G(T/20) = sum of log(1 + z' G^-1 z), rank one by rank one."""
    run = simulate(3, zoo(name), 1200)
    found = learning_part(run, [0, 1, 2, 4], "first", 2.5, intercept)
    y = run.outputs[0, :, 0] - run.outputs[0, 0, 0]
    rows = np.stack([y[4 - k : len(y) - k] for k in range(1, 5)], axis=1)
    rows = np.concatenate([np.ones((len(rows), 1)), rows], axis=1)[:, not intercept :]
    for place, h in enumerate(np.array((0, 1, 2, 4)) + intercept):
        start = 60 - 4
        G, total = rows[:start, :h].T @ rows[:start, :h], 0.0
        for z in rows[start:, :h]:
            total += np.log1p(z @ np.linalg.solve(G, z)) if h else 0.0
            G = G + np.outer(z, z)
        assert found[place] == pytest.approx(2.5 * total, rel=1e-6, abs=1e-12)
    # h log 20 for what forgets, and (2 j - 1) more log 20 for the j-th direction of a chain: about, for one path
    modes = {"random-walk": 1, "double-integrator": 4}[name]
    assert 0.5 < found[3] / (2.5 * np.log(20) * (4 + modes + intercept)) < 1.6


def test_stretches_with_gaps_give_the_factor_of_all_rows_at_once() -> None:
    run = simulate(3, zoo("double-integrator"), 3000)
    y, u = run.outputs[0] - run.outputs[0, 0], np.random.default_rng(0).standard_normal((3000, 1))
    y[[5, 700, 701, 2999]], u[1234] = np.nan, np.nan
    whole, parts = window(y, u, 25), list(windows(y, u, 25, 112))
    assert len(parts) == 27
    for one, joined in zip(whole, (np.concatenate(field) for field in zip(*parts, strict=True)), strict=True):
        np.testing.assert_array_equal(one, joined)
    early = np.searchsorted(whole.times, 150)
    first, last = (
        np.linalg.slogdet(rows.T @ rows)[1] for rows in (whole.regressors[:early, :5], whole.regressors[:, :5])
    )
    found = learning_part(replace(run, outputs=y[None], inputs=u[None], input_names=("u",)), [0, 2, 25], "none", 1.0)
    assert found[1] == pytest.approx(last - first, rel=1e-6)
    factors = (np.linalg.qr(rows, mode="r") for rows in (whole.regressors[:early], whole.regressors))
    first, last = (2 * np.log(np.abs(np.diag(factor))).sum() for factor in factors)
    assert found[2] == pytest.approx(last - first, rel=1e-9)


def test_no_window_and_one_of_many_columns() -> None:
    run = simulate(3, zoo("stable-ar"), 3000)
    np.testing.assert_array_equal(learning_part(run, [0], "none", 1.0), [0])
    assert learning_part(run, [0, 70], "none", 1.0)[1] == pytest.approx(70 * np.log(20), rel=0.3)


def test_gaps_and_inputs_leave_rows_out() -> None:
    run = simulate(3, zoo("stable-ar"), 1000, 2)
    whole = learning_part(run, [0, 3], "none", 1.0)
    # some 2 x 3 log 20 = 18; over 300 seeds the mean is 19.4 and the deviation 1.35
    assert whole[1] == pytest.approx(19.4, abs=3.89 * 1.35)
    gappy = np.array(run.outputs)
    gappy[0, 400:] = np.nan
    half = learning_part(replace(run, outputs=gappy), [0, 3], "none", 1.0)
    assert half[1] < whole[1]
    driven = replace(run, inputs=np.random.default_rng(0).standard_normal((2, 1000, 1)), input_names=("u",))
    assert learning_part(driven, [0, 3], "none", 1.0)[0] == pytest.approx(2 * np.log(20), rel=0.3)


@pytest.mark.parametrize("name", ["random-walk", "random-walk-0.1", "double-integrator", "stable-ar"])
def test_it_holds_against_the_oracle(name: str) -> None:
    """The claim "within twice the least", by the mean regret of 64 runs over the oracle; at most 5 % may break it."""
    oracle = locate(name, horizon=2000, sizes=SIZES, seed=7)
    assert oracle.regret is not None
    late = oracle.curves.filter((oracle.curves["metric"] == "excess") & (oracle.curves["first"] > 100))
    late = late.with_columns(sum=late["value"] * late["samples"]).group_by("size").agg(regret=pl.col("sum").sum())
    regret = dict(late.iter_rows())
    least = min(regret.values())
    kept, inside, count = 0, 0, 12
    for seed in range(count):
        found = locate(simulate(100 + seed, zoo(name), 2000), sizes=SIZES, model=False).regret
        if found is None:
            kept, inside = kept + 1, inside + 1
            continue
        kept += regret[found.size] <= 2 * least
        inside += found.low <= oracle.regret.size <= found.high
    assert kept >= binom.ppf(1e-4, count, 0.95)
    assert inside >= binom.ppf(1e-4, count, 0.9)


def test_white_noise_asks_for_nothing_that_one_run_could_show() -> None:
    """With no tap nothing is learned: no other size keeps within twice of nothing, unless it is better."""
    rng = np.random.default_rng(1)
    run = simulate(0, zoo("stable-ar"), 1000)
    white = replace(run, outputs=rng.standard_normal((1, 1000, 1)))
    found = locate(white, sizes=range(5), model=False).regret
    assert found is None or found.size == 0
