"""A change of excitation is not growth, on y[t] = 1.5 y[t-1] - 0.8 y[t-2] + 0.5 u[t-1] + 0.1 e, a stable plant."""

from __future__ import annotations

import numpy as np
import pytest

from ergoscope.analysis import locate
from ergoscope.simulator import Trajectories

STEPS = 1000


def recording(kind: str, runs: int, seed: int = 0) -> Trajectories:
    rng, t = np.random.default_rng(seed), np.arange(STEPS)
    u, noise = rng.uniform(-1, 1, (runs, STEPS)), np.full(STEPS, 0.1)
    if kind == "step":  # as in step tests
        u[:, : STEPS // 3] *= 0.02
    elif kind == "ramp":
        u = rng.standard_normal((runs, STEPS)) * t / STEPS
    elif kind == "noise":
        noise[STEPS // 3 :] = 1.0
    y, e = np.zeros((runs, STEPS)), noise * rng.standard_normal((runs, STEPS))
    for k in range(2, STEPS):
        y[:, k] = 1.5 * y[:, k - 1] - 0.8 * y[:, k - 2] + 0.5 * u[:, k - 1] + e[:, k]
    names = ("y",), ("u",), tuple(map(str, range(runs)))
    return Trajectories(y[..., None], u[..., None], np.full(runs, STEPS), 1.0, *names)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("step", "the power of the input u itself grows"),
        ("ramp", "the power of the input u itself grows"),
        ("noise", "the excitation, the noise or the plant has changed"),
    ],
)
def test_many_runs_are_undecided_with_the_reason(kind: str, words: str) -> None:
    found = locate(recording(kind, 16), sizes=range(5))
    assert (found.verdict, found.critical_size) == ("undecided", None)
    assert words in found.reason and words in found.sentence


def test_a_steady_excitation_is_located() -> None:
    found = locate(recording("steady", 16), sizes=range(5))
    assert (found.verdict, found.critical_size) == ("located", 0)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["step", "ramp", "noise"])
def test_one_run_has_no_model_near_the_circle(kind: str, seed: int) -> None:
    model = locate(recording(kind, 1, seed), sizes=range(5)).model
    assert model is not None
    if model.whiteness is not None and model.whiteness >= 0.01:
        assert (model.verdict, model.critical_size, model.interval, model.models) == ("located", 0, (0, 0), 0)
    else:
        assert model.critical_size is None


def test_no_two_runs_of_a_model_share_a_path_of_the_inputs() -> None:
    from ergoscope.analysis._location.fitted_models import _input_paths

    run = recording("step", 1)
    paths = _input_paths(run, 300, 64, seed=0)
    assert paths.shape == (300, 1, 64)
    assert len(np.unique(paths[0, 0])) > 50
    power = (paths[:, 0] ** 2).mean(axis=1)
    assert power[:100].mean() == pytest.approx(power[200:].mean(), rel=0.5)  # no replicate's step is another's
