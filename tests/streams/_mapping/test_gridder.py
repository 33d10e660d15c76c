"""Values on a grid against a plain twin: for each grid time, look through all values that came before."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from ergoscope.streams import RejectedMessage
from ergoscope.streams._mapping.durations import duration, written_duration
from ergoscope.streams._mapping.gridder import BACK, FAR, Grid
from ergoscope.streams._mapping.mapping import Sample, payload_mapping

SECOND = 10**9


def grid(first: int | None = None, channels: int = 1, **words: Any) -> Grid:
    return Grid(payload_mapping("y", **words), channels, first)


def sample(seconds: float, *values: float) -> Sample:
    return Sample(round(seconds * SECOND), np.array(values), np.zeros(0))


def given(made: Grid, pairs: list[tuple[float, float]]) -> dict[int, float]:
    """Return each grid sample by its number."""
    found: dict[int, float] = {}
    for seconds, value in pairs:
        rows = made.add(sample(seconds, value))
        if rows is not None:
            found |= {rows.first + k: float(row[0]) for k, row in enumerate(rows.values)}
    return found


def twin(pairs: list[tuple[float, float]], rule: str, hold: float) -> dict[int, float]:
    """One sample a second, by looking at all values for each of them."""
    first, last = math.ceil(pairs[0][0]), math.ceil(pairs[-1][0])
    found = {}
    for k in range(first, last):
        if rule == "mean":
            some = [value for at, value in pairs if k - 1 < at <= k and not math.isnan(value)]
            found[k] = float(np.sum(some) / len(some)) if some and k > first else math.nan
        else:
            before = [(at, value) for at, value in pairs if at <= k and not math.isnan(value)]
            at, value = before[-1] if before else (-math.inf, math.nan)
            found[k] = value if k - at <= hold else math.nan
    return found


@pytest.mark.parametrize("rule", ["hold", "mean"])
@pytest.mark.parametrize("seed", range(5))
def test_a_grid_has_the_values_of_the_twin(rule: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    times = np.round(1000 + np.cumsum(rng.exponential(0.7, 300) * rng.choice([0.3, 1, 6], 300)), 3)
    values = np.where(rng.random(300) < 0.1, np.nan, rng.standard_normal(300).round(3))
    pairs = list(zip(times.tolist(), values.tolist(), strict=True))
    got = given(grid(every="1s", rule=rule), pairs)
    expected = twin(pairs, rule, 3)
    assert list(got) == list(expected)
    np.testing.assert_allclose(list(got.values()), list(expected.values()), rtol=1e-12)
    assert np.isnan(list(got.values())).sum() > 10 < np.isfinite(list(got.values())).sum()


def test_a_value_at_the_time_of_a_sample_belongs_to_it() -> None:
    assert given(grid(every="1s"), [(5, 1), (6, 2), (7, 3)]) == {5: 1, 6: 2}
    assert given(grid(every="100ms"), [(1451649600.5 + k / 10, k) for k in range(50)]) == {
        14516496005 + k: k for k in range(49)
    }  # the times are decimal: no rounding puts one beside its sample


def test_the_times_of_the_samples_are_those_of_the_grid() -> None:
    made = grid(every="250ms")
    made.add(sample(10.1, 1))
    rows = made.add(sample(10.6, 2))
    assert rows is not None and rows.first == 41 and rows.time.tolist() == [10.25, 10.5]


@pytest.mark.parametrize(("hold", "missing"), [("1s", 5), ("3s", 3), ("1h", 0), (None, 3)])
def test_a_value_is_held_for_its_time(hold: str | None, missing: int) -> None:
    got = given(grid(every="1s", hold=hold), [(10, 1), (17, 2)])
    assert list(got) == list(range(10, 17)) and np.isnan(list(got.values())).sum() == missing


def test_each_channel_is_held_by_itself() -> None:
    made = grid(every="1s", channels=2)
    made.add(sample(10, 1, np.nan))
    first, second = made.add(sample(11, np.nan, 2)), made.add(sample(12, np.nan, 3))
    assert first is not None and second is not None
    np.testing.assert_array_equal(np.concatenate([first.values, second.values]), [[1, np.nan], [1, 2]])


def test_a_late_value_is_refused_and_changes_nothing() -> None:
    made = grid(every="1s")
    assert given(made, [(10, 1), (11, 2), (12, 3)]) == {10: 1, 11: 2}
    with pytest.raises(RejectedMessage, match="1 steps of 1s late") as late:
        made.add(sample(11, 9))
    assert late.value.kind == "time" and given(made, [(13, 4)]) == {12: 3}


def test_an_older_value_within_a_step_does_not_replace_a_newer_one() -> None:
    assert given(grid(every="1s"), [(10, 0), (10.8, 1), (10.2, 9), (12, 3)]) == {10: 0, 11: 1}


def test_a_clock_that_was_set_back_costs_some_values(caplog: pytest.LogCaptureFixture) -> None:
    made = Grid(payload_mapping("y", every="1s"), 1, name="a")
    back = 5001 - 1000 - BACK + 1
    given(made, [(5000, 1), (5001, 2)])
    refused = 0
    got: dict[int, float] = {}
    for k in range(BACK + 10):
        try:
            got |= given(made, [(1000 + k, k)])
        except RejectedMessage:
            refused += 1
    assert refused == BACK - 1
    assert list(got) == list(range(5001, 5001 + 11))  # the numbers go on
    assert list(got.values()) == [2, *range(BACK - 1, BACK + 9)]  # the sample that waited leaves, too
    assert [record.getMessage() for record in caplog.records] == [
        f"a: {BACK} values in a row came too late: the clock of the publisher is taken as set back by {back}s, and the "
        "samples go on from there."
    ]


def test_one_wrong_time_far_ahead_is_left_out() -> None:
    made = grid(every="1s")
    got = given(made, [(10, 1), (11, 2)])
    with pytest.raises(RejectedMessage, match="steps ahead of the others"):
        made.add(sample(11 + 2 * FAR, 9))
    assert got | given(made, [(12, 3), (13, 4)]) == {10: 1, 11: 2, 12: 3}


def test_a_pause_beyond_the_limit_needs_a_second_value() -> None:
    made = grid(every="1s")
    given(made, [(10, 1)])
    later = 10 + 3 * FAR
    with pytest.raises(RejectedMessage):
        made.add(sample(later, 2))
    assert given(made, [(later + 1, 3), (later + 2, 4)]) == {10: 1, later + 1: 3}  # what waited before the pause leaves


def test_a_restart_gives_the_samples_in_between_as_missing() -> None:
    got = given(grid(15, every="1s"), [(20, 1), (21, 2)])
    np.testing.assert_array_equal([got[k] for k in range(15, 21)], [np.nan] * 5 + [1])


def test_after_a_loss_no_value_is_held() -> None:
    made = grid(every="1s", hold="1h")
    given(made, [(10, 1)])
    made.forget()
    got = given(made, [(13, 2), (14, 3)])
    np.testing.assert_array_equal([got[k] for k in range(10, 14)], [np.nan] * 3 + [2])


def test_the_end_of_a_recording_gives_a_sample_that_is_whole() -> None:
    made = grid(every="1s")
    given(made, [(10, 1), (11, 2)])
    rows = made.finish()
    assert rows is not None and (rows.first, rows.values.tolist()) == (11, [[2]])
    made = grid(every="1s")
    given(made, [(10, 1), (11.5, 2)])
    assert made.finish() is None


def test_other_channels_are_refused() -> None:
    made = grid(every="1s")
    made.add(sample(10, 1))
    with pytest.raises(RejectedMessage, match="this one 2") as wide:
        made.add(sample(11, 1, 2))
    assert wide.value.kind == "dimension"


@pytest.mark.parametrize(
    ("text", "length"),
    [("10s", 10 * SECOND), ("100ms", SECOND // 10), ("1min", 60 * SECOND), ("2h", 7200 * SECOND),
     ("1d", 86_400 * SECOND), ("50us", 50_000), ("1.5s", 1_500_000_000)],
)  # fmt: skip
def test_a_duration_is_written_as_it_is_read(text: str, length: int) -> None:
    assert duration("a step", text) == length == duration("a step", written_duration(length))


def test_the_rule_is_said() -> None:
    assert payload_mapping("y", every="10s").grid == (
        "one sample every 10s, at multiples of 10s since 1970: the last value, at most 30s old, else missing"
    )
    assert "the mean of the values" in str(payload_mapping("y", every="10s", rule="mean").grid)


def test_a_mapping_is_written_as_the_options_that_make_it() -> None:
    made = payload_mapping(["a b", "c"], "u", time="ts", unit="ms", by="id", each="m", every="10s", hold="1h")
    assert made.options == "--y 'a b,c' --u u --time ts --time-unit ms --by id --each m --every 10s --hold 1h"
    assert payload_mapping("a", every=0.5, rule="mean").options == "--y a --every 500ms --rule mean"
    assert payload_mapping("a", every="10s").options == "--y a --every 10s"
