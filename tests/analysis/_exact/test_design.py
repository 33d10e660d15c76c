"""The answer before a filter is written, against searches by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ergoscope.analysis import best_errors, design, diffuse_errors, innovation_covariances, learning_cost
from ergoscope.analysis._exact.filter_errors import truncated_excess
from ergoscope.simulator import LinearSystem, zoo


@pytest.mark.parametrize("name", ["random-walk-0.1", "double-integrator", "two-tones", "stable-ar"])
@pytest.mark.parametrize("tolerance", [0.1, 0.01])
def test_each_length_is_the_shortest_that_will_do(name: str, tolerance: float) -> None:
    system, T = zoo(name), 5000
    found = design(system, T, tolerance)
    kalman = innovation_covariances(system, [T])[0].trace()
    for row in found.needed.to_dicts():
        for h, enough in ((row["size"], True), (row["size"] - 1, False)):
            if row["method"] == "truncated":
                error = kalman + truncated_excess(system, [h], [T]).item()
            else:
                error = best_errors(system, [h], [T]).item()
                if row["method"] == "learned":
                    error = error + learning_cost(system, h, T) if h >= found.critical_size else np.inf
            assert (error <= (1 + tolerance) * kalman) == enough
        assert row["parameters"] == row["size"]
    assert f"{found.needed['size'][0]} tap" in found.sentence


def test_far_on_the_answer_is_that_of_diffuse_theory() -> None:
    system = zoo("random-walk-0.01")
    found = design(system, 10**6, 0.01)
    limits = diffuse_errors(system, range(40))
    assert found.needed["size"][0] == int(np.argmax(limits <= 1.01 * found.kalman))
    assert found.memory == pytest.approx(10.0, abs=0.1)


def test_explosive_modes_are_never_learned_for_nothing() -> None:
    found = design(zoo("explosive-1"), 200, 0.01)
    fitted, learned, truncated = found.needed.to_dicts()
    assert fitted["size"] == 3
    assert learned["size"] is None
    assert truncated["size"] > 3
    assert "no length learned online" in found.sentence.lower()


def test_parameters_count_all_channels() -> None:
    system = LinearSystem(A=[[1.0]], B=[[1.0]], C=[[1.0]], Q=[[1.0]], R=[[1.0]], name="driven")
    found = design(system)
    assert found.needed["parameters"][0] == 2 * found.needed["size"][0]
    assert "known" in found.inputs


def test_the_json_holds_no_number_that_is_not_finite() -> None:
    text = json.dumps(design(zoo("explosive-2"), 200).to_dict(), allow_nan=False)
    assert json.loads(text)["needed"][1]["size"] is None


@pytest.mark.parametrize(("horizon", "tolerance", "words"), [(0, 0.01, "horizon"), (10, 0.0, "tolerance")])
def test_what_makes_no_sense_is_refused(horizon: int, tolerance: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        design(zoo("random-walk"), horizon, tolerance)


@pytest.mark.parametrize("unit", [1e-9, 1e-3, 1e3, 1e9])
def test_the_unit_of_an_output_does_not_change_the_answer(unit: float) -> None:
    """Errors were added in raw units: multiplied by 1000, one output alone decided."""
    A = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.7]])
    C, R = np.array([[1.0, 0.0, 1.0], [0.0, 0.5, -1.0]]), np.array([[1.0, 0.3], [0.3, 0.5]])
    y = np.array([1.0, unit])
    plain, moved = (
        design(LinearSystem(A, C * scale[:, None], np.diag([0.0, 0.1, 0.5]), R * scale * scale[:, None]), 1000)
        for scale in (np.ones(2), y)
    )
    assert moved.sentence == plain.sentence
    assert "each output divided by its own" in plain.sentence
    assert plain.kalman == pytest.approx(2)
    for column in ("fitted", "learned", "truncated"):
        np.testing.assert_allclose(moved.errors[column], plain.errors[column], rtol=1e-6)


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning", "ignore:.*never shows in the output")
def test_no_noise_is_no_division_and_an_infinite_error_is_refused() -> None:
    quiet = design(LinearSystem([[1]], [[1]], [[0]], [[0]]), 1000, 0.01)
    assert quiet.kalman == 0 and quiet.needed["above"][0] == 0 and quiet.needed["size"][0] == 0
    with pytest.raises(ValueError, match="Kalman filter must be finite, got infinity: scale"):
        design(LinearSystem([[1]], [[1e200]], [[1]], [[1]]), 1000, 0.01)
