"""Four plants, recorded once: the answers of one run, of models fitted to it, and of many runs."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from ergoscope.analysis import Location, autoregression, locate, save_location, theory
from ergoscope.analysis._location import fitted_models
from ergoscope.analysis._location.autoregression import Autoregression
from ergoscope.simulator import LinearSystem, Trajectories, simulate, zoo

PLANTS = {"random-walk": 6, "double-integrator": 6, "two-tones": 9, "stable-ar": 6}  # and the largest size tried
IN_SHORT = ("double-integrator", "stable-ar")
WRONG = 0.05  # of the answers, at most


def single(name: str, horizon: int, seed: int, model: bool = True) -> Location:
    return locate(simulate(seed, zoo(name), horizon), sizes=range(PLANTS[name] + 1), model=model)


@pytest.mark.parametrize("name", PLANTS)
def test_one_run_claims_no_more_than_it_can_show(name: str, request: pytest.FixtureRequest) -> None:
    """One path shows best and regret sizes. It does not show boundedness, except by a model that is marked as such."""
    if name not in IN_SHORT and not request.config.getoption("--campaign"):
        pytest.skip("a quarter of a minute each: make campaign")
    expected = theory(zoo(name)).critical_size
    found = single(name, 2000, 11)
    assert (found.verdict, found.critical_size, found.interval, found.theory) == ("undecided", None, None, None)
    assert set(found.rungs["verdict"]) == {"undecided"}
    assert "one path does not average" in found.sentence
    model = found.model
    assert model is not None
    assert model.critical_size in (None, expected)
    if model.interval is not None:
        low, high = model.interval
        assert low <= expected <= (PLANTS[name] + 1 if high is None else high)
    measured, _, modelled = found.sentence.partition("By models fitted to it, not measured")
    assert modelled or "Fitted models do not" in measured
    assert "bounded at" not in measured and "is bounded." not in measured
    many = locate(simulate(11, zoo(name), 2000, 64), sizes=range(PLANTS[name] + 1))
    assert (many.verdict, many.critical_size, many.model) == ("located", expected, None)
    assert found.regret is not None  # one run shows it
    assert found.regret.size >= expected


def asked(name: str, horizon: int, seeds: range) -> tuple[Counter[str], list[bool]]:
    """Return how often the models were right, wrong, undecided or not fitted, and whether h* was in their interval."""
    expected, said, inside = theory(zoo(name)).critical_size, Counter[str](), []
    for seed in seeds:
        model = single(name, horizon, seed).model
        assert model is not None
        if model.bounded is None and model.models == 0:
            said["unfit"] += 1
            continue
        word = "undecided" if model.verdict == "undecided" else "wrong"
        said["right" if model.critical_size == expected else word] += 1
        low, high = model.interval or (0, None)
        inside.append(low <= expected <= (expected if high is None else high))
    print(f"{name}, {horizon}: {dict(said)}, h* = {expected} in the models' interval {sum(inside)} of {len(inside)}")
    return said, inside


def check_often(said: Counter[str], inside: list[bool]) -> None:
    """Wrong is a size that is not theory's, in more than 5 % of the recordings; the limits are at 1e-4."""
    assert said["wrong"] <= binom.ppf(1 - 1e-4, sum(said.values()), WRONG)
    assert sum(inside) >= binom.ppf(1e-4, len(inside), 1 - WRONG)


