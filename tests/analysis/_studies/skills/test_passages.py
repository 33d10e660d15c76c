"""First passages of streams beside bisection with a textbook decoder; the extrapolation beside known numbers."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.stats import chi2, norm

from ergoscope.analysis import learning_jump
from ergoscope.analysis._exact.threshold_spread import code_spread, stream_spread
from ergoscope.analysis._studies.skills.passages import (
    extrapolated,
    first_passage,
    first_passages_of_streams,
    learned_shares,
    passage_summary,
)
from ergoscope.simulator import skills

LIMIT = 1e-4  # two-sided


def offline_share(concepts: int, seed: int, texts: int, mean: float) -> float:
    drawn = skills(concepts, mean).draw(seed, 0, texts)
    rows = [set(drawn.indices[a:b].tolist()) for a, b in zip(drawn.indptr, drawn.indptr[1:], strict=False)]
    known: set[int] = set()
    while taught := {concept for row in rows if len(row - known) == 1 for concept in row - known}:
        known |= taught
    return len(known) / concepts


@pytest.mark.parametrize(("seed", "share", "mean"), [(0, 0.5, 6.0), (1, 0.5, 6.0), (2, 0.9, 3.0), (3, 1.0, 2.0)])
def test_a_passage_is_where_bisection_finds_it(seed: int, share: float, mean: float) -> None:
    concepts, low, high = 40, 0, 40 * 40
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if offline_share(concepts, seed, middle, mean) >= share else (middle, high)
    assert first_passage(concepts, seed, mean, share) == high / concepts


def test_a_stream_that_does_not_pass_has_no_passage() -> None:
    assert first_passage(2000, 0, most=3.0) is None
    assert first_passage(2000, 0, most=6.0) is not None


def test_shares_are_those_of_a_textbook_decoder() -> None:
    loads = np.array([0.0, 1.0, 3.0, 4.5, 6.0])
    found = learned_shares(80, 5, loads)
    assert found.tolist() == [offline_share(80, 5, round(load * 80), 6.0) for load in loads]


def test_passages_are_one_row_for_each_stream() -> None:
    told: list[tuple[int, int]] = []
    found = first_passages_of_streams((50, 100), 3, seed=7, progress=lambda done, total: told.append((done, total)))
    assert found.select("concepts", "seed").rows() == [(R, seed) for R in (50, 100) for seed in (7, 8, 9)]
    assert found["load"].to_list() == [first_passage(R, seed) for R, seed in found.select("concepts", "seed").rows()]
    assert told == [(50, 450), (100, 450), (150, 450), (250, 450), (350, 450), (450, 450)]
    summary = passage_summary(found)
    loads = found.filter(concepts=100)["load"].to_numpy()
    assert summary.row(1) == pytest.approx(
        (100, 3, loads.mean(), loads.std(ddof=1) / np.sqrt(3), loads.std(ddof=1) * 10)
    )


@pytest.fixture(scope="module")
def summary() -> pl.DataFrame:
    return passage_summary(first_passages_of_streams((300, 1000, 3000), 100, seed=40))


def test_the_spread_of_streams_is_that_of_theory(summary: pl.DataFrame, pytestconfig: pytest.Config) -> None:
    """At 3000 concepts, where the loads are nearly normal; in a campaign at 10 000, to 5 %."""
    found, streams = summary["spread"][-1], 100
    if pytestconfig.getoption("--campaign"):
        streams = 3000
        found = passage_summary(first_passages_of_streams((10_000,), streams))["spread"][0]
    limits = np.sqrt(chi2.ppf([LIMIT / 2, 1 - LIMIT / 2], streams - 1) / (streams - 1))
    assert limits[0] <= found / stream_spread(6.0) <= limits[1]
    assert found / code_spread(6.0, signs="published") < limits[0]


def test_three_sizes_extrapolate_to_the_exact_threshold(summary: pl.DataFrame) -> None:
    found = extrapolated(summary)
    assert abs(found.load - learning_jump(6.0).load) < norm.isf(LIMIT / 2) * found.error < 0.2
    assert summary["load"][0] - found.load > 0.1  # the shift of small sizes


def test_the_extrapolation_is_weighted_least_squares() -> None:
    R, error = np.array([1000, 3000, 10_000]), np.array([0.03, 0.02, 0.01])
    loads = 4.5 + 12.0 * R ** (-2 / 3) + np.array([0.01, -0.02, 0.005])
    found = extrapolated(pl.DataFrame(dict(concepts=R, streams=[9, 9, 9], load=loads, error=error)))
    (slope, value), covariance = np.polyfit(R ** (-2 / 3), loads, 1, w=1 / error, cov="unscaled")
    assert (found.load, found.error, found.shift) == pytest.approx((value, np.sqrt(covariance[1, 1]), slope))


@pytest.mark.parametrize(("share", "most", "message"), [(0.0, 9.0, "share of concepts"), (0.5, 0.0, "load up to")])
def test_bad_numbers_are_refused(share: float, most: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        first_passage(100, 0, share=share, most=most)


def test_one_size_is_not_extrapolated() -> None:
    with pytest.raises(ValueError, match="two sizes or more"):
        extrapolated(passage_summary(first_passages_of_streams((50,), 3)))
