"""The figure of thresholds by kind, where it is hard to draw: no threshold, and a kind that no set has."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from ergoscope.analysis._reports.kind_figures import kind_thresholds_figure


@pytest.mark.parametrize("value", [20.0, None])
@pytest.mark.parametrize("rarer", [0.5, 0.0])
def test_it_is_drawn_without_thresholds_and_with_a_kind_of_frequency_0(
    value: float | None, rarer: float, tmp_path: Path
) -> None:
    verdicts = ["located" if value else "above", "above"]
    kinds = dict(kind=["a", "b"], frequency=[1.0, rarer], verdict=verdicts, everywhere=[False, False])
    numbers = pl.DataFrame({word: [value, None] for word in ("value", "low", "high")}, schema_overrides=NUMBERS)
    figure = kind_thresholds_figure(pl.DataFrame(kinds).with_columns(numbers), "rows", "a task")
    figure.savefig(tmp_path / "thresholds.png")
    (axes,) = figure.axes
    assert axes.get_xlim()[0] < (rarer or 0.1) < 1 < axes.get_xlim()[1]
    assert ("leftmost" in axes.get_xlabel()) == (rarer == 0)


NUMBERS = dict.fromkeys(("value", "low", "high"), pl.Float64)
