"""The figures: told apart without colours, axes with units, the intervals those of a plain bootstrap."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from ergoscope.analysis import Location, growth_figure, locate, size_figure
from ergoscope.analysis._reports.location_figures import _interval
from ergoscope.simulator import zoo


@pytest.fixture(scope="module")
def location() -> Location:
    return locate("random-walk", sizes=range(4), horizon=600, replicates=20)


def test_lines_differ_by_marker_and_axes_have_units(location: Location) -> None:
    (axes,) = growth_figure(location, zoo("random-walk")).axes
    markers = [str(line.get_marker()) for line in axes.lines if str(line.get_label())[:1].isdigit()]
    assert len(markers) == len(set(markers)) == 4
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("horizon t (samples)", "mean squared error (output unit²)")


def test_the_figure_of_the_sizes_shows_threshold_theory_and_verdicts(location: Location) -> None:
    upper, lower = size_figure(location, zoo("random-walk")).axes
    assert location.critical_size == 1
    assert {"critical size 1", "theory 1", "t = 600"} <= set(upper.get_legend_handles_labels()[1])
    assert set(lower.get_legend_handles_labels()[1]) == {"border", "bounded", "growing"}
    assert lower.get_xlabel() == "filter length (samples)"
    assert upper.get_xlim() == lower.get_xlim()


def test_the_interval_is_that_of_drawing_the_replicates_again(location: Location) -> None:
    spread = _interval(location, 600)
    assert spread is not None
    rng, frame = np.random.default_rng(7), location.curves
    for k, size in enumerate(range(4)):
        stretch = (pl.col("size") == size) & (pl.col("metric") == "error") & (pl.col("last") > 600 / np.sqrt(2))
        part = frame.filter(stretch)
        means = [
            np.average(rows["value"], weights=rows["samples"])
            for rows in (part.filter(pl.col("group") == group) for group in range(20))
        ]
        plain = np.quantile([np.mean(rng.choice(means, 20)) for _ in range(4000)], [0.025, 0.975])
        width = plain[1] - plain[0]
        # With 1000 draws a quantile is off by 0.02 of the width (one sigma).
        np.testing.assert_allclose(spread[:, k], plain, rtol=0, atol=0.15 * width)
        assert spread[0, k] < location.rungs["error"][k] < spread[1, k]


def test_few_runs_have_no_interval() -> None:
    assert _interval(locate("random-walk", sizes=range(2), horizon=100, replicates=4), 100) is None
