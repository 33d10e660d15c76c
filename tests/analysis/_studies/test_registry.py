"""What ``ergoscope reproduce`` shows, in short: measured agrees with theory, and not with a wrong one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.stats import chi2

from ergoscope.analysis import diffuse_errors, kalman_gain, reproduce
from ergoscope.analysis._studies.registry import chosen_studies, save_study, studies
from ergoscope.analysis._studies.state_space import growth_laws as growth
from ergoscope.analysis._studies.state_space import hidden_random_walk as walk
from ergoscope.analysis._studies.state_space import horizon_scaling as scaling
from ergoscope.analysis._studies.state_space import networks_on_plants as networks
from ergoscope.analysis._studies.state_space import statistical_power as power
from ergoscope.analysis._studies.state_space import theorem_2 as two
from ergoscope.analysis._studies.state_space.growth_laws import reproduce_growth_laws
from ergoscope.analysis._studies.state_space.hidden_random_walk import reproduce_hidden_random_walk
from ergoscope.analysis._studies.state_space.horizon_scaling import reproduce_horizon_scaling
from ergoscope.analysis._studies.state_space.networks_on_plants import reproduce_networks_on_plants
from ergoscope.analysis._studies.state_space.statistical_power import reproduce_power
from ergoscope.analysis._studies.state_space.theorem_2 import chart_errors, reproduce_theorem_2
from ergoscope.analysis._studies.study import StudyResult, mean_limits
from ergoscope.learners import mlp, ssm
from ergoscope.simulator import LinearSystem, zoo


@pytest.fixture(scope="module")
def random_walk() -> StudyResult:
    return reproduce_hidden_random_walk(replicates=128, horizon=4096, seed=3)


def test_the_names_and_all_of_them() -> None:
    assert chosen_studies("all") == list(studies())
    assert chosen_studies("figure-1") == ["figure-1"]
    with pytest.raises(
        ValueError, match=r"no study is called 'figure-9'; did you mean 'figure-1'\? The names are: figure-1, "
    ):
        chosen_studies("figure-9")
    with pytest.raises(ValueError, match="replicates must be at least 32"):
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


def test_the_hidden_random_walk_agrees(random_walk: StudyResult) -> None:
    assert random_walk.agrees, random_walk.sentence
    assert random_walk.table.height == 144
    assert "agree within" in random_walk.sentence
    assert "do not hold" in random_walk.sentence
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
        late = walk.exact_excess(zoo(name), walk.SIZES, [10**7, 2 * 10**7])
        np.testing.assert_allclose(late.best[0, : len(values)], excess, rtol=0.01)


def test_a_rate_of_1_minus_rho_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = walk.exact_excess

    def printed(system: object, sizes: object, edges: list[int]) -> walk.Excess:
        right = exact(system, sizes, edges)  # type: ignore[arg-type]
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


def test_theorem_2_agrees_and_its_numbers_are_those_of_theory() -> None:
    result = reproduce_theorem_2(replicates=300, charts=5, seed=2)
    assert result.agrees, result.sentence
    for numbers in ("chain of 2 4, 4, 2", "chain of 3 9, 9, 3", "two tones 16, 4, 4", "stable 0, 0, 0"):
        assert numbers in result.sentence  # theory.md, section 2: n m, the sum of m_i^2, m
    beside = result.table.filter((pl.col("system") == "chain of 2, stable beside") & (pl.col("size") == 8))
    assert abs(beside["exponent"][0]) < 0.02 < beside["early"][0]  # badly conditioned at d = n m


@pytest.mark.parametrize("wrong", ["generic chart", "block chart", "rank"])
def test_a_wrong_number_of_theorem_2_would_be_seen(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(two, "SYSTEMS", {"chain of 2": two.SYSTEMS["chain of 2"]})
    right = two._thresholds("chain of 2")
    monkeypatch.setattr(two, "_thresholds", lambda name: right | {wrong: right[wrong] - 1})
    result = reproduce_theorem_2(replicates=50, charts=5)
    assert not result.agrees
    assert "1 of 13 on the wrong side" in result.sentence


def test_a_worse_fit_than_least_squares_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(two, "SYSTEMS", {"chain of 2": two.SYSTEMS["chain of 2"]})
    simulated = two.simulate

    def longer(seed: int, system: LinearSystem, steps: int, replicates: int) -> object:
        return simulated(seed, system.replace(A=1.001 * system.A), steps, replicates)

    monkeypatch.setattr(two, "simulate", longer)
    result = reproduce_theorem_2(replicates=300, charts=3)
    assert not result.agrees
    assert "exponents beyond their limits" in result.sentence


def test_chart_errors_are_least_squares() -> None:
    system, rng = two.theorem_2_system("chain of 2, stable beside"), np.random.default_rng(5)
    directions, held = rng.standard_normal((16, 4, 4)), rng.standard_normal(16)
    factor = np.tril(rng.standard_normal((4, 4)))
    errors = chart_errors(system, directions, held, factor)
    for d in (0, 1, 5, 15, 16):
        goal = ((system.A - np.tensordot(held[d:], directions[d:], 1)) @ factor).ravel()
        columns = np.array([(direction @ factor).ravel() for direction in directions[:d]]).reshape(d, 16).T
        left = goal - columns @ np.linalg.lstsq(columns, goal, rcond=None)[0]
        assert errors[d] == pytest.approx((left**2).sum(), abs=1e-9)


def test_the_growth_laws_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "SYSTEMS", ("random-walk", "double-integrator", "explosive-1"))
    result = reproduce_growth_laws(replicates=128, horizon=4000, seed=4)
    assert result.agrees, result.sentence
    assert "agree within" in result.sentence
    laws = result.table.filter(pl.col("system") == "double-integrator")["law"].to_list()
    assert laws == ["t^3", "t^1", "bounded", "bounded", "bounded"]
    rate = result.table.filter(pl.col("system") == "explosive-1")["rate"][0]
    assert rate == pytest.approx(2 * np.log(1.1), rel=0.05)


@pytest.mark.parametrize("error", [1.0, -1.0, np.inf])
def test_a_wrong_class_of_growth_would_be_seen(error: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "SYSTEMS", ("random-walk",))
    right = growth.growth_exponent
    monkeypatch.setattr(
        growth, "growth_exponent", lambda system, size: right(system, size) + (error if size == 0 else 0)
    )
    result = reproduce_growth_laws(replicates=128, horizon=4000, seed=4)
    assert not result.agrees
    assert "1 of 4 exponents beyond their limits (random-walk at length 0)" in result.sentence


@pytest.fixture(scope="module")
def regrets() -> StudyResult:
    return reproduce_horizon_scaling(replicates=96, seed=6, octaves=3)


def test_the_horizon_scaling_agrees(regrets: StudyResult) -> None:
    assert regrets.agrees, regrets.sentence
    assert "exactly fitted filters is 1.00, 1.00, 1.00" in regrets.sentence
    with pytest.raises(ValueError, match="octaves must be at least 3"):
        reproduce_horizon_scaling(octaves=2)


@pytest.mark.parametrize("name", walk.WALKS)
def test_the_regrets_collapse_onto_one_curve(name: str, regrets: StudyResult) -> None:
    """Within what the exact functional is away from e^-x - 1 + x, and the 1e-4 limits of the minimiser, at most."""

    def curve(x: np.ndarray) -> np.ndarray:
        return np.exp(-x) - 1 + x

    rows = regrets.table.filter((pl.col("system") == name) & (pl.col("horizon") == 4096))
    (x, y), (x_exact, y_exact) = (
        scaling.collapsed(rows.with_columns(measured=pl.col(word))) for word in ("measured", "exact")
    )
    best = rows.filter(quantity="best size").row(0, named=True)
    shift = 2 / kalman_gain(zoo(name)).memory * max(best["high"] - best["exact"], best["exact"] - best["low"])
    bias = np.abs(y_exact - curve(x_exact))[np.abs(x_exact) < 1.5].max(initial=0.0)
    limit = bias + np.maximum(np.abs(curve(x + shift) - curve(x)), np.abs(curve(x - shift) - curve(x)))
    near = np.abs(x) < 1.5
    assert (np.abs(y - curve(x))[near] < limit[near]).all()
    assert name == "random-walk" or (np.abs(2 * y - curve(x))[near] > limit[near]).any()  # a wrong scale would be seen


def test_the_minimiser_between_whole_lengths() -> None:
    h, rho, T = np.array(scaling.SIZES, dtype=float), 0.73, np.geomspace(1e3, 1e5, 40)
    regret = T[:, None] * 0.6 * rho ** (2 * h) + 1.4 * (h + 1) * np.log(T)[:, None]
    exact = np.log(1.4 * np.log(T) / (-2 * np.log(rho) * 0.6 * T)) / (2 * np.log(rho))
    np.testing.assert_allclose(scaling.best_sizes(regret, rho), exact, atol=1e-9)


def test_a_wrong_regret_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "WALKS", ("random-walk-0.1",))
    exact = scaling.exact_excess

    def shorter(system: LinearSystem, sizes: Sequence[int], edges: Sequence[int]) -> walk.Excess:
        right = exact(system, sizes, edges)
        return right._replace(learned=right.best + (right.learned - right.best) / 2)  # S_h (h + 1) / 2t

    monkeypatch.setattr(scaling, "exact_excess", shorter)
    wrong = reproduce_horizon_scaling(replicates=96, seed=6, octaves=3)
    assert not wrong.agrees
    assert "beyond their limits" in wrong.sentence


@pytest.fixture
def few_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "SYSTEMS", ("double-integrator", "stable-ar"))
    few = dict(ssm=ssm(range(4)), mlp=mlp((1, 2), window=4))
    monkeypatch.setattr(networks, "contenders", lambda: few)


def test_networks_on_plants_agree(few_networks: None, tmp_path: Path) -> None:
    result = reproduce_networks_on_plants(replicates=32, horizon=2000, seed=2)
    assert result.agrees, result.sentence
    assert "ssm has the critical size of theory on all 2 systems" in result.sentence
    own = result.table.filter(learner="ssm", system="double-integrator")
    assert own["expected"].to_list() == [3, 1, 0, 0]
    assert own["found"].to_list() == ["2"] * 4
    opponent = result.table.filter(learner="mlp")
    assert opponent["agrees"].all() and opponent["expected"].null_count() == 4  # nothing is claimed of it
    assert (opponent["ratio"] > 1).all()
    assert len(save_study("networks-on-plants", result, tmp_path)) == 4


@pytest.mark.parametrize("wrong", ["growth_exponent", "critical_length"])
def test_a_wrong_theory_of_features_would_be_seen(
    wrong: str, few_networks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = getattr(networks, wrong)
    monkeypatch.setattr(networks, wrong, lambda *given: right(*given) + 2)
    monkeypatch.setattr(networks, "contenders", lambda: dict(ssm=ssm(range(4))))
    result = reproduce_networks_on_plants(replicates=32, horizon=2000, seed=2)
    assert not result.agrees
    assert "of 8 sizes of ssm differ from theory (double-integrator at" in result.sentence


def test_figure_and_table_are_written(random_walk: StudyResult, tmp_path: Path) -> None:
    files = save_study("hidden-random-walk", random_walk, tmp_path / "deep" / "er")
    name = "hidden-random-walk"
    written = ["report.html", f"{name}.png", f"{name}.parquet", f"reproduction-{name}.json"]
    assert [file.name for file in files] == written
    assert pl.read_parquet(files[2]).equals(random_walk.table)


@pytest.fixture(scope="module")
def powers() -> StudyResult:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(power, "SYSTEMS", ("random-walk", "weak-tone"))
        return reproduce_power(replicates=512, seed=8, horizons=(512, 2048), draws=200)


def test_verdicts_are_right_or_undecided_and_weak_modes_are_not_visible_yet(powers: StudyResult) -> None:
    assert powers.agrees, powers.sentence
    shares = powers.table.select(pl.sum_horizontal(*power.OUTCOMES))
    np.testing.assert_allclose(shares.to_numpy(), 1.0)
    assert powers.table.filter(replicates=4)["undecided"].to_list() == [1.0] * 4  # one path does not average
    most = powers.table.filter(replicates=64, horizon=2048).to_dicts()
    assert [row["right"] for row in most] == [1.0, 0.0]
    assert [row["not visible yet"] for row in most] == [0.0, 1.0]
    assert most[1]["shows"] > 2048
    with pytest.raises(ValueError, match="replicates must be at least 64"):
        reproduce_power(replicates=63)


def test_cells_of_the_power_share_their_runs(powers: StudyResult, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(power, "SYSTEMS", ("random-walk",))
    alone = reproduce_power(replicates=512, seed=8, horizons=(512,), draws=200).table
    assert alone.drop("high").equals(powers.table.filter(system="random-walk", horizon=512).drop("high"))


@pytest.mark.parametrize(
    ("word", "wrong", "said"),
    [
        ("critical_length", lambda system: 2, "6 of 8 cells beyond their limits, the first random-walk with 8 runs"),
        ("growth_laws", "too bold", "2 of 8 cells beyond their limits, the first random-walk with 4 runs"),
    ],
)
def test_wrong_verdicts_would_be_seen(word: str, wrong: object, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(power, "SYSTEMS", ("random-walk",))
    if wrong == "too bold":
        monkeypatch.setattr("ergoscope.analysis._growth.laws.FEWEST_GROUPS", 1)
    else:
        monkeypatch.setattr(power, word, wrong)
    result = reproduce_power(replicates=1024, seed=8, horizons=(512, 2048), draws=200)
    assert not result.agrees
    assert said in result.sentence
