"""The answer as a sentence: what was tried, what was read, and how to widen it."""

from __future__ import annotations

import polars as pl
import pytest

from ergoscope.analysis._growth.critical_size import Critical
from ergoscope.analysis._location.advice import COSTS, Advice
from ergoscope.analysis._location.sentences import recording_sentence
from ergoscope.simulator._recordings.reading import Reading


def said(critical: Critical, sizes: list[int], best: int, reading: Reading | None = None, runs: int = 8) -> str:
    widen = f"--sizes {sizes[0]}..{2 * sizes[-1]}"
    advice = Advice(best, pl.DataFrame(schema=COSTS), best, best == sizes[-1], widen, "", "", "filter length")
    return recording_sentence("y", "filter length", sizes, critical, advice, None, None, 500, 500, runs, reading)


def test_the_largest_tried_is_said_with_the_option_that_widens() -> None:
    located = Critical(1, "located", "bounded at 1.", 1)
    assert "It is the largest tried, and a larger one may predict better: try --sizes 0..32. The critical" in said(
        located, list(range(17)), 16
    )
    assert "largest tried" not in said(located, list(range(17)), 15)


def test_what_to_do_comes_first_and_what_is_not_shown_next() -> None:
    few = Critical(None, "undecided", "1 run cannot show it: record 8 or more.")
    assert said(few, [0, 1, 2], 1, runs=1) == (
        "y: use filter length 1 (a forecast reads the last sample): no larger one is shown to predict better. "
        "1 run cannot show it: record 8 or more. This holds for 1 run of up to 500 samples."
    )


@pytest.mark.parametrize(
    ("critical", "words"),
    [
        (Critical(None, "at most", "", 3), "The critical filter length is at most 3 (the smallest tried)"),
        (Critical(None, "at most", "", 5), "is at most 5 (the size before it was not tried)"),
        (Critical(None, "at most", "", 3, 0.17), "(the smallest tried), but it still rises like t^0.17"),
        (Critical(None, "above", "every size grows."), "is above the largest one tried: every size grows"),
        (Critical(None, "not visible yet", "so."), "The critical filter length is not visible yet: so"),
        (Critical(None, "undecided", "why."), "The critical filter length is undecided: why"),
    ],
)
def test_each_verdict_has_its_words(critical: Critical, words: str) -> None:
    assert words in said(critical, [3, 5, 6], 5)


def test_what_was_read_ends_the_sentence() -> None:
    end = said(Critical(None, "undecided", "why."), [0, 1], 1, Reading(3230, 12, 0.1, 0.99, ("a.csv",)))
    assert end.endswith("samples; read: 3 230 rows, 12 of 1 200 samples missing (1.0 %), step 0.1 s.")
    end = said(Critical(None, "undecided", "why."), [0, 1], 1, Reading(10, 0, None, 1.0, ("a.csv",)))
    assert end.endswith("read: 10 rows, no sample missing, no time column.")
