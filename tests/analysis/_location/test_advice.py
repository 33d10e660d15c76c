"""What to do with one recording now: the size, what others cost, and what is not shown."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ergoscope.analysis import locate, save_location
from ergoscope.analysis._growth.critical_size import Critical, best_size
from ergoscope.analysis._location.advice import COSTS, Advice, advise, cost_words
from ergoscope.simulator import LinearSystem, Trajectories, simulate, zoo

OPEN = Critical(None, "undecided", "1 run cannot show it.")


def of(
    losses: np.ndarray,
    sizes: list[int],
    critical: Critical = OPEN,
    runs: int = 1,
    widen: str = "",
    label: str = "filter length",
) -> Advice:
    samples = np.ones(len(losses))
    found = advise(losses, samples, sizes, best_size(losses, samples, sizes), critical, runs, label, widen)
    assert found is not None
    return found


def chi_squares(*means: float, blocks: int = 4000) -> np.ndarray:
    """Losses of sizes: independent squares of these means."""
    return np.array(means) * np.random.default_rng(0).standard_normal((blocks, len(means))) ** 2


def test_the_smallest_size_that_no_larger_one_beats_is_advised() -> None:
    advice = of(chi_squares(3, 2, 1, 1, 1), [0, 1, 2, 3, 4])
    assert (advice.size, advice.at_edge, advice.least in (2, 3, 4)) == (2, advice.least == 4, True)


def test_costs_are_those_of_a_plain_bootstrap() -> None:
    """The twin: ratios of the means over blocks drawn with replacement, with draws of its own."""
    losses = chi_squares(1.5, 1, 1.2)
    advice = of(losses, [0, 1, 2])
    rng, drawn = np.random.default_rng(1), []
    for _ in range(4000):
        mean = losses[rng.integers(len(losses), size=len(losses))].mean(axis=0)
        drawn.append(mean / mean[1] - 1)
    lows, highs = np.quantile(drawn, [0.025, 0.975], axis=0)
    above = losses.mean(axis=0) / losses[:, 1].mean() - 1
    assert advice.size == 1
    for row in advice.costs.to_dicts():
        k = row["size"]
        assert row["above"] == pytest.approx(above[k])
        assert (row["low"], row["high"]) == (pytest.approx(lows[k], abs=0.01), pytest.approx(highs[k], abs=0.01))


def test_the_interval_of_a_cost_holds_the_true_one_in_most_recordings() -> None:
    """Of 200 recordings, whose costs are 50 % in truth: at least 95 % less four deviations."""
    inside = 0
    for seed in range(200):
        losses = np.array([1.5, 1.0]) * np.random.default_rng(seed).standard_normal((400, 2)) ** 2
        samples = np.ones(400)
        found = advise(losses, samples, [0, 1], best_size(losses, samples, [0, 1]), OPEN, 1, "rank", draws=500)
        assert found is not None
        (row,) = found.costs.to_dicts()
        low, high = (
            (row["low"], row["high"]) if found.size == 1 else (1 / (1 + row["high"]) - 1, 1 / (1 + row["low"]) - 1)
        )
        inside += low <= 0.5 <= high
    assert inside >= 0.95 * 200 - 4 * np.sqrt(200 * 0.95 * 0.05)


def test_a_size_alike_the_best_but_beaten_by_another_is_not_advised() -> None:
    """Size 0 is a little worse than 1 in every block: that is certain. Against 2, with its own noise, nothing is."""
    rng = np.random.default_rng(3)
    common = rng.standard_normal(200) ** 2
    other = rng.standard_normal(200) ** 2
    other *= (common.mean() - 0.01) / other.mean()
    losses = np.stack([common * 1.01, common, other], axis=1)
    best = best_size(losses, np.ones(200), [0, 1, 2])
    assert best.size == 2 and best.alike == [0, 1, 2]
    assert of(losses, [0, 1, 2]).size == 1


def test_an_advice_without_an_error_has_no_costs() -> None:
    advice = of(np.stack([np.ones(50), np.zeros(50)], axis=1), [0, 1])
    assert advice.size == 1 and advice.costs.is_empty()
    assert advice.sentence.endswith("a larger one may predict better")


def test_an_error_that_overflowed_costs_more_than_can_be_said() -> None:
    losses = np.stack([np.full(50, 1e306), np.ones(50)], axis=1)
    advice = of(losses, [0, 1])
    assert np.isfinite(advice.costs["high"].to_numpy()).all()
    assert "0 has over a million times the squared error" in advice.sentence


def test_one_size_leaves_nothing_to_choose() -> None:
    losses = chi_squares(1)
    assert (
        advise(losses, np.ones(len(losses)), [3], best_size(losses, np.ones(len(losses)), [3]), OPEN, 1, "rank") is None
    )


@pytest.mark.parametrize(
    ("critical", "runs", "not_shown", "needed"),
    [
        (OPEN, 1, "one path does not average", "8 runs or more"),
        (Critical(2, "located", "bounded at 2.", 2), 8, "", ""),
        (Critical(None, "at most", "", 3), 8, "", ""),
        (Critical(None, "undecided", "a longer horizon."), 8, "whether the error is bounded", "a longer horizon."),
        (
            Critical(None, "above", "try larger sizes."),
            9,
            "from which size on the error is bounded",
            "try larger sizes.",
        ),
    ],
)
def test_what_is_not_shown_comes_with_what_would_show_it(
    critical: Critical, runs: int, not_shown: str, needed: str
) -> None:
    advice = of(chi_squares(2, 1), [0, 1], critical, runs)
    assert not_shown in advice.not_shown and advice.needed == needed
    assert bool(advice.not_shown) == bool(not_shown)


def advice(size: int, least: int, at_edge: bool, label: str = "filter length", widen: str = "") -> Advice:
    rows = [(size - 1, 0.08, 0.03, 0.13)] if size else []
    return Advice(size, pl.DataFrame(rows, schema=COSTS, orient="row"), least, at_edge, widen, "", "", label)


def test_the_advice_in_words() -> None:
    said = advice(2, 2, False).sentence
    assert said == (
        "use filter length 2 (a forecast reads the last 2 samples): no larger one is shown to predict better; "
        "1 costs 8.0 % more squared error (95 % interval 3.0 to 13 %)"
    )
    edge = advice(16, 16, True, "window length", "--sizes 0..32").sentence
    assert "reads the last 16 samples of every output and input). It is the largest tried" in edge
    assert "may predict better: try --sizes 0..32; 15 costs" in edge
    shorter = advice(14, 16, True, widen="--sizes 0..32").sentence
    assert "The least error is that of 16, the largest tried: try --sizes 0..32; 13 costs" in shorter
    assert advice(0, 0, False, "rank").sentence == "use rank 0: no larger one is shown to predict better"
    assert "a forecast reads no past sample" in advice(0, 0, False).sentence


def test_a_cost_in_words() -> None:
    assert cost_words(1, 4.0, 3.0, 5.5) == "1 has 5 times the squared error (95 % interval 4 to 6.5)"
    assert cost_words(1, 0.004, -0.01, 0.02).endswith("(95 % interval -1.0 to 2.0 %; a larger one beats it)")


def recording(y: np.ndarray) -> Trajectories:
    return Trajectories(y[None, :, None], np.zeros((1, len(y), 0)), np.array([len(y)]), 1.0, ("y",), (), ("run",))


def test_an_autoregression_of_order_two_is_advised_two_taps(tmp_path: Path) -> None:
    """y[t] = 0.5 y[t-1] - 0.5 y[t-2] + e[t]: without the second tap the error is 1 / (1 - 0.25) = 4/3 of the least."""
    rng = np.random.default_rng(5)
    y = np.zeros(20_000)
    e = rng.standard_normal(20_000)
    for t in range(2, len(y)):
        y[t] = 0.5 * y[t - 1] - 0.5 * y[t - 2] + e[t]
    found = locate(recording(y), sizes=range(7), model=False)
    assert found.advice is not None and found.advice.size == 2
    cost = found.advice.costs.filter(pl.col("size") == 1).row(0, named=True)
    assert cost["low"] < 1 / 3 < cost["high"] and cost["high"] - cost["low"] < 0.1
    assert found.sentence.startswith("y: use filter length 2 (a forecast reads the last 2 samples): no larger one")
    assert "1 run cannot show whether the error is bounded" in found.sentence
    save_location(found, tmp_path)
    told = json.loads((tmp_path / "location.json").read_text())["advice"]
    assert told["size"] == 2 and told["sentence"] in found.sentence and told["needed"] == "8 runs or more"
    assert [row["size"] for row in told["costs"]] == [0, 1, 3, 4, 5, 6]


def test_a_system_keeps_its_sentence() -> None:
    found = locate("random-walk", horizon=400, sizes=range(3))
    assert found.advice is None and "critical filter length is 1" in found.sentence


def test_the_advice_does_not_depend_on_the_unit() -> None:
    plant = LinearSystem([[0.5]], [[1.0]], [[1.0]], [[0.25]])
    run = simulate(3, plant, 800)
    y = run.outputs[0, :, 0]
    one, other = (locate(recording(y * unit), sizes=range(4), model=False).advice for unit in (1.0, 2.0**10))
    assert one is not None and other is not None
    assert one.size == other.size and one.costs.equals(other.costs)


def test_many_runs_are_advised_and_located() -> None:
    found = locate(simulate(2, zoo("random-walk"), 2000, 32), sizes=range(4))
    assert found.advice is not None and found.advice.not_shown == ""
    assert found.sentence.index("use filter length") < found.sentence.index("The critical filter length is 1")
