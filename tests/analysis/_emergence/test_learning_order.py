"""The order of learning against scipy, and its interval against passages of a known law."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from scipy.stats import binom, linregress, spearmanr
from scipy.stats import t as student

from ergoscope.analysis import first_passages, order_against_frequency

KINDS = 8
FREQUENCY = {f"task {k}": k**-1.4 for k in range(1, KINDS + 1)}
NAMES, P = list(FREQUENCY), np.array(list(FREQUENCY.values()))


def passages(steps: np.ndarray) -> pl.DataFrame:
    """Passages of runs at steps ``(run, kind)``; 0: not passed within a million."""
    runs = len(steps)
    high = pl.Series(steps.ravel().astype(np.int64))
    return pl.DataFrame(
        dict(
            run=np.repeat(np.arange(runs), steps.shape[1]),
            seed=np.repeat(np.arange(runs), steps.shape[1]),
            kind=NAMES[: steps.shape[1]] * runs,
            low=pl.Series([None] * steps.size, dtype=pl.Int64),
        )
    ).with_columns(
        high=pl.when(high > 0).then(high),
        censored=high == 0,
        diverged=pl.lit(False),
        relapsed=pl.lit(False),
        last=pl.lit(10**6, pl.Int64),
    )


def drawn(random: np.random.Generator, runs: int, power: float = 0.8, noise: float = 0.2) -> np.ndarray:
    """The law: S = 300 p^-power, with a factor of its own for each run and for each passage; on edges, 40 a decade."""
    factors = noise * (random.standard_normal((runs, 1)) + random.standard_normal((runs, KINDS)))
    steps = np.log10(300 * P**-power) + factors
    return np.rint(10 ** (np.ceil(steps * 40) / 40))


def test_the_answer_is_that_of_scipy() -> None:
    steps = drawn(np.random.default_rng(0), 5)
    found = order_against_frequency(passages(steps).sample(fraction=1, shuffle=True, seed=1), FREQUENCY)
    slopes = [-linregress(np.log(P), np.log(row)).slope for row in steps]
    assert found.exponent == pytest.approx(np.mean(slopes), rel=1e-10)
    low, high = student.interval(0.95, 4, np.mean(slopes), np.std(slopes, ddof=1) / np.sqrt(5))
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-10)
    means = np.exp(np.log(steps).mean(axis=0))
    assert found.spearman == pytest.approx(spearmanr(P, means).statistic, rel=1e-10)
    assert (found.kinds, found.left_out, found.runs, found.reason) == (KINDS, 0, 5, "")
    np.testing.assert_allclose(found.table["step"], means, rtol=1e-10)
    assert found.table["kind"].to_list() == NAMES


def test_the_interval_holds_the_power_in_95_percent(request: pytest.FixtureRequest) -> None:
    cases = 2000 if request.config.getoption("--campaign") else 50
    for runs in (3, 8):
        random, held = np.random.default_rng(runs), 0
        for _ in range(cases):
            found = order_against_frequency(passages(drawn(random, runs)), FREQUENCY)
            assert found.low is not None
            assert found.high is not None
            held += found.low <= 0.8 <= found.high
        print(f"{runs} runs: {100 * held / cases:.2f} % of {cases} intervals hold 0.8")
        low, high = binom.ppf([0.5e-4, 1 - 0.5e-4], cases, 0.95)
        assert low <= held <= high


def test_kinds_that_a_run_did_not_pass_are_left_out_and_counted() -> None:
    steps = np.rint(np.outer([1, 2, 4], 100 / P))
    steps[1, 5], steps[:, 7] = 0, 0
    found = order_against_frequency(passages(steps), FREQUENCY)
    assert (found.kinds, found.left_out) == (6, 2)
    assert found.exponent == pytest.approx(1, abs=2e-3)  # steps are whole numbers
    assert found.spearman == pytest.approx(-1)
    assert found.table["passed"].to_list() == [3, 3, 3, 3, 3, 2, 3, 0]
    assert found.table["step"].null_count() == 2
    assert found.sentence.startswith("passage ~ frequency^-1 [-1, -1], rank correlation -1.00 (6 kinds, 3 runs);")
    assert found.sentence.endswith("2 of 8 kinds did not pass in every run.")


def test_too_few_runs_or_kinds_are_said_to_be_too_few() -> None:
    two = order_against_frequency(passages(np.rint(np.outer([1, 2], 100 / P))), FREQUENCY)
    assert (two.low, two.high, two.reason) == (None, None, "an interval needs 3 runs")
    assert two.exponent == pytest.approx(1, abs=2e-3)
    steps = np.rint(np.outer([1, 2, 4], 100 / P))
    steps[:, 2:] = 0
    for unknown in (steps, np.full((3, KINDS), 50.0), np.zeros((3, KINDS))):
        found = order_against_frequency(passages(unknown), FREQUENCY)
        assert (found.spearman, found.exponent, found.low) == (None, None, None)
        assert "3 kinds that pass in every run" in found.sentence


def test_it_takes_the_frame_of_first_passages_and_leaves_out_the_mean() -> None:
    curves = [
        dict(run=run, seed=run, step=step, metric="exam loss", kind=kind, value=float(step < 200 / p))
        for run in range(3)
        for kind, p in (*FREQUENCY.items(), ("all", 0.5))
        for step in (100, 200, 400, 800, 1600, 3200)
    ]
    found = order_against_frequency(first_passages(pl.DataFrame(curves), "exam loss", 0.1), FREQUENCY)
    assert (found.kinds, found.left_out) == (7, 1)
    assert found.spearman is not None
    assert found.spearman < -0.9


@pytest.mark.parametrize(
    ("frame", "frequency", "message"),
    [
        (lambda f: f.drop("high"), FREQUENCY, "needs the column 'high'"),
        (lambda f: f, FREQUENCY | {"task 1": 0.0}, "the frequency of 'task 1' must be above 0"),
        (lambda f: f, {"task 1": 1.0}, "the kind 'task 2' has no frequency; did you mean 'task 1'"),
        (lambda f: f.with_columns(kind=pl.lit("all")), FREQUENCY, "got only those of the mean"),
        (lambda f: f.with_columns(size=pl.col("run")), FREQUENCY, r"choose one size of \[0, 1\] first"),
        (lambda f: f.head(10), FREQUENCY, "one row for each run and kind"),
        (lambda f: pl.concat([f, f]), FREQUENCY, "one row for each run and kind"),
    ],
)
def test_bad_input_is_refused(
    frame: Callable[[pl.DataFrame], pl.DataFrame], frequency: dict[str, float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        order_against_frequency(frame(passages(np.ones((2, KINDS)))), frequency)
