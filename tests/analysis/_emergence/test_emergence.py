"""The answer along an axis and along the steps: value, verdict, words."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import pytest

from ergoscope.analysis import Emergence, emergence

T = 4000


def passages(counts: dict[float, int], axis: str = "rows", runs: int = 8, **labels: Any) -> pl.DataFrame:
    """Of each value so many of its runs pass, at steps 1000, 1100, .."""
    parts = []
    for value, passed in counts.items():
        high = [1000 + 100 * k if k < passed else None for k in range(runs)]
        parts.append(pl.DataFrame({axis: [value] * runs, "high": high}, schema_overrides=dict(high=pl.Int64)))
    frame = pl.concat(parts).with_row_index("run").with_columns(pl.col("run").cast(pl.Int64), **labels)
    censored = pl.col("high").is_null()
    low = pl.when(censored).then(T).otherwise(pl.col("high") - 50)
    plain = dict(kind=pl.lit("all"), diverged=False, relapsed=False, last=pl.lit(T, pl.Int64))
    return frame.with_columns(low=low.cast(pl.Int64), censored=censored, seed=pl.col("run"), **plain)


def on(counts: dict[float, int], axis: str = "rows", runs: int = 8, **words: Any) -> Emergence:
    return emergence(passages(counts, axis, runs), axis, ability="generalises", **words)


PARITY = {600: 0, 800: 1, 1000: 5, 1200: 6, 1400: 8, 1600: 8}  # a trial of grokking


def test_a_rising_share_is_located_with_its_horizon_and_what_lies_below() -> None:
    found = on(PARITY, exact=900)
    assert (found.verdict, found.within, found.rising, found.logarithmic) == ("located", T, True, True)
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert 850 < found.low < 880 < 950 < found.value < 1010 < 1060 < found.high < 1120
    assert found.isotonic is not None
    assert found.isotonic.value == pytest.approx(800 * 1.25**0.75)  # from 1/8 to 5/8, on a line in log rows
    assert found.width is not None
    assert 1.3 < found.width < 2.2
    assert found.sentence == (
        f"generalises from {found.value:.0f} [{found.low:.0f}, {found.high:.0f}] rows on, within 4000 steps; "
        "at 800 rows 1 of 8 runs do. Theory says 900 rows."
    )
    assert found.shares["rows", "runs", "passed"].rows() == [(rows, 8, passed) for rows, passed in PARITY.items()]
    assert found.shares["median"].to_list() == [None, None, 1300.0, 1300.0, 1300.0, 1300.0]
    assert found.end is None


def test_the_answer_does_not_depend_on_the_order_of_runs_and_scales_with_the_axis() -> None:
    frame = passages(PARITY)
    found = emergence(frame, "rows")
    assert emergence(frame.sample(fraction=1, shuffle=True, seed=1), "rows").to_dict() == found.to_dict()
    tenfold = emergence(frame.with_columns(rows=pl.col("rows") * 10), "rows")
    for word in ("value", "low", "high"):
        assert getattr(tenfold, word) == pytest.approx(10 * getattr(found, word), rel=1e-9)
    assert tenfold.width == pytest.approx(found.width)


def test_a_falling_share_mirrors_a_rising_one() -> None:
    rising, falling = on({1: 0, 2: 1, 4: 6, 8: 8}, "size"), on({1: 8, 2: 6, 4: 1, 8: 0}, "size")
    assert (falling.verdict, falling.rising) == ("located", False)
    assert (falling.value, falling.low, falling.high) == pytest.approx(
        (8 / rising.value, 8 / rising.high, 8 / rising.low)
    )
    assert falling.sentence.startswith("generalises up to size ")
    assert falling.sentence.endswith("; at size 4 1 of 8 runs do.")


def test_a_window_has_two_edges() -> None:
    found = on({0.003: 0, 0.01: 0, 0.03: 3, 0.1: 7, 0.3: 5, 1.0: 0, 3.0: 0}, "decay")
    assert found.verdict == "located"
    assert 0.02 < found.low < 0.03 < found.value < 0.05 < found.high < 0.1
    assert 0.1 < found.end_low < 0.25 < found.end < 0.4 < found.end_high < 1
    assert found.sentence.startswith("generalises from decay 0.0")
    assert "; at decay 0.01 0 of 8 runs do." in found.sentence
    # One run of 8 less at the end is no window: a monotone curve explains it.
    assert on({0.01: 0, 0.03: 3, 0.1: 8, 0.3: 7}, "decay").end is None


def test_values_that_pass_whole_or_fail_whole_leave_the_gap_between_them() -> None:
    found = on({1: 0, 2: 0, 4: 8, 8: 8}, "size")
    assert found.value == pytest.approx(np.sqrt(8), rel=1e-6)
    assert 2 < found.low < 2.4 < 3.3 < found.high < 4
    linear = on({-1: 0, 0: 2, 1: 6, 2: 8}, "depth")
    assert not linear.logarithmic
    assert linear.value == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("counts", "runs", "verdict", "words"),
    [
        ({600: 0, 800: 1}, 8, "above", "every rows from 600 to 800 is below one half"),
        ({600: 1, 800: 3}, 8, "undecided", "not all are shown to be below; larger values"),
        ({600: 6, 800: 8}, 8, "undecided", "smaller values would decide it"),
        ({600: 8, 800: 6}, 8, "undecided", "larger values would decide it"),
        ({600: 0, 800: 3}, 3, "undecided", "600 rows: 3 runs, and 4 are needed"),
        ({600: 8, 800: 0, 1000: 8, 1200: 8}, 8, "undecided", "above one half at 600 and below at 800"),
        ({600: 3, 800: 4, 1000: 5}, 8, "undecided", "leaves the values tried"),
    ],
)
def test_what_is_not_located_says_what_would_decide_it(
    counts: dict[float, int], runs: int, verdict: str, words: str
) -> None:
    found = on(counts, runs=runs)
    assert (found.verdict, found.value, found.end) == (verdict, None, None)
    assert words in found.reason
    assert "within 4000 steps" in found.sentence


def test_runs_that_diverged_are_named_and_never_pass() -> None:
    frame = passages(PARITY)
    gone = (pl.col("rows") >= 1400) & pl.col("run").mod(8).lt(2)
    frame = frame.with_columns(
        diverged=gone,
        censored=pl.col("censored") | gone,
        high=pl.when(~gone).then("high"),
        last=pl.when(gone).then(pl.lit(100, pl.Int64)).otherwise("last"),
    )
    found = emergence(frame, "rows")
    assert (found.within, found.runs, found.diverged) == (T, 48, 4)
    assert found.shares["passed"].to_list() == [0, 1, 5, 6, 6, 6]
    assert found.shares["diverged"].to_list() == [0, 0, 0, 0, 2, 2]
    assert "4 of 48 runs diverged and count as not passed." in found.sentence


def test_a_run_that_ended_early_shortens_the_horizon_for_all() -> None:
    frame = passages(PARITY).with_columns(last=pl.when(pl.col("run") == 0).then(1150).otherwise("last").cast(pl.Int64))
    found = emergence(frame, "rows")
    assert found.within == 1150
    assert found.shares["passed"].to_list() == [0, 1, 2, 2, 2, 2]


def test_by_which_step_half_of_the_runs_pass() -> None:
    found = emergence(passages({1400: 8}), "steps", ability="generalises", exact=1234)
    assert (found.verdict, found.value) == ("located", 1300.0)
    assert found.sentence == (
        "generalises by step 1300 [1094, 1606] in half of the runs; 8 of 8 do within 4000 steps. Theory says step 1234."
    )
    assert found.shares["share"].to_list() == pytest.approx([k / 8 for k in range(1, 9)])
    none = emergence(passages({1400: 1}), "steps", ability="generalises")
    assert (none.verdict, none.value) == ("above", None)
    assert none.sentence == "generalises after step 4000, if at all: 1 of 8 runs do within 4000 steps."
    some = emergence(passages({1400: 5}), "steps")
    assert some.verdict == "undecided"
    assert some.low == pytest.approx(1094, abs=1)
    assert "a median of 5 runs has no 95 % interval" in emergence(passages({1400: 5}, runs=5), "steps").reason
    first = passages({1400: 8}).with_columns(low=pl.lit(None, pl.Int64))
    assert "earlier edges" in emergence(first, "steps").reason


def test_the_answer_is_json_and_a_page() -> None:
    for found in (on(PARITY), emergence(passages({1400: 8}), "steps")):
        answer = json.loads(json.dumps(found.to_dict(), allow_nan=False))
        assert answer["sentence"] == str(found) == repr(found)
        assert len(answer["shares"]) == len(found.shares)
        assert found.sentence in found._repr_html_()


@pytest.mark.parametrize(
    ("frame", "axis", "message"),
    [
        (passages(PARITY), "row", "got 'row'; did you mean 'rows'"),
        (passages({600: 0}), "rows", "at least two values, got only 600"),
        (passages(PARITY).with_columns(rows=pl.lit("many")), "rows", "must hold numbers"),
        (passages(PARITY, decay=pl.lit(None, pl.Float64)), "decay", "finite numbers"),
        (passages(PARITY, decay=pl.col("run") % 2), "rows", r"choose one decay of \[0, 1\] first"),
        (passages(PARITY), "steps", "choose one rows of"),
        (passages(PARITY).with_columns(kind=pl.when(pl.col("run") > 3).then(pl.lit("b")).otherwise("kind")), "rows",
         "choose one kind of all, b"),
        (pl.concat([passages(PARITY)] * 2), "rows", "number the runs"),
        (passages(PARITY).drop("last"), "rows", "needs the column 'last'"),
    ],
)  # fmt: skip
def test_passages_that_mix_questions_are_refused(frame: pl.DataFrame, axis: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        emergence(frame, axis)


def test_a_bad_seed_or_theory_is_refused() -> None:
    with pytest.raises(ValueError, match="seed must be"):
        on(PARITY, seed=-1)
    with pytest.raises(ValueError, match="exact must be"):
        on(PARITY, exact=float("nan"))
