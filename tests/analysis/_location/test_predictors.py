"""The predictors of a location: what its learner had learned at the end of its first run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ergoscope.analysis import Location, locate, save_location
from ergoscope.learners import ARXPredictor, FixedPredictor, Live, lattice
from ergoscope.learners._fixed.json_file import read_predictors
from ergoscope.simulator import Trajectories, simulate, zoo

RNG = np.random.default_rng(5)
U = RNG.standard_normal((2, 400, 1))
Y = 20 + RNG.standard_normal((2, 400, 1)).cumsum(axis=1) + 2 * U


@pytest.fixture(scope="module")
def driven() -> Location:
    recording = Trajectories.of(list(Y), list(U), 0.5, ["level"], ["valve"], ["first", "second"])
    return locate(recording, sizes=range(4), model=False)


def test_each_size_forecasts_what_its_learner_forecasts(driven: Location) -> None:
    live = Live(lattice(range(4), direct=True, intercept=True, inputs=1), 1, 1, center="first", known_ahead=1)
    for t in range(399):
        live.observe(Y[0, t], U[0, t : t + 2])
    assert [one.about["size"] for one in driven.predictors] == [0, 1, 2, 3]
    for i, predictor in enumerate(driven.predictors):
        assert isinstance(predictor, ARXPredictor) and predictor.length == i and predictor.uses_input_now
    # They were taken after one sample more: weights of the run as a whole.
    live.observe(Y[0, 399], np.array([U[0, 399], [0.3]]))
    for i, predictor in enumerate(driven.predictors):
        running = predictor.start()
        for t in range(400):
            running.observe(Y[0, t], U[0, t])
        np.testing.assert_allclose(running.forecast([0.3]), live.forecast[0, i], rtol=1e-9)


def test_what_it_was_learned_on_is_told(driven: Location) -> None:
    predictor = driven.predictor(2)
    assert predictor.output_names == ("level",) and predictor.input_names == ("valve",) and predictor.dt == 0.5
    about = predictor.about
    assert about["run"] == "first" and about["samples"] == 400 and about["size"] == 2 and about["source"] == "level"
    assert driven.predictor() is driven.predictor(driven.best.size)
    with pytest.raises(ValueError, match=r"size 9 was not tried: choose one of 0\.\.3"):
        driven.predictor(9)


def test_units_of_outputs_do_not_reach_the_predictor() -> None:
    # The outputs of this system run in other units: their noises differ by 1e6.
    plant = zoo("quadruple-tank")
    scale = np.array([1.0, 1e3])
    R = np.diag([1.0, 4.0])
    scaled = plant.replace(C=plant.C * scale[:, None], R=R * np.outer(scale, scale), D=None, B=None)
    even = plant.replace(R=R, D=None, B=None)
    one, other = (locate(system, sizes=range(3), horizon=300, replicates=1) for system in (even, scaled))
    y = simulate(1, even, 50, 1).outputs[0]
    wanted = one.predictor(2).forecasts(y) * scale
    np.testing.assert_allclose(other.predictor(2).forecasts(y * scale), wanted, rtol=1e-6)


def test_a_learner_without_weights_has_none() -> None:
    found = locate(Y[0], learner="spectral-filter", model=False)
    assert found.predictors == ()
    with pytest.raises(ValueError, match="spectral-filter has no fixed weights to export"):
        found.predictor()


def test_further_ahead_the_first_look_ahead_counts() -> None:
    found = locate(Y[0], lookaheads=(1, 5), sizes=range(3), model=False)
    assert len(found.predictors) == 3
    assert locate(Y[0], lookaheads=(4, 5), sizes=range(3), model=False).predictors == ()


def test_they_are_saved_and_read_back(driven: Location, tmp_path: Path) -> None:
    files = save_location(driven, tmp_path)
    assert tmp_path / "predictors.json" in files
    read: list[FixedPredictor] = read_predictors(tmp_path / "predictors.json")
    for back, predictor in zip(read, driven.predictors, strict=True):
        np.testing.assert_array_equal(back.forecasts(Y[1], U[1]), predictor.forecasts(Y[1], U[1]))
    # A learner without weights leaves none of an earlier run behind.
    save_location(locate(Y[0], learner="spectral-filter", model=False), tmp_path)
    assert json.loads((tmp_path / "predictors.json").read_text()) == []
