"""Work that would take months is refused before it begins, with its estimate and what fits."""

from __future__ import annotations

import pytest

from ergoscope._core.text import duration
from ergoscope.analysis import locate
from ergoscope.analysis._location.work_check import COST, LONGEST, MOST_SAMPLES, check_work


def test_months_of_work_are_refused_and_the_longest_that_fits_passes() -> None:
    with pytest.raises(
        ValueError, match="64 runs of 1000000000 samples with 100000 sizes would take about 111 days"
    ) as no:
        check_work(10**9, 64, 100_000)
    longest = int(LONGEST / (COST * 64 * 100_000))
    assert f"try a horizon of at most {longest}, fewer replicates or fewer sizes" in str(no.value)
    check_work(longest, 64, 100_000)
    with pytest.raises(ValueError, match="is the limit"):
        check_work(longest + 1, 64, 100_000)


def test_more_samples_than_the_engine_counts_are_refused() -> None:
    check_work(MOST_SAMPLES, 1, 1)
    with pytest.raises(ValueError, match=f"try a horizon of at most {MOST_SAMPLES}"):
        check_work(MOST_SAMPLES + 1, 1, 1)


def test_too_many_runs_leave_no_horizon() -> None:
    with pytest.raises(ValueError, match="the limit: try fewer replicates or fewer sizes"):
        check_work(1, 10**18, 1)


@pytest.mark.parametrize("horizon", [10**12, 2**31, 2**63])
def test_locate_refuses_such_a_horizon(horizon: int) -> None:
    with pytest.raises(ValueError, match="would take about"):
        locate("random-walk", horizon=horizon, sizes=range(3))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.04, "0.0 s"), (119, "119.0 s"), (121, "2 min"), (7199, "120 min"), (7200, "2.0 h"), (172_800, "2 days"),
     (6.4e7, "2 years"), (3.2e12, "101 402 years")],
)  # fmt: skip
def test_a_time_is_told_in_the_unit_that_suits_it(seconds: float, said: str) -> None:
    assert duration(seconds) == said
