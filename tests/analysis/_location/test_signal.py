"""The end of one run beside its forecasts: of a recording, of a system, with gaps, several outputs and look-aheads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ergoscope.analysis import locate, save_location
from ergoscope.analysis._location.advice import COSTS, Advice
from ergoscope.analysis._location.signal import sizes_to_show
from ergoscope.analysis._reports.signal_figure import signal_figure
from ergoscope.learners import ladder, replay
from ergoscope.simulator import Trajectories, simulate, zoo


def recording(y: np.ndarray) -> Trajectories:
    names = tuple(f"y{k}" for k in range(y.shape[2])), (), tuple(map(str, range(len(y))))
    return Trajectories(y, np.zeros((*y.shape[:2], 0)), np.array([y.shape[1]] * len(y)), 1.0, *names)


def walk(samples: int, outputs: int = 1) -> np.ndarray:
    return np.random.default_rng(4).standard_normal((1, samples, outputs)).cumsum(axis=1) + 70.0


def test_a_recording_keeps_its_end_and_the_forecasts_of_the_advised_size() -> None:
    y = walk(900)
    y[0, 850:860] = np.nan
    found = locate(recording(y), sizes=range(5), model=False)
    assert found.advice is not None and found.signal is not None
    signal = found.signal
    assert (signal.first, signal.names, signal.sizes[0]) == (700, ("y0",), found.advice.size)
    np.testing.assert_array_equal(signal.output, y[0, 700:])
    every = replay(ladder(range(5), intercept=True), recording(y), center="first")[0, 700:, 0]
    np.testing.assert_array_equal(signal.forecast, every[:, list(signal.sizes)])


def test_a_short_recording_leaves_out_its_first_twentieth() -> None:
    found = locate(recording(walk(100)), sizes=range(3), model=False)
    assert found.signal is not None and (found.signal.first, len(found.signal.output)) == (5, 95)


def test_the_longest_run_is_shown() -> None:
    y = walk(400)
    runs = recording(np.concatenate([y, y, y]))
    runs.lengths[[0, 2]] = 100
    runs.outputs[[0, 2], 100:] = np.nan
    found = locate(runs, sizes=range(3), model=False)
    assert found.signal is not None
    np.testing.assert_array_equal(found.signal.output, y[0, 200:])


def test_a_system_shows_one_of_its_runs_in_the_units_of_the_plant() -> None:
    """The measurement noise of the outputs differs, so they are simulated in other units."""
    plant = zoo("quadruple-tank")
    plant = plant.replace(R=np.diag([1e-2, 1e-6]))
    found = locate(plant, sizes=range(3), horizon=400, replicates=8)
    assert found.signal is not None and found.signal.names == ("y1", "y2")
    own = simulate(0, plant, 400, 8).outputs
    spread = found.signal.output.std(axis=0) / own[:, 200:].std(axis=(0, 1))
    assert (spread > 0.3).all() and (spread < 3).all()


@pytest.mark.parametrize(("outputs", "lookaheads", "panels"), [(1, [1], 2), (1, [1, 4], 4), (2, [1], 4), (5, [1], 6)])
def test_the_figure_has_a_panel_for_each_output_or_lookahead(
    outputs: int, lookaheads: list[int], panels: int, tmp_path: Path
) -> None:
    y = walk(300, outputs)
    y[0, 200:230] = np.nan
    found = locate(recording(y), sizes=range(3), lookaheads=lookaheads, model=False)
    figure = signal_figure(found)
    assert figure is not None and len(figure.axes) == panels
    upper, lower = figure.axes[:2]
    measured, advised, *_ = upper.lines
    x, shown = measured.get_data()
    assert np.isnan(np.asarray(shown)[100:130]).all() and np.asarray(x)[0] == 100
    errors = np.asarray(advised.get_ydata()) - np.asarray(shown)
    np.testing.assert_array_equal(np.asarray(lower.lines[0].get_ydata()), errors)
    files = save_location(found, tmp_path)
    assert [file.name for file in files][:2] == ["report.html", "signal.png"]
    assert "Measured and predicted" in (tmp_path / "report.html").read_text()


def test_a_measured_signal_that_stands_still_can_be_drawn() -> None:
    steps = np.full((1, 600, 1), 3.0)
    steps[0, :300] += np.random.default_rng(0).standard_normal((300, 1))  # its last 200 samples stand still
    assert signal_figure(locate(recording(steps), sizes=range(3), model=False)) is not None


@pytest.mark.parametrize(
    ("size", "costs", "shown"),
    [
        (3, {0: 2.0, 1: 0.5, 2: 0.04}, (3, 1)),
        (3, {0: 0.05, 1: 0.04, 2: 0.03}, (3, 0)),
        (0, {1: 0.2}, (0,)),
        (2, {}, (2, 0)),
    ],
)
def test_the_contrast_is_the_largest_size_that_costs_a_tenth(
    size: int, costs: dict[int, float], shown: tuple[int, ...]
) -> None:
    rows = [(other, cost, 0.0, 1.0) for other, cost in costs.items()]
    advice = Advice(size, pl.DataFrame(rows, schema=COSTS, orient="row"), size, False, "", "", "", "filter length")
    assert sizes_to_show(size, None, range(5), advice) == shown


def test_the_contrast_of_a_system_grows() -> None:
    assert sizes_to_show(4, 2, range(6), None) == (4, 1)
    assert sizes_to_show(4, 0, range(6), None) == (4, 0)
    assert sizes_to_show(1, None, [1, 2], None) == (1,)
