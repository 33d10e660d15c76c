"""Requirements: how they are written, what is refused and where, and the shortfalls of a scorecard."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from ergoscope.analysis import Scorecard, parse_requirements, shortfalls
from ergoscope.analysis._scoring.schema import ROW

ROWS: list[dict[str, Any]] = [
    dict(case="plant", kind="plant", verdict="pass", reason="its error is bounded", growth="bounded", law="bounded",
         excess=0.5, against_ladder=-3.0, coverage=0.95, coverage_low=0.94, coverage_high=0.96, step_median=2e-5),
    dict(case="random-walk", kind="zoo", verdict="falls short", reason="its error grows as t^1", growth="growing",
         law="t^1", excess=70.0, coverage=0.8, coverage_low=0.78, coverage_high=0.82, step_median=2e-5),
    dict(case="dropout", kind="stress", verdict="pass", reason="back", excess=900.0, recovery=40, step_median=2e-5),
    dict(case="bias", kind="stress", verdict="falls short", reason="its error is not back", excess=900.0),
]  # fmt: skip


def card(**changes: Any) -> Scorecard:
    rows = [dict.fromkeys(ROW) | dict(flaws=[], because=[]) | row for row in ROWS]
    rows[1] |= changes
    return Scorecard("p.py:make", pl.DataFrame(rows, schema=ROW), pl.DataFrame(), (), len(rows))


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("plant:bounded, plant:excess<5%, plant:excess < 0.01", []),
        ("plant:excess<0.5%", ["plant:excess<0.5%: plant: excess is 0.5 %"]),
        ("bounded", ["bounded: random-walk: its growth is t^1"]),
        ("excess<5%", ["excess<5%: random-walk: excess is 70 %"]),  # does not apply to stress cases
        ("dropout:excess<5%", ["dropout:excess<5%: dropout: excess is 900 %"]),
        ("calibrated", ["calibrated: random-walk: its 95 % interval contains 80.0 % of the readings"]),
        ("recovery<50", ["recovery<50: bias: its error is not back"]),
        ("zoo:passes", ["zoo:passes: random-walk: falls short, its error grows as t^1"]),
        ("plant:ladder<0%", []),
        ("deterministic, flawless, finite", []),
        ("bursts:recovery<50", ["bursts:recovery<50: no case of this run measures it"]),
        ("plant:time<1e-5", ["plant:time<1e-5: plant: time is 2e-05"]),
    ],
)
def test_shortfalls_name_each_case(text: str, short: list[str]) -> None:
    assert shortfalls(card(), parse_requirements(text)) == short


def test_flaws_are_required_to_be_missing() -> None:
    bad = card(flaws=["not finite", "non-deterministic"], because=["at step 7: NaN", "differ"])
    assert shortfalls(bad, parse_requirements("deterministic")) == [
        "deterministic: non-deterministic, random-walk: differ"
    ]
    assert len(shortfalls(bad, parse_requirements("flawless"))) == 2
    assert shortfalls(bad, parse_requirements("finite")) == ["finite: random-walk: not finite, at step 7: NaN"]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("bounded, excesss<5%", "at character 10: 'excesss' is not known"),
        ("excess", "at character 1: excess needs a limit: excess<5"),
        ("bounded, bounded<3", "at character 10: bounded takes no limit"),
        ("excess>5%", "at character 1: a requirement is a word"),
        ("bounded,,excess<5", "at character 9: a requirement is a word"),
        ("droput:excess<5%", "at character 1: no case is called 'droput'"),
        ("excess<5x%", "at character 1: '5x' is not a number"),
        ("plant:deterministic", "at character 1: deterministic applies to all cases together"),
    ],
)
def test_an_unreadable_requirement_is_refused_with_its_place_and_the_known_words(text: str, where: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011
        parse_requirements(text)
    assert where in str(refused.value)
    assert "Words: bounded, calibrated, finite, passes, deterministic, flawless; with a limit: excess" in str(
        refused.value
    )
