"""Exponents of sizes against a plain twin, verdicts on known curves, and how often they mislead."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.stats import binom, t

from ergoscope.analysis import locate_curves
from ergoscope.analysis._curves.growth import growth_threshold, size_laws

STEPS = [10, 20, 50, 100, 200, 500, 1000]


def tidy(curves: dict[float, list[list[float]]], steps: list[int] = STEPS) -> pl.DataFrame:
    """Errors ``(run, step)`` of each size as a tidy frame."""
    rows = [
        (float(size), float(step), str(run), float(value))
        for size, runs in curves.items()
        for run, values in enumerate(runs)
        for step, value in zip(steps, values, strict=True)
    ]
    return pl.DataFrame(rows, schema=["size", "along", "run", "error"], orient="row")


def noisy(law, seed: int, runs: int = 4, steps: list[int] = STEPS, spread: float = 0.05) -> list[list[float]]:
    random = np.random.default_rng(seed)
    return [[law(step) * float(np.exp(spread * random.standard_normal())) for step in steps] for _ in range(runs)]


def test_an_exponent_is_the_slope_of_the_mean_with_the_interval_of_the_runs() -> None:
    values = np.array(noisy(lambda step: 2 + 30 / step, 1))
    row = size_laws(tidy({8: values.tolist()})).row(0, named=True)
    used = [step for step in STEPS if step > 50]
    x, kept = np.log(used), values[:, -len(used) :]
    slope = np.polyfit(x, np.log(kept.mean(axis=0)), 1)[0]
    each = [np.polyfit(x, run / kept.mean(axis=0), 1)[0] for run in kept]  # to first order, a run's own part
    half = t.ppf(0.975, 3) * np.std(each, ddof=1) / 2
    np.testing.assert_allclose([row["exponent"], row["low"], row["high"]], [slope, slope - half, slope + half])
    assert (row["runs"], row["points"], row["first"], row["last"]) == (4, 4, 100, 1000)
    assert row["error"] == pytest.approx(values[:, -1].mean())


@pytest.mark.parametrize(
    ("law", "verdict"),
    [
        (lambda step: step**1.0, "growing"),
        (lambda step: step**0.5, "growing"),
        (lambda step: 7.0, "bounded"),
        (lambda step: step**-0.5, "falling"),
        (lambda step: 1 + 300 / step, "falling to a floor"),
    ],
)
def test_known_laws_have_their_verdict(law, verdict: str) -> None:
    steps = [100, 150, 200, 300, 400, 600, 800, 1000]
    assert size_laws(tidy({1: noisy(law, 3, steps=steps, spread=0.01)}, steps))["verdict"].item() == verdict


def test_few_runs_are_undecided_and_say_why() -> None:
    for runs, words in ((1, "1 run of a size"), (2, "2 runs of a size")):
        row = size_laws(tidy({1: noisy(lambda step: step, 0, runs)})).row(0, named=True)
        assert row["verdict"] == "undecided" and words in row["reason"] and row["low"] is None
        assert row["exponent"] == pytest.approx(1, abs=0.2)
    wide = size_laws(tidy({1: noisy(lambda step: step**0.2, 0, 3, spread=0.8)})).row(0, named=True)
    assert wide["verdict"] == "undecided" and "more runs" in wide["reason"]


def test_runs_that_share_no_places_and_zeros_are_undecided() -> None:
    frame = tidy({1: noisy(lambda step: 1.0, 0, 3)})
    apart = frame.with_columns(along=pl.col("along") + pl.col("run").cast(pl.Float64))
    assert "its runs share 0 places" in size_laws(apart)["reason"].item()
    zero = frame.with_columns(error=pl.when(pl.col("along") == 500).then(0.0).otherwise("error"))
    assert "not above 0 at 500" in size_laws(zero)["reason"].item()
    begun = pl.concat([frame, frame.filter(pl.col("along") == 10).with_columns(along=0.0)])  # step 0 has no logarithm
    assert size_laws(begun).equals(size_laws(frame))


def test_the_threshold_lies_between_sizes_that_are_shown() -> None:
    def verdicts(*words: str) -> tuple[str, float | None, float | None]:
        frame = pl.DataFrame(dict(size=[float(2**k) for k in range(len(words))], verdict=words))
        return tuple(growth_threshold(frame))

    assert verdicts("growing", "growing", "bounded", "falling") == ("located", 4.0, 2.0)
    assert verdicts("growing", "undecided", "bounded") == ("located", 4.0, 1.0)
    assert verdicts("undecided", "bounded") == ("at most", 2.0, None)
    assert verdicts("growing", "growing") == ("above", None, 2.0)
    assert verdicts("growing", "undecided") == ("undecided", None, 1.0)
    assert verdicts("bounded", "growing", "bounded") == ("undecided", None, None)


def test_a_level_error_is_called_growing_or_falling_as_rarely_as_said() -> None:
    """400 sizes whose error is level: at most one in forty on each side is wrong by chance, three runs each."""
    laws = size_laws(tidy({k: noisy(lambda step: 1.0, k, 3, spread=0.2) for k in range(400)}))
    most = binom.isf(1e-4, 400, 0.025)
    for wrong in ("growing", "falling"):
        assert laws["verdict"].str.starts_with(wrong).sum() <= most


def test_the_sentence_names_the_threshold() -> None:
    growth = {size: noisy(lambda step: step, size) for size in (1, 2)}
    growth |= {size: noisy(lambda step: 5.0, size) for size in (4, 8)}
    frame = tidy(growth).rename(dict(size="width", along="step", run="seed", error="mse"))
    found = locate_curves(frame, size="width", along="step", error="mse", run="seed")
    assert "mse stops growing along step at width 4: it grows at 2." in found.sentence
    assert found.threshold == ("located", 4.0, 2.0) and found.no_law == "the error of a size grows"
