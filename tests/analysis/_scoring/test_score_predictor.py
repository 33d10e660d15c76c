"""The battery: each flaw is named, sound predictors get none, and numbers are those of a plain computation."""

from __future__ import annotations

import json
import runpy
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from ergoscope.analysis import (
    Scorecard,
    battery,
    parse_requirements,
    resonance,
    save_scorecard,
    score_predictor,
    shortfalls,
)
from ergoscope.analysis._scoring import battery as inside
from ergoscope.analysis._scoring.battery import case_names, run_case
from ergoscope.learners import Outcome, kalman, open_predictor
from ergoscope.learners._external.predictor import Failure
from ergoscope.simulator import LinearSystem, zoo

FLAWED = Path(__file__).with_name("flawed.py")
NAMES = {
    "biased": "biased",
    "too_short": "too short",
    "diverging_early": "diverges",
    "not_finite": "not finite",
    "forgetful": "forgets its state",
    "scaled": "scale-dependent",
    "wrong_unit": "wrong unit",
    "stalling": "stalls",
    "leaking": "leaks memory",
    "overfitting": "overfits",
    "random": "non-deterministic",
}
OWN_PROCESS = {"stalling": 2, "leaking": 6, "peeking": 2}  # and how many runs


@pytest.fixture(autouse=True)
def short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve hundred readings for a steady case; one compiled reference for all that are put on one plant."""
    monkeypatch.setattr(inside, "QUICK", inside.Lengths(1200, 1200, 800, 8))
    monkeypatch.setattr(inside, "kalman", reference)


_known: dict[str, LinearSystem] = {}


def reference(system: LinearSystem) -> object:
    """Return one learner for all systems of a name that do not vary."""
    if system.time_varying:
        return kalman(system)
    return _reference(_known.setdefault(system.name, system))


@lru_cache
def _reference(system: LinearSystem) -> object:
    return kalman(system)


class Loop:
    """A predictor of ``flawed.py`` in a bare loop: types are checked at run time here, which would cost more."""

    def __init__(self, name: str) -> None:
        self.name, self.make = name, runpy.run_path(str(FLAWED))[name]

    def __enter__(self) -> Loop:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def run(self, outputs: np.ndarray, inputs: np.ndarray, dt: float) -> Outcome:
        one, failure = self.make(), None
        forecast, variance = np.full(outputs.shape, np.nan), np.full(outputs.shape, np.nan)
        for t, (y, u) in enumerate(zip(outputs, inputs, strict=True)):
            guess = one.predict()
            if not np.isfinite(guess).all():
                failure = Failure(t, "not finite", f"the forecast is {guess}.")
                break
            forecast[t] = guess
            if hasattr(one, "variance"):
                variance[t] = one.variance()
            one.update(y.copy(), u)
        given = None if np.isnan(variance).all() else variance
        looks, count = np.zeros((0, 2)), getattr(one, "parameters", None)
        return Outcome(forecast, given, np.zeros(len(outputs)), looks, count, failure)


def opened(name: str) -> Any:
    return open_predictor(f"{FLAWED}:{name}") if name in OWN_PROCESS else Loop(name)


def scored(
    name: str, *, seed: int = 0, cases: tuple[str, ...] = ("plant",), plant: LinearSystem | None = None
) -> Scorecard:
    with opened(name) as predictor:
        return score_predictor(
            predictor, plant or resonance(), cases=cases, quick=True, seed=seed, replicates=OWN_PROCESS.get(name)
        )


@pytest.mark.parametrize("name", NAMES)
def test_a_flaw_is_named_and_no_other(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "too_short":  # a growth law takes its time
        monkeypatch.setattr(inside, "QUICK", inside.Lengths(12_000, 1200, 800, 8))
    card = scored(name, plant=zoo("double-integrator") if name == "too_short" else None)
    assert list(card.all_flaws) == [NAMES[name]], card.all_flaws
    step = {"not_finite": "step 777", "stalling": "step 400", "diverging_early": "from step"}.get(name, "")
    assert step in card.all_flaws[NAMES[name]]
    assert NAMES[name] in card.sentence


def test_the_predictors_are_of_the_plant() -> None:
    words = runpy.run_path(str(FLAWED))
    assert all(np.array_equal(words[word], getattr(resonance(), word)) for word in "ACQR")


def test_a_predictor_that_tries_to_peek_cannot() -> None:
    card = scored("peeking")
    assert {*card.all_flaws} <= {"leaks memory"}  # its search through all objects may leave some behind
    assert card.rows["excess"][0] < 1e-9  # it had to forecast like the Kalman filter it is


def test_a_predictor_that_sees_the_sample_is_better_than_is_possible(monkeypatch: pytest.MonkeyPatch) -> None:
    with opened("kalman") as predictor:
        case = battery(resonance(), ["plant"], quick=True)[0]
        result = run_case(case, predictor)
        peeked = result._replace(forecast=result.forecast + 0.2 * (result.target - result.forecast))
    from ergoscope.analysis._scoring.flaws import too_good

    assert too_good(result) is None
    flaw = too_good(peeked)
    assert flaw is not None and "look for a leak" in flaw.because


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_sound_predictors_get_no_flaw(seed: int) -> None:
    cards = [scored(name, seed=seed) for name in ("kalman", "learned")]
    assert [card.all_flaws for card in cards] == [{}, {}]
    own, learned = (card.rows.row(0, named=True) for card in cards)
    assert own["verdict"] == learned["verdict"] == "pass"
    assert own["excess"] < 1e-20 and own["coverage_low"] < 0.95 < own["coverage_high"]
    assert abs(own["sharpness"] - 1) < 0.05
    # recursive least squares and the ladder of as many taps are one predictor, but for how they start
    assert abs(learned["against_ladder"]) < 0.5 and learned["ladder_parameters"] == 8


def test_a_learner_of_the_catalogue_is_sound_on_outputs_and_inputs() -> None:
    with open_predictor("lattice:size=4") as predictor:
        card = score_predictor(predictor, None, cases=("quadruple-tank",), quick=True)
    row = card.rows.row(0, named=True)
    assert card.all_flaws == {} and row["growth"] == "bounded" and 0 < row["excess"] < np.inf


def test_a_well_tuned_filterpy_filter_passes_on_its_own_plant(tmp_path: Path) -> None:
    pytest.importorskip("filterpy")
    file = tmp_path / "tuned.py"
    file.write_text(
        f"""
