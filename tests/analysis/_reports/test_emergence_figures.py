"""The figures of emergence: what they hold, on axes of one's own too, and what they refuse."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from matplotlib.figure import Figure

from ergoscope.analysis import emergence, passage_figure, region_figure, survival_figure


def passages(counts: dict[float, int], axis: str = "rows") -> pl.DataFrame:
    """Of the 8 runs of each value so many pass, at steps 100, 110, .."""
    values = np.repeat(list(counts), 8)
    place = np.tile(np.arange(8), len(counts))
    passed = pl.Series(place < np.repeat(list(counts.values()), 8))
    frame = pl.DataFrame({"run": np.arange(len(values)), axis: values, "high": 100 + 10 * place})
    return frame.with_columns(
        kind=pl.lit("all"),
        high=pl.when(passed).then("high"),
        low=pl.when(passed).then(pl.col("high") - 10).otherwise(pl.lit(400, pl.Int64)),
        censored=~passed,
        diverged=False,
        relapsed=False,
        last=pl.lit(400, pl.Int64),
    )


RISING = {600.0: 0, 800.0: 1, 1000.0: 5, 1200.0: 8}
WINDOW = {0.003: 0, 0.01: 0, 0.03: 3, 0.1: 7, 0.3: 5, 1.0: 0, 3.0: 0}


def test_the_shares_have_both_fits_and_the_interval() -> None:
    (axes,) = passage_figure(emergence(passages(RISING), "rows", ability="generalises", exact=900)).axes
    assert {"S-shaped curve", "isotonic fit", "half-point", "95 % interval", "theory"} <= set(
        axes.get_legend_handles_labels()[1]
    )
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("rows", "share within 400 steps")
    assert [text.get_text() for text in axes.texts] == ["0/8", "1/8", "5/8", "8/8"]
    curve = next(line for line in axes.lines if line.get_label() == "S-shaped curve")
    at_half = np.interp(0.5, curve.get_ydata(), curve.get_xdata())
    assert at_half == pytest.approx(emergence(passages(RISING), "rows").value, rel=0.01)


def test_a_window_has_two_half_points_and_a_fall_has_one() -> None:
    for counts, drawn in ((WINDOW, 2), (dict(zip(RISING, (8, 5, 1, 0), strict=True)), 1), ({1.0: 0, 2.0: 0}, 0)):
        found = emergence(passages(counts, "decay"), "decay")
        (axes,) = passage_figure(found).axes
        assert sum(line.get_linewidth() == 2 for line in axes.lines) == drawn


def test_lines_of_survival_differ_by_more_than_colour_and_one_alone_has_its_interval() -> None:
    (axes,) = survival_figure(passages(RISING), "rows").axes
    lines = [line for line in axes.lines if not str(line.get_label()).startswith("_")]
    assert len({(line.get_marker(), line.get_linestyle()) for line in lines}) == len(lines) == 4
    assert [line.get_label() for line in lines] == ["600: 0 of 8", "800: 1 of 8", "1000: 5 of 8", "1200: 8 of 8"]
    assert lines[2].get_ydata()[-1] == pytest.approx(5 / 8)
    (alone,) = survival_figure(passages({1000.0: 5})).axes
    assert "95 % interval" in alone.get_legend_handles_labels()[1]
    with pytest.raises(ValueError, match="choose one rows"):
        survival_figure(passages(RISING))


def test_the_map_has_the_counts_of_each_cell() -> None:
    row = {"never": 0, "memorise": 2, "grok": 6, "drop together": 0, "runs": 8, "diverged": 0}
    cells = pl.DataFrame([dict(rows=600, decay=0.1) | row, dict(rows=800, decay=1.0) | row | dict(never=9)])
    (axes,) = region_figure(cells).axes
    assert [text.get_text() for text in axes.texts] == ["G6 M2", "N9 G6 M2"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("rows", "decay")
    assert [text.get_text() for text in axes.get_yticklabels()] == ["0.1", "1"]


def test_axes_of_ones_own_are_drawn_on() -> None:
    figure = Figure()
    axes = figure.subplots(1, 2)
    assert passage_figure(emergence(passages(RISING), "rows"), ax=axes[0]) is figure
    assert survival_figure(passages(RISING), "rows", ax=axes[1]) is figure
    assert axes[0].get_title(loc="left") == "passes: share of runs by rows"
    with pytest.raises(ValueError, match="draw survival_figure"):
        passage_figure(emergence(passages({1000.0: 8}), "steps"))
