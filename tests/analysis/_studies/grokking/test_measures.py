"""What the study reads from curves, on curves whose answer is known."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from ergoscope.analysis._studies.claims import Claim, at_least, at_most, claims_table, verdict
from ergoscope.analysis._studies.grokking.addition_study import _with_falls
from ergoscope.analysis._studies.grokking.cells import parts
from ergoscope.analysis._studies.grokking.figures import map_figure
from ergoscope.analysis._studies.grokking.parity_study import counts_words, region_maps, runs_of
from ergoscope.analysis._studies.grokking.published import KNOWN, TOTALS, grid
from ergoscope.analysis._studies.grokking.runs import cost_sentence

STEPS = [0, 10, 20, 40, 80]


def curves(run: int = 0, **metrics: list[float]) -> pl.DataFrame:
    labels: dict[str, object] = dict(seed=run, size=64, rows=100, rate=0.01, decay=0.1, l1=0.0, dropout=0.0)
    frames = [
        pl.DataFrame(labels | dict(step=STEPS, metric=name.replace("_", " "), kind="all", value=values))
        for name, values in metrics.items()
    ]
    return pl.concat(frames).with_columns(run=pl.lit(run, pl.Int64))


def test_passages_ratios_and_the_rise_of_the_loss() -> None:
    frame = curves(
        accuracy=[0.5, 0.99, 1.0, 1.0, 1.0],
        exam_accuracy=[0.5, 1.0, 0.6, 0.99, 1.0],
        loss=[0.7, 0.02, 0.01, 0.03, 0.005],
        distractor_ratio=[3.0, 2.5, 2.0, 1.0, 0.4],
    )
    row = runs_of(frame).row(0, named=True)
    assert (row["memorised"], row["generalised"]) == (10, 40)  # for good: the exam at step 10 does not count
    assert row["rise"] == pytest.approx(3.0)
    assert (row["ratio_first"], row["ratio_memorised"], row["ratio"]) == (3.0, 2.5, 0.4)
    never = curves(accuracy=[0.5] * 5, exam_accuracy=[0.5] * 5, loss=[0.7] * 5, distractor_ratio=[3.0] * 5)
    row = runs_of(never).row(0, named=True)
    assert row["memorised"] is row["generalised"] is row["rise"] is row["ratio"] is None


def test_the_map_of_a_width_has_the_letters_of_the_source() -> None:
    grok = dict(loss=[0.7, 0.1, 1e-6, 1e-7, 1e-7], exam_loss=[0.7, 2.0, 5e-2, 6e-3, 9e-6])
    only = dict(loss=[0.7, 0.1, 1e-6, 1e-6, 1e-6], exam_loss=[0.7, 2.0, 5.0, 1e-4, 2e-5])
    found = region_maps(pl.concat([curves(run, **each) for run, each in enumerate([grok, only, grok])]))
    assert [counts_words(cell) for cell in found.iter_rows(named=True)] == ["G2 M1"]
    assert found["size"].to_list() == [64]
    assert len(map_figure(found).axes) == 1


def test_falls_and_recoveries_of_the_exam() -> None:
    frame = curves(accuracy=[1.0] * 5, exam_accuracy=[0.1, 0.8, 0.3, 0.6, 0.5], loss=[0.1] * 5)
    row = _with_falls("any", frame).row(0, named=True)
    assert row["fall"] == pytest.approx(0.5)
    assert row["recovery"] == pytest.approx(0.3)
    assert (row["best"], row["end"]) == (0.8, 0.5)


def test_a_claim_that_was_not_measured_does_not_hold() -> None:
    claims = [
        at_least("a", "one", 1.0, 1.0, "theory"),
        at_most("a", "two", None, 3, "trial"),
        Claim("a", "three", None),
    ]
    assert [one.agrees for one in claims] == [True, False, None]
    assert verdict(claims) == (False, "1 of 2 claims do not hold, the first a: two")
    assert verdict(claims[:1]) == (True, "1 of 1 claims hold")
    assert claims_table(claims)["agrees"].to_list() == ["yes", "no", "reported"]
    assert [Claim("a", "b", value, 1, 2).agrees for value in (0.9, 1.0, 2.0, 2.1)] == [False, True, True, False]


def test_the_cost_is_said_first(tmp_path: Path) -> None:
    planned = {"parity": parts(0, quick=True)["parity"]}
    count = len(planned["parity"].runs)
    said = cost_sentence(planned, tmp_path, seconds=lambda part, run: 1e-3)
    assert said.startswith(f"{count} networks and {count * 4000:,} updates: about ".replace(",", " "))
    assert "Ctrl-C keeps" in said


def test_quick_is_a_part_of_the_full_study() -> None:
    quick, full = (parts(3, quick=quick) for quick in (True, False))
    assert set(quick) < set(full)
    for name, part in quick.items():
        assert set(part.runs) <= set(full[name].runs)
        assert len(set(full[name].runs)) == len(full[name].runs)
        assert part.training.settings == full[name].training.settings  # one folder holds both


def test_the_published_grid_has_its_size_and_its_counts() -> None:
    assert len(grid(9).runs) == sum(TOTALS.values()) == 1125
    for cell, words in KNOWN.items():
        assert sum(int(part[1:]) for part in words.split()) == 9, cell
    known = dict.fromkeys(TOTALS, 0)
    for words in KNOWN.values():
        for part in words.split():
            known[part[0]] += int(part[1:])
    assert known["M"] < TOTALS["M"]
    assert known["N"] < TOTALS["N"]