@pytest.mark.parametrize("horizon", [400, 2000, 20_000])
@pytest.mark.parametrize("name", PLANTS)
def test_how_often_the_model_is_right(name: str, horizon: int, request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--campaign"):
        pytest.skip("minutes: make campaign")
    check_often(*asked(name, horizon, range(1000, 1020)))


def test_how_often_the_model_is_right_in_short() -> None:
    """Pooled, for of two recordings alone no count is too many: the limit is 3 of these 6."""
    said, inside = Counter[str](), list[bool]()
    for name in ("random-walk", "double-integrator", "stable-ar"):
        more, within = asked(name, 400, range(1000, 1002))
        said, inside = said + more, inside + within
    assert sum(said.values()) == 6
    check_often(said, inside)


def recorded(outputs: np.ndarray, inputs: np.ndarray | None = None) -> Trajectories:
    inputs = np.zeros((len(outputs), 0)) if inputs is None else inputs
    names = ("y",), tuple("uv")[: inputs.shape[1]]
    return Trajectories(outputs[None, :, None], inputs[None], np.array([len(outputs)]), 1.0, *names, ("run",))


def watched(patch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that the samples of every simulated model will be put into."""
    simulated, simulate_model = list[int](), fitted_models._simulated

    def counting(system, place, options, horizon, paths):
        simulated.append(horizon)
        return simulate_model(system, place, options, horizon, paths)

    patch.setattr(fitted_models, "_simulated", counting)
    return simulated


def exploded(seed: int) -> Trajectories:
    """A recording with two modes outside the circle, which ends early."""
    y, noise = np.full(800, np.nan), np.random.default_rng(seed).standard_normal(52)
    for t in range(52):
        y[t] = noise[t] + (0.05 * y[t - 1] if t > 0 else 0.0) + (1.75 * 1.7 * y[t - 2] if t > 1 else 0.0)
    return recorded(y)


@pytest.mark.parametrize("seed", range(2))
def test_a_plant_that_exploded_and_was_then_not_recorded(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Warnings are errors: 1.7^800 is 1e184, and its square is not a number. No root is near one, so none is moved."""
    simulated = watched(monkeypatch)
    model = locate(exploded(seed), sizes=range(5)).model
    assert model is not None
    assert (model.verdict, model.critical_size, model.interval, model.models) == ("located", 2, (2, 2), 5)
    assert len(simulated) == 5
    assert model.horizon < 100  # rounding reaches the noise


def at_most(found: Location, tried: str, folder: Path) -> tuple[int | None, int | None] | None:
    """Check that the models say ``at most`` in the sentence, the JSON and the report; return their interval."""
    model = found.model
    assert model is not None and (model.verdict, model.critical_size) == ("at most", None), found.sentence
    words = f"at most {model.bounded}"
    assert re.search(rf"By models fitted to it, .* the critical filter length is {words}, {tried}", found.sentence)
    save_location(found, folder)
    answer = json.loads((folder / "location.json").read_text())["model"]
    assert (answer["verdict"], answer["critical_size"], answer["bounded"]) == ("at most", None, model.bounded)
    assert answer["interval"] == dict(zip(("low", "high"), model.interval or (), strict=True))
    page = (folder / "report.html").read_text()
    assert f"<dt>critical filter length, model-based</dt><dd>{words}</dd>" in page
    assert ("<dd>below the smallest tried to" in page) == (answer["interval"]["low"] is None)
    return model.interval


@pytest.mark.parametrize(("name", "smallest"), [("double-integrator", 3), ("random-walk", 2)])
def test_models_say_at_most_where_sizes_begin_above_the_critical_one(name: str, smallest: int, tmp_path: Path) -> None:
    found = locate(simulate(3, zoo(name), 400), sizes=range(smallest, smallest + 2))
    assert at_most(found, f"bounded at {smallest}; not tried: ", tmp_path) == (None, smallest)


def test_models_say_at_most_where_the_critical_size_is_left_out(tmp_path: Path) -> None:
    assert at_most(locate(exploded(0), sizes=[0, 1, 3, 4]), "bounded at 3; not tried: 2", tmp_path) == (2, 3)


def test_models_say_at_most_where_none_comes_near_the_circle(tmp_path: Path) -> None:
    found = locate(simulate(3, zoo("stable-ar"), 4000), sizes=[1, 2])
    assert found.model is not None and found.model.models == 0
    assert at_most(found, "no model comes near the unit circle", tmp_path) == (None, 1)


def test_a_wildly_explosive_fit_is_soon_left(monkeypatch: pytest.MonkeyPatch) -> None:
    roots = np.random.default_rng(0).uniform(1.5, 3, 12) * np.exp(1j * np.linspace(0.1, 3, 12))
    coefficients = np.append(0.0, -np.poly([*roots, *roots.conj()]).real[1:])[:, None]
    wild = Autoregression(24, coefficients, np.eye(1), 100 * np.eye(25), 1000, 0.5, (1, 0))
    assert len(wild.on_the_circle()) == 12
    simulated = watched(monkeypatch)
    monkeypatch.setattr(fitted_models, "autoregression", lambda recording, most: wild)
    model = locate(simulate(0, zoo("stable-ar"), 20_000), sizes=range(3)).model
    assert model is not None
    assert model.critical_size is None
    assert model.horizon < 100  # rounding reaches the noise
    assert simulated == 5 * [20_000]


def test_squares_that_overflow_are_not_fitted() -> None:
    assert autoregression(recorded(2.0 ** np.arange(900))) is None


def test_what_is_missing_is_missing_from_the_models_that_are_held_against_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refits of whole runs would scatter less than that of a recording with gaps, and so exclude too much."""
    run = simulate(1000, zoo("random-walk"), 600)
    run.outputs[0, 1::4] = run.outputs[0, 500:] = np.nan
    rows, fit_order = list[int](), fitted_models.fit_order

    def watching(recording, order):
        fitted = fit_order(recording, order)
        assert fitted is not None
        rows.append(fitted.rows)
        return fitted

    monkeypatch.setattr(fitted_models, "fit_order", watching)
    model = locate(run, sizes=range(3)).model
    fitted = autoregression(run, 24)
    assert model is not None and fitted is not None
    assert model.models >= 6
    assert set(rows) == {fitted.rows}


def test_inputs_are_part_of_the_fitted_model() -> None:
    """A stable plant that a slow input drives: by its own samples alone it would seem not to forget."""
    plant = LinearSystem([[0.5]], [[1.0]], [[1.0]], [[0.0]], B=[[1.0]])
    u = np.cumsum(np.random.default_rng(3).standard_normal((500, 1)), axis=0)
    run = simulate(3, plant, 500, inputs=u)
    driven = locate(run, sizes=range(4)).model
    alone = locate(recorded(run.outputs[0, :, 0]), sizes=range(4)).model
    assert driven is not None and driven.radii is not None
    assert alone is not None and alone.radii is not None
    assert driven.radii[0] == pytest.approx(0.5, abs=0.16)  # four deviations, sqrt((1 - 0.25) / 500) each
    assert alone.radii[0] > 0.97
    assert (driven.verdict, driven.critical_size, driven.models) == ("located", 0, 0)  # no root near the circle


def test_models_can_be_left_out() -> None:
    with_, without = single("random-walk", 400, 3), single("random-walk", 400, 3, model=False)
    assert with_.model is not None and without.model is None
    assert without.settings["model"] is False
    measured, holds = without.sentence.split(" This holds for")
    assert with_.sentence.startswith(measured) and with_.sentence.endswith(holds)
    assert "model" not in without.sentence
    assert without.rungs.equals(with_.rungs)


def test_the_horizon_of_capped_models_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitted_models, "LONGEST", 1000)
    words = "64 runs of 1 000 samples each"
    capped, whole = (locate(simulate(5, zoo("random-walk"), length), sizes=range(3)) for length in (1020, 1000))
    assert words in capped.sentence
    assert words not in whole.sentence
    save_location(capped, tmp_path)
    assert json.loads((tmp_path / "location.json").read_text())["model"]["horizon"] == 1000
    save_location(whole, tmp_path)
    assert "64 runs of 1 000 samples" in (tmp_path / "report.html").read_text().replace("\u00a0", " ")


@pytest.mark.parametrize(("samples", "order"), [(2000, 24), (360, 20)])
def test_linear_models_that_do_not_fit_are_said_in_one_line(samples: int, order: int) -> None:
    """A tone whose frequency the noise moves: no autoregression leaves white residuals."""
    rng = np.random.default_rng(2)
    phase = np.cumsum(0.35 + 0.2 * np.sin(np.arange(samples) / 40))
    found = locate(recorded(np.sin(phase) + 0.01 * rng.standard_normal(samples)), sizes=range(4))
    assert found.model is not None and found.model.whiteness is not None and found.model.whiteness < 0.01
    line = f"linear models of order up to {order} do not fit this recording"
    assert found.model.reason == line and (found.model.critical_size, found.model.models) == (None, 0)
    assert f"Fitted models do not decide it either: {line}." in found.sentence
