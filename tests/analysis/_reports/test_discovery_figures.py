"""The figures of discovery: examples sorted by labels, sizes by rank with both slopes, axes of one's own."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from ergoscope.analysis._discovery.envelope import envelope
from ergoscope.analysis._reports.discovery_figures import envelope_figure, similarity_figure

TASKS = np.array([1, 0, 1, 0, 0, 2])
PATTERNS = np.array([4, 1, 3, 0, 1, 5])
ORDER = [3, 1, 4, 2, 0, 5]  # by task, then by pattern
MATRIX = np.add.outer(np.arange(6.0), np.arange(6.0))
ASSIGNED = np.array([[0] * 36 + [1] * 9, [0] * 18 + [1] * 18 + [2] * 9])
LAW = envelope(ASSIGNED, [2, 3])


LABELS = {"task": TASKS, "pattern": PATTERNS}


def test_examples_are_sorted_and_groups_are_marked() -> None:
    axes, bar = similarity_figure(MATRIX, LABELS, "pattern", "task").axes
    (image,) = axes.images
    np.testing.assert_array_equal(image.get_array(), MATRIX[np.ix_(ORDER, ORDER)])
    assert bar.get_ylabel() == "angular similarity of gradients"
    assert [text.get_text() for text in axes.get_xticklabels()] == ["1", "2", "3"]
    assert axes.get_xticks().tolist() == [1.0, 3.5, 5.0]
    assert [line.get_ydata()[0] for line in axes.lines[::2]] == [2.5, 4.5]
    assert axes.get_title(loc="left") == "6 examples: sorted by pattern"
    plain, _ = similarity_figure(MATRIX, LABELS, "pattern").axes
    assert not plain.lines and plain.get_xlabel() == "example"


def test_numbers_of_narrow_groups_are_left_out() -> None:
    tasks = np.array([0] * 60 + [1] * 2 + [2] * 38)
    axes, _ = similarity_figure(np.eye(100), {"task": tasks}, "task", "task").axes
    assert [text.get_text() for text in axes.get_xticklabels()] == ["1", "3"] and len(axes.lines) == 4


def test_labels_that_are_not_there_are_refused() -> None:
    for order, groups in (("taks", None), ("task", "taks")):
        with pytest.raises(ValueError, match="one of task, pattern; got 'taks'"):
            similarity_figure(MATRIX, LABELS, order, groups)


def test_the_envelope_lies_over_the_sizes_and_both_slopes_meet_in_the_middle() -> None:
    """Sizes 36, 9 and 18, 18, 9: the envelope is 36, 18, 9."""
    (axes,) = envelope_figure(LAW, true=-1.4).axes
    lines = {str(line.get_label()): line for line in axes.lines}
    assert lines["envelope"].get_ydata().tolist() == [36, 18, 9]
    assert lines["2 clusters"].get_ydata().tolist() == [36, 9]
    assert lines["3 clusters"].get_ydata().tolist() == [18, 18, 9]
    middle = np.exp(np.log([1, 2, 3]).mean())
    for name, slope in ((f"fit: slope {LAW.slope:.2f}", LAW.slope), ("frequencies: slope -1.40", -1.4)):
        x, y = np.log(lines[name].get_data())
        np.testing.assert_allclose(np.diff(y) / np.diff(x), slope, rtol=1e-12)
        assert np.interp(np.log(middle), x, y) == pytest.approx(np.log([36, 18, 9]).mean())
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("rank of the cluster", "size (examples)")
    assert not any("frequencies" in str(line.get_label()) for line in envelope_figure(LAW).axes[0].lines)


def test_axes_of_ones_own_are_drawn_on() -> None:
    figure = Figure()
    first, second = figure.subplots(1, 2)
    assert similarity_figure(MATRIX, LABELS, "task", ax=first) is figure
    assert envelope_figure(LAW, ax=second) is figure
