"""No answer depends on the units of any output, of a system or of a recording."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ergoscope.analysis import Location, locate
from ergoscope.simulator import LinearSystem, Trajectories, simulate, zoo

A, Q = [[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.7]], np.diag([0.1, 0.1, 1.0])
C, R = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]), np.diag([1.0, 0.1])
SYSTEM = LinearSystem(A, C, Q, R, name="walk and decay")
RUNS = simulate(1, SYSTEM, 600, 16)
ONE = replace(RUNS, outputs=RUNS.outputs[:1], inputs=RUNS.inputs[:1], lengths=RUNS.lengths[:1], run_names=("a",))
UNITS = st.tuples(st.floats(-12, 12), st.floats(-12, 12))


def answers(found: Location) -> tuple[Any, ...]:
    regret, model = found.regret, found.model
    return (
        (found.verdict, found.critical_size, found.interval, found.horizon, found.trust_horizon),
        (found.best.size, found.best.alike, regret and regret.size, found.rungs["verdict"].to_list()),
        found.outputs.select("output", "best_size", "critical_size", "verdict").rows(),
        model and (model.order, model.verdict, model.critical_size, model.interval, model.models),
    )


def of_runs(recording: Trajectories, units: np.ndarray) -> Location:
    return locate(replace(recording, outputs=recording.outputs * units), sizes=range(5))


def of_system(units: np.ndarray) -> Location:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scaled = SYSTEM.replace(C=units[:, None] * C, R=R * np.outer(units, units))
        return locate(scaled, sizes=range(5), horizon=600, replicates=16)


@settings(max_examples=4)
@given(UNITS)
def test_the_units_of_a_recording_change_no_answer(powers: tuple[float, float]) -> None:
    units = 10.0 ** np.array(powers)
    plain, scaled = of_runs(RUNS, np.ones(2)), of_runs(RUNS, units)
    assert answers(scaled) == answers(plain)
    np.testing.assert_allclose(scaled.rungs["error"], plain.rungs["error"], rtol=1e-3)
    np.testing.assert_allclose(scaled.outputs["noise"] / units, plain.outputs["noise"], rtol=1e-3)


def test_the_units_of_one_run_change_no_model() -> None:
    assert answers(of_runs(ONE, np.array([1e3, 1e-9]))) == answers(of_runs(ONE, np.ones(2)))


def test_the_units_of_a_system_change_no_answer() -> None:
    assert answers(of_system(np.array([1e3, 1e-3]))) == answers(of_system(np.ones(2)))


def test_each_output_has_its_row() -> None:
    """The double integrator needs two samples, the decay none; the sum over both follows the first."""
    rows = {row["output"]: row for row in locate(simulate(1, SYSTEM, 4000, 32), sizes=range(6)).outputs.to_dicts()}
    assert [rows[name]["critical_size"] for name in ("y1", "y2")] == [2, 0]
    assert rows["y1"]["best_size"] > rows["y2"]["best_size"] >= 1


@pytest.mark.parametrize("unit", [1e151, 1e-151])
def test_values_whose_squares_are_no_numbers_are_refused(unit: float) -> None:
    run = simulate(0, zoo("stable-ar"), 200)
    wide = replace(run, outputs=unit * run.outputs / np.abs(run.outputs).max())
    with pytest.raises(ValueError, match=r"from 1e-150 to 1e\+150, .* write it in another unit"):
        locate(wide, sizes=range(3), model=False)
