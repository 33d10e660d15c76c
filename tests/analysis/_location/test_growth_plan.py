"""The runs that decide whether an error grows: the power against draws, and what is asked for when."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from scipy.stats import norm

from ergoscope.analysis._growth.critical_size import Critical
from ergoscope.analysis._location.fitted_slope import fitted_slope
from ergoscope.analysis._location.growth_plan import decided, growth_more
from ergoscope.analysis._location.more_data import More
from ergoscope.learners import ladder
from ergoscope.simulator import simulate, zoo

OPEN = Critical(None, "undecided", "size 0 is undecided: only 80 % of the draws agree; more runs would decide it.")
WAITS = "only 80 % of the draws agree; more runs or longer ones would decide it"


def rungs(*rows: tuple[str, float, str]) -> pl.DataFrame:
    """Growth laws of sizes 0, 1, ..: verdict, exponent and reason, with an interval of +- 0.4."""
    table = [
        dict(size=k, verdict=verdict, exponent=exponent, low=exponent - 0.4, high=exponent + 0.4, reason=reason)
        for k, (verdict, exponent, reason) in enumerate(rows)
    ]
    return pl.DataFrame(table)


UNDECIDED = rungs(("undecided", 0.6, WAITS), ("bounded", 0.0, ""))


def asked(slope=lambda size, horizon: 1.0, laws: pl.DataFrame = UNDECIDED, runs: int = 8, **more) -> More:
    found = growth_more(laws, OPEN, runs, 1000, slope, **more)
    assert found is not None
    return found


@pytest.mark.parametrize(("mean", "pooled"), [(0.95, True), (0.05, True), (0.95, False), (1.0, False)])
def test_the_power_is_the_share_of_draws_that_decide(mean: float, pooled: bool) -> None:
    """The twin: runs drawn one by one, each with a slope of its own, whose mean and whose draws make the verdict."""
    rng, trials, runs, times, deviation = np.random.default_rng(0), 20_000, 8, 3, 0.25
    new = rng.normal(mean, deviation * math.sqrt(runs), (trials, runs * times - runs * pooled)).mean(axis=1)
    exponent = (0.6 + (times - 1) * new) / times if pooled else new
    own = deviation / math.sqrt(times)
    side = exponent > 0.5
    agree = np.where(side, norm.sf((0.5 - exponent) / own), norm.cdf((0.5 - exponent) / own)) >= 0.95
    share = np.mean(agree & ((exponent <= 0.2) | (exponent >= 0.8)) & (side == (mean > 0.5)))
    power = decided(0.6, mean, deviation, times, pooled)
    assert abs(share - power) < norm.isf(0.5e-4) * math.sqrt(power * (1 - power) / trials)


def test_runs_alone_decide_where_the_mean_error_is_clear() -> None:
    found = asked()
    times = next(
        x for x in np.geomspace(2, 1000, 300) if decided(0.6, 1.0, 0.4 / 1.96 * math.sqrt(8 / 7), x, True) >= 0.9
    )
    assert found.runs is not None and 8 * times <= found.runs <= 1.1 * 8 * times
    assert (found.samples, found.enough, found.power, found.sizes) == (None, True, 0.9, (0,))
    assert (
        found.sentence
        == f"about {found.runs} runs in all ({found.runs / 8:.2g} times as many) would decide size 0 (90 %)"
    )


def test_longer_runs_are_asked_for_where_it_is_not() -> None:
    found = asked(lambda size, horizon: 0.6 if horizon < 7000 else 0.9, word="replicates", source="by a model, ")
    assert found.samples == 7000 and found.runs is not None and found.runs >= 8
    assert found.sentence == f"by a model, about {found.runs} replicates of 7 000 samples would decide size 0 (90 %)"


def test_a_lower_bound_where_nothing_is_known_of_the_exponent_or_it_stays_between() -> None:
    unknown = asked(None)
    assert (unknown.runs, unknown.enough, unknown.power) == (12, False, None)
    assert unknown.sentence == "deciding size 0 takes more than 12 runs, or longer ones"
    between = asked(lambda size, horizon: 0.5, most=60_000)
    assert (between.runs, between.samples, between.enough) == (None, 50_000, False)
    assert "no number of runs decides size 0 within 50 000 samples" in between.sentence
    assert not asked(lambda size, horizon: math.nan).enough


def test_few_runs_are_told_the_least_number() -> None:
    few = asked(runs=3)
    assert (few.runs, few.enough, few.sizes) == (8, False, ())


def test_the_horizon_of_theory_is_the_number_where_a_size_is_not_visible_yet() -> None:
    hidden = Critical(None, "not visible yet", "..")
    found = growth_more(UNDECIDED, hidden, 64, 1000, visible_from=4200)
    assert found is not None and (found.samples, found.enough) == (4200, True)
    assert growth_more(UNDECIDED, hidden, 64, 1000) is None


def test_a_verdict_against_the_exact_error_is_asked_again() -> None:
    wrong = rungs(("bounded", 0.1, ""), ("bounded", 0.0, ""))
    found = asked(lambda size, horizon: 1.0 if size == 0 else 0.0, wrong, 16)
    assert found.sizes == (0,) and found.runs is not None and found.runs > 32


@pytest.mark.parametrize("laws", [
    rungs(("bounded", 0.0, ""), ("undecided", 0.5, WAITS)),
    rungs(("undecided", 0.9, "the power of input u grows"), ("bounded", 0.0, "")),
    rungs(("growing", 1.0, ""), ("growing", 1.0, "")),
])  # fmt: skip
def test_nothing_is_asked_for_where_runs_are_not_the_remedy(laws: pl.DataFrame) -> None:
    assert growth_more(laws, OPEN, 16, 1000, lambda size, horizon: float(laws["exponent"][size] >= 0.5)) is None
    assert growth_more(laws, Critical(0, "located", ""), 16, 1000) is None


def test_a_fitted_model_has_the_exponents_of_its_plant() -> None:
    learner = ladder(range(3))
    recording = simulate(0, zoo("random-walk"), 500, 16)
    slope = fitted_slope(recording, np.ones(1), learner)
    assert slope is not None and slope(0, 500) > 0.85 and abs(slope(1, 500)) < 0.15
    stable = fitted_slope(simulate(0, zoo("stable-ar"), 500, 16), np.ones(1), learner)
    assert stable is not None and abs(stable(0, 2000)) < 0.15
    assert fitted_slope(simulate(0, zoo("random-walk"), 500, 7), np.ones(1), learner) is None  # too few runs
    assert fitted_slope(recording, np.ones(1), ladder(range(3), forgetting=0.99)) is None
