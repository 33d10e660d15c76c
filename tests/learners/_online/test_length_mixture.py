"""One forecast out of all lengths: the schedule is the ladder's rung of its epoch, the mixture keeps its bound."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp

from ergoscope.learners import Live, doubling_epochs, ladder, lattice, length_mixture, replay
from ergoscope.simulator import Trajectories, simulate, zoo


@pytest.mark.parametrize("outputs", [1, 2])
def test_doubling_epochs_take_the_rung_of_their_epoch(outputs: int) -> None:
    data = simulate(2, zoo("double-integrator"), 300)
    y = np.repeat(data.outputs, outputs, axis=2) + np.random.default_rng(0).standard_normal((1, 300, outputs))
    names = tuple(f"y{k}" for k in range(outputs))
    data = Trajectories(y, data.inputs, data.lengths, data.dt, names, (), data.run_names)
    beta, longest, first = 1.5, 9, 8
    made = replay(doubling_epochs(beta, longest, first, outputs=outputs), data)[0, :, 0, 0]
    family = ladder(range(10)) if outputs == 1 else lattice(range(10), outputs=outputs)
    every = replay(family._replace(kernel=None), data)[0, :, 0]
    lengths = set()
    for t in range(300):
        epoch = max(int(np.floor(np.log2(max(t, first) / first))), 0)
        length = min(int(np.ceil(beta * np.log(first * 2**epoch))), longest)
        lengths.add(length)
        np.testing.assert_array_equal(made[t], every[t, length])
    assert lengths == {4, 5, 6, 7, 8, 9}


def twin(every: np.ndarray, y: np.ndarray, settled: int, share: float = 0.0) -> tuple[np.ndarray, float, np.ndarray]:
    """The mixture by its equations, losses whole and logarithms by scipy; forecasts, the last Delta, the start."""
    count = every.shape[1]
    lost, delta, made, start = np.zeros(count), 0.0, [], np.zeros(count)
    for t, value in enumerate(y):
        eta = np.log(count) / delta if delta else np.inf
        best = lost == lost.min()
        log_p = -eta * (lost - lost.min()) if delta else np.where(best, 0.0, -np.inf)
        log_p = log_p - logsumexp(log_p)
        made.append(np.exp(log_p) @ every[t])
        loss = (value - every[t]) ** 2
        mix = -logsumexp(log_p - eta * loss) / eta if delta else (lost + loss).min() - lost.min()
        if t >= settled:
            delta += max((value - made[-1]) ** 2 - mix, 0)
        lost = (lost if t >= settled else (1 - 8 / settled) * lost) + loss
        lost = lost - lost.min()
        start = lost if t == settled - 1 else start
        if share and delta:
            eta = np.log(count) / delta
            p = np.exp(-eta * (lost - lost.min()))
            lost = -np.log((1 - share) * p / p.sum() + share / count) / eta
    return np.array(made), delta, start


@pytest.mark.parametrize("name", ["random-walk", "double-integrator", "two-tones"])
def test_the_mixture_stays_within_its_log_m_term_of_the_best_length_at_every_horizon(name: str) -> None:
    data, M = simulate(4, zoo(name), 6000), 8
    y, every = data.outputs[0, :, 0], replay(ladder(range(M + 1))._replace(kernel=None), data)[0, :, 0, :, 0]
    made, settled = replay(length_mixture(M), data)[0, :, 0, 0, 0], 16 * (M + 1)
    expected, delta, start = twin(every, y, settled)
    np.testing.assert_allclose(made, expected, atol=1e-6 * np.abs(y).max())
    own, others = np.cumsum((made - y)[settled:] ** 2), np.cumsum((every - y[:, None])[settled:] ** 2, axis=0)
    assert (own[:, None] - others <= 2 * delta + start).all()
    B = np.abs(every - y[:, None])[settled:, 1:].max()
    assert delta <= 8 * B**2 * np.log(M + 1) + 4 * B**2
    noise, gap = (every - y[:, None])[settled:].var(axis=0).min(), own - others.min(axis=1)
    print(f"{name}: regret over the best length {gap[-1] / noise:.1f}, at most {gap.max() / noise:.1f}")


def test_sharing_follows_a_system_that_changes() -> None:
    """A random walk whose best filter is long, then a noiseless-looking one whose best is short, and back."""
    random, steps = np.random.default_rng(6), 9000
    q = np.where((np.arange(steps) // 1500) % 2, 1.0, 1e-4)
    r = np.where((np.arange(steps) // 1500) % 2, 1e-4, 1.0)
    y = np.cumsum(np.sqrt(q) * random.standard_normal(steps)) + np.sqrt(r) * random.standard_normal(steps)
    data = Trajectories(y[None, :, None], np.zeros((1, steps, 0)), np.array([steps]), 1.0, ("y",), (), ("0",))
    options = dict(longest=8, forgetting=0.99)
    fixed, shared = (replay(length_mixture(share=share, **options), data)[0, :, 0, 0, 0] for share in (0.0, 0.01))
    every = replay(ladder(range(9), 0.99)._replace(kernel=None), data)[0, :, 0, :, 0]
    expected, _, _ = twin(every, y, 16 * 9, 0.01)
    np.testing.assert_allclose(shared, expected, atol=1e-6 * np.abs(y).max())
    late = slice(2000, None)
    assert np.mean((shared - y)[late] ** 2) < np.mean((fixed - y)[late] ** 2)


def test_a_gap_costs_no_length_anything() -> None:
    live = Live(length_mixture(3))
    for value in simulate(1, zoo("random-walk"), 100).outputs[0, :, 0]:
        live.observe(value)
    before = np.array(live.lanes.state.behind)
    live.observe(np.nan)
    np.testing.assert_array_equal(live.lanes.state.behind, before)


def test_bad_options_are_refused() -> None:
    for make, words in [
        (lambda: doubling_epochs(0), "beta above 0"),
        (lambda: doubling_epochs(longest=0), "longest from 1"),
        (lambda: length_mixture(share=1), "0 <= share < 1"),
        (lambda: length_mixture(0), "longest from 1"),
    ]:
        with pytest.raises(ValueError, match=words):
            make()