import runpy
from filterpy.kalman import KalmanFilter

def kf():
    plant, filter = runpy.run_path({str(FLAWED)!r}), KalmanFilter(dim_x=2, dim_z=1)
    filter.F, filter.H, filter.Q, filter.R = (plant[word].copy() for word in "ACQR")
    filter.P *= 25  # about the stationary covariance: it does not know that runs begin at zero
    return filter
"""
    )
    with open_predictor(f"filterpy:{file}:kf", in_process=True) as predictor:
        card = score_predictor(predictor, resonance(), cases=("plant", "dropout"), quick=True)
    assert card.rows["verdict"].to_list() == ["pass", "pass"] and card.all_flaws == {}
    required = parse_requirements("bounded, calibrated, excess<1%, dropout:excess<1%, dropout:recovery<1")
    assert shortfalls(card, required) == []


def test_the_excess_is_that_of_a_plain_sum_and_an_exact_reference_is_the_textbook_filter() -> None:
    card = scored("kalman", cases=("bursts", "bias"))
    bursts, bias = card.rows.iter_rows(named=True)
    assert bursts["excess"] < 1e-20 and bursts["verdict"] == "pass" and bursts["recovery"] == 0
    assert bias["verdict"] == "falls short" and bias["recovery"] is None and bias["excess"] > 100
    with opened("biased") as predictor:
        result = run_case(battery(resonance(), ["plant"], quick=True)[0], predictor)
    late = slice(600, None)
    best = result.forecast[:, late] - 0.5
    plain = 0.25 / np.mean((best - result.target[:, late]) ** 2)
    assert scored("biased").rows["excess"][0] == pytest.approx(100 * plain, rel=1e-9)


def test_every_case_is_kept_as_it_ends_and_a_partial_scorecard_reads_as_one(tmp_path: Path) -> None:
    kept: list[Scorecard] = []
    with opened("kalman") as predictor:
        whole = score_predictor(
            predictor, resonance(), cases=("plant", "dropout", "bursts"), quick=True, keep=kept.append
        )
    assert [card.rows.height for card in kept] == [1, 2, 3] and not whole.partial
    files = save_scorecard(kept[1], tmp_path)
    saved = json.loads((tmp_path / "scorecard.json").read_text())
    assert saved["partial"] and "Partial: 2 of 3 cases" in (tmp_path / "report.html").read_text()
    assert not [file for file in files if file.suffix == ".png"]
    files = save_scorecard(whole, tmp_path, ["excess<5%: plant: excess is 9 %"])
    page = (tmp_path / "report.html").read_text()
    assert "Falls short of excess&lt;5%: plant" in page and page.count("data:image/png") == 3
    assert all(file.is_file() for file in files)
    assert pl.read_parquet(tmp_path / "scorecard.parquet").equals(whole.rows)


def test_a_predictor_and_a_plant_may_be_named() -> None:
    options: dict[str, Any] = dict(cases=("plant",), quick=True, replicates=2)
    named = score_predictor("persistence", "random-walk", **options)
    with open_predictor("persistence") as predictor:
        assert named.rows["excess"][0] == score_predictor(predictor, zoo("random-walk"), **options).rows["excess"][0]
    with pytest.raises(ValueError, match="is a recording, not a system.*Where a plant is wanted: a system of the zoo"):
        score_predictor("persistence", "nile.csv", **options)


class Fails:
    """Forecasts zero up to a step, then fails in the same way in every run."""

    name = "fails"

    def __init__(self, step: int, kind: Any, run: int = 0) -> None:
        self.step, self.kind, self.runs = step, kind, run

    def run(self, outputs: np.ndarray, inputs: np.ndarray, dt: float) -> Outcome:
        self.runs -= 1
        failing = self.runs < 0
        forecast = np.zeros(outputs.shape)
        forecast[self.step if failing else len(outputs) :] = np.nan
        failure = Failure(self.step, self.kind, "no answer within 60 s.") if failing else None
        return Outcome(forecast, None, np.zeros(len(outputs)), np.zeros((0, 2)), None, failure)


def test_a_predictor_that_never_answers_stalls(tmp_path: Path) -> None:
    predictor: Any = Fails(0, "stalled")
    card = score_predictor(predictor, resonance(), quick=True)
    assert list(card.all_flaws) == ["stalls"] and "Flaws: stalls." in card.sentence
    assert card.rows["verdict"].to_list() == ["failed"] and not card.partial  # not a minute for each other case
    assert (tmp_path / "against.png") in save_scorecard(card, tmp_path)


@pytest.mark.parametrize(("step", "case"), [(401, "dropout"), (601, "plant"), (1, "plant")])
def test_a_predictor_that_fails_at_once_shows_no_numbers(step: int, case: str, tmp_path: Path) -> None:
    predictor: Any = Fails(step, "raised")
    row = score_predictor(predictor, resonance(), cases=(case,), quick=True).rows.row(0, named=True)
    assert row["verdict"] == "failed" and row["failed_at"] == step
    assert all(row[word] is None for word in ("error", "oracle", "excess", "against_ladder"))


def test_runs_before_a_failed_one_are_measured() -> None:
    predictor: Any = Fails(1, "raised", run=3)
    row = score_predictor(predictor, resonance(), cases=("plant",), quick=True).rows.row(0, named=True)
    assert row["verdict"] == "failed" and row["excess"] > 0 and row["replicates"] == 4


def test_a_case_that_cannot_be_run_is_refused() -> None:
    with pytest.raises(ValueError, match="no case is called 'dropuot'; did you mean 'dropout'"):
        battery(None, ["dropuot"])
    with pytest.raises(ValueError, match="varies in time: stress cases need a plant that does not"):
        battery(zoo("switching"), ["dropout"])
    with pytest.raises(ValueError, match="outgrows its noise after .* samples"):
        battery(zoo("explosive-1"), ["dropout"], quick=True)
    with pytest.raises(ValueError, match="replicates must be a whole number"):
        battery(None, None, replicates=0)
    assert {"plant", "zoo", "stress", "dropout", "random-walk"} <= set(case_names())
