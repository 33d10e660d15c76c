"""The stream below the estimators: the bits of ``Live`` and ``replay``, and iterated forecasts by hand."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from ergoscope.learners import Live, learner_names, make_learner, replay
from ergoscope.learners._catalogue import signature
from ergoscope.learners._estimators.stream import Stream, driver_of, uses_inputs
from ergoscope.simulator import Trajectories

PLANTLESS = [name for name, entry in learner_names().items() if "system" not in signature(entry.make)]
QUICK = [name for name in PLANTLESS if name not in {"random-chart", "rank", "submatrix"}]  # of a whole state


def samples(seed: int, steps: int, inputs: int, outputs: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """A stable plant that is driven, with gaps in its outputs and inputs."""
    random = np.random.default_rng(seed)
    u = random.standard_normal((steps, inputs))
    y = np.zeros((steps, outputs))
    for t in range(2, steps):
        driven = u[t].sum() + 0.5 * u[t - 1].sum()
        y[t] = 1.2 * y[t - 1] - 0.5 * y[t - 2] + driven + 0.1 * random.standard_normal(outputs)
    y += 3.0
    y[random.random(steps) < 0.05] = np.nan
    u[random.random((steps, inputs)) < 0.05] = np.nan
    return y, u


def held(u: np.ndarray) -> np.ndarray:
    known, last = u.copy(), np.zeros(u.shape[1])
    for row in known:
        row[:] = last = np.where(np.isnan(row), last, row)
    return known


@pytest.mark.parametrize("name", QUICK)
def test_the_forecasts_are_those_of_a_replay_bit_for_bit(name: str) -> None:
    """In whatever pieces the samples come, across the length of a block, also the first one."""
    m = 2 if uses_inputs(name) else 0
    y, u = samples(1, 200, m)
    stream, parts = Stream.start(name, None, 1, m), []
    for piece in np.split(np.arange(200), [1, 2, 5, 140]):
        before, (stream, forecasts) = stream, stream.learn(y[piece], u[piece])
        np.testing.assert_array_equal(before.forecast(u[piece[:1]])[0], forecasts[0])
        parts.append(forecasts)
    learner = driver_of(name, None, 1, m).learner
    recording = Trajectories(y[None], u[None], np.array([200]), 1.0, ("y",), ("u", "v")[:m], ("",))
    expected = replay(learner, recording, width=1)[0, :, 0, -1]
    np.testing.assert_array_equal(np.concatenate(parts), expected)


@pytest.mark.parametrize("name", ["ladder", "lattice", "length-mixture:longest=4"])
def test_the_forecasts_are_those_of_live_bit_for_bit(name: str) -> None:
    m = 1 if uses_inputs(name) else 0
    y, u = samples(2, 40, m)
    sizes = None if "mixture" in name else [8]
    learner = make_learner(name, dict(sizes=sizes, outputs=1, inputs=m, direct=m > 0, intercept=True))
    live, known, expected = Live(learner, 1, m), held(u), []
    for t in range(40):
        expected.append(live.forecast[0, 0])
        live.observe(y[t], known[t : t + 2] if m else None)
    _, forecasts = Stream.start(name, None, 1, m).learn(y, u)
    np.testing.assert_array_equal(forecasts, expected)


@pytest.mark.parametrize("size", [1, 3])
def test_a_forecast_of_many_samples_iterates_the_weights_of_batch_least_squares(size: int) -> None:
    """Against weights by ``numpy.linalg.lstsq``, which no forecast moves."""
    random = np.random.default_rng(5)
    u, y = random.standard_normal(300), np.ones(300)
    for t in range(1, 300):
        y[t] = 0.8 * y[t - 1] + u[t] - 0.3 * u[t - 1] + 0.05 * random.standard_normal() + 1
    stream, _ = Stream.start("lattice:ridge=1e-12", size, 1, 1).learn(y[:250, None], u[:250, None])

    def row(past: np.ndarray, t: int) -> list[float]:
        lagged = [[past[t - k], u[t - k]] if t >= k else [0.0, 0.0] for k in range(1, size + 1)]
        return [float(t > 0), u[t], *np.ravel(lagged)]  # the constant begins after the first sample

    weights = np.linalg.lstsq(np.array([row(y, t) for t in range(250)]), y[:250], rcond=None)[0]
    past = y.copy()
    for t in range(250, 300):
        past[t] = np.dot(weights, row(past, t))
    np.testing.assert_allclose(stream.forecast(u[250:, None])[:, 0], past[250:], rtol=1e-6, atol=1e-6)


def test_a_forecast_of_many_samples_is_the_iterated_forecast_of_the_ladder() -> None:
    y, _ = samples(3, 120, 1)
    stream, _ = Stream.start("ladder", 4, 1, 0).learn(y, np.zeros((120, 0)))
    forecasts = stream.forecast(np.zeros((8, 0)))
    for lookaheads in ((1, 2), (3, 4), (5, 6), (7, 8)):  # two at a time: one compiled loop serves all
        twin = Live(make_learner("ladder", dict(sizes=[4], lookaheads=lookaheads, intercept=True)))
        for value in y[:, 0]:
            twin.observe(value)
        np.testing.assert_allclose(forecasts[np.array(lookaheads) - 1], twin.forecast[:, 0], rtol=1e-9)


def test_a_forecast_holds_missing_inputs_and_changes_nothing() -> None:
    y, u = samples(4, 50, 1)
    stream, _ = Stream.start("lattice", 2, 1, 1).learn(y, u)
    before = pickle.dumps(stream)
    last = held(u)[-1, 0]
    np.testing.assert_array_equal(stream.forecast(np.full((5, 1), np.nan)), stream.forecast(np.full((5, 1), last)))
    assert pickle.dumps(stream) == before
    again = pickle.loads(before)  # noqa: S301
    np.testing.assert_array_equal(again.forecast(u[:9]), stream.forecast(u[:9]))
    np.testing.assert_array_equal(again.learn(y, u)[1], stream.learn(y, u)[1])


def test_a_forecast_that_overflows_ends_with_nan() -> None:
    y = 1e300 * 2.0 ** np.arange(-60, 1)[:, None]
    forecasts = Stream.start("ladder:intercept=no", 1, 1, 0).learn(y, np.zeros((61, 0)))[0].forecast(np.zeros((60, 0)))
    finite = np.isfinite(forecasts[:, 0])
    assert finite[0] and not finite[-1]
    assert (np.diff(finite.astype(int)) <= 0).all() and np.isnan(forecasts[~finite]).all()


def test_no_plant_no_learner() -> None:
    for name in set(learner_names()) - set(PLANTLESS):
        with pytest.raises(ValueError, match=f"{name} needs to know the plant, and an estimator has only samples"):
            Stream.start(name, None, 1, 0)
    with pytest.raises(ValueError, match=r"no learner is called 'laddr': did you mean 'ladder'|no learner is called"):
        uses_inputs("laddr")
    with pytest.raises(ValueError, match="length-mixture has one size: leave sizes out"):
        Stream.start("length-mixture", 4, 1, 0)
