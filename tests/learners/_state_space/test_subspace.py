"""Subspace identification against a textbook on data matrices, and against the systems it identifies."""

from __future__ import annotations

import re

import control
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ergoscope._core.devices import computing
from ergoscope.analysis import kalman_gain
from ergoscope.learners import Learner, kalman, replay, subspace
from ergoscope.learners._engine.driver import Driver
from ergoscope.learners._state_space.subspace import SubspaceState
from ergoscope.learners._state_space.subspace_fit import _settles
from ergoscope.simulator import LinearSystem, Missing, Trajectories, simulate, zoo


def plant(name: str) -> LinearSystem:
    """A system of the zoo, or one with inputs and a direct term."""
    if name != "two-by-two":
        return zoo(name)
    A, B, C = [[1, 1], [0, 1]], [[0.3, -0.2], [0.1, 0.4]], [[1.0, 0.0], [0.6, 1.0]]
    return LinearSystem(A, C, 0.1 * np.eye(2), np.eye(2), B, [[0.8, -0.5], [0.3, 1.1]], name=name)


class Textbook:
    """Predictor-based subspace identification on the rows themselves, a Python loop over samples."""

    def __init__(self, y: np.ndarray, u: np.ndarray, past: int, window: int, refit: int, direct: bool) -> None:
        self.steps, self.p = y.shape
        self.m, self.q, self.past, self.direct = u.shape[1], u.shape[1] + y.shape[1], past, direct
        self.y, self.z = y, np.zeros((self.steps + past, self.q))  # z[t] stands at t + past
        self.z[past:, : self.m] = u
        self.window, self.refit, self.ridge = window, refit, 1e-2

    def regressor(self, t: int) -> np.ndarray:
        return self.z[t : t + self.past][::-1].ravel()

    def fit(self, rows: list[int], unit: np.ndarray, largest: int) -> dict[int, tuple[np.ndarray, ...]]:
        start = np.diag(np.tile(np.sqrt(self.ridge) * unit, self.past + 1))  # the ridge, as rows of its own
        before, q, m, p = self.past * self.q, self.q, self.m, self.p
        Z = np.concatenate([start[:, :before], [self.regressor(t) for t in rows]])
        N = np.concatenate([start[:, before:], [self.z[t + self.past] for t in rows]])
        X = np.concatenate([Z, N[:, :m]], axis=1) if self.direct else Z
        weights = np.linalg.lstsq(X, N[:, m:])[0]
        D = weights[before:].T
        e = N[:, m:] - X @ weights
        H = np.zeros((self.past, p, before))
        for i in range(self.past):
            H[i, :, : before - i * q] = weights[i * q : before].T
        H = (H / np.sqrt((e**2).sum(axis=0))[:, None]).reshape(-1, before)
        _, _, V = np.linalg.svd(Z @ H.T, full_matrices=False)  # H z for every row: its right vectors turn H into states
        reach = V[:largest] @ H
        states, shifted = Z @ reach.T, np.concatenate([N, Z[:, : before - q]], axis=1) @ reach.T
        C = np.linalg.lstsq(states, N[:, m:] - (N[:, :m] @ D.T if self.direct else 0))[0].T
        models = {}
        for n in range(1, largest + 1):
            moved = np.linalg.lstsq(np.concatenate([states[:, :n], N], axis=1), shifted[:, :n])[0].T
            models[n] = moved[:, :n], moved[:, n:], C[:, :n], D, reach[:n]
        return models

    def forecasts(self, sizes: tuple[int, ...]) -> np.ndarray:
        made, loss = np.zeros((self.steps, len(sizes), self.p)), np.zeros((len(sizes), self.p))
        first, rows, unit, models = 2 * self.q * (self.past + 1), [], np.zeros(self.q), {}
        x = {n: np.zeros(n) for n in sizes}
        for t in range(self.steps):
            u, gone = self.z[t + self.past, : self.m], np.isnan(self.y[t])
            for k, n in enumerate(sizes):
                if models:
                    D = models[max(sizes)][3]
                    made[t, k] = (models[n][2] @ x[n] if n else 0) + (D @ u if self.direct else 0)
            fill = made[t, loss.argmin(axis=0), np.arange(self.p)] if models else self.z[t + self.past - 1, self.m :]
            y = np.where(gone, fill, self.y[t])
            loss = 0.99 * loss + np.where(gone, 0, (y - made[t]) ** 2)
            self.z[t + self.past, self.m :] = y
            now = self.z[t + self.past]
            unit = np.where((unit == 0) & (now != 0), now, unit)
            rows += [t] if not gone.any() else []
            for k, n in enumerate(sizes):
                if models and n:
                    F, G = models[n][:2]
                    x[n] = F @ x[n] + G @ np.r_[u, np.where(gone, made[t, k], y)]
            count = len(rows)
            doubled = count % first == 0 and np.log2(max(count, 1) / first) % 1 == 0
            renewed = self.window and count % self.window == 0
            due = count >= first and (count % self.refit == 0 if self.refit else doubled or renewed)
            due = due and not gone.any()
            if due:
                kept = [s for s in rows if not self.window or s > t - self.window]
                models = self.fit(kept, unit, max(sizes))
            for n in sizes:
                if models and n and (due or np.linalg.norm(np.linalg.matrix_power(models[n][0], 1024)) >= 1):
                    x[n] = models[n][4] @ self.regressor(t + 1)
        return made


@pytest.mark.parametrize(
    ("name", "options", "lost"),
    [
        ("random-walk-0.1", dict(past=4, window=0, refit=0, direct=False), 0.0),
        ("two-tones", dict(past=6, window=0, refit=17, direct=False), 0.1),
        ("two-by-two", dict(past=4, window=0, refit=0, direct=True), 0.1),
        ("two-by-two", dict(past=3, window=70, refit=11, direct=False), 0.1),
    ],
)
def test_it_is_the_textbook_on_data_matrices(name: str, options: dict, lost: float) -> None:
    run = simulate(4, plant(name), 200, inputs="white", missing=Missing(lost))
    p, m, sizes = run.outputs.shape[2], run.inputs.shape[2], (0, 1, 2, 3)
    made = replay(subspace(sizes, outputs=p, inputs=m, **options), run)[0, :, 0]
    expected = Textbook(run.outputs[0], run.inputs[0], **options).forecasts(sizes)
    assert (expected[-50:, 1:] != 0).all()
    np.testing.assert_allclose(made, expected, rtol=0, atol=1e-6 * np.nanmax(np.abs(run.outputs)))


def states_after(learner: Learner, run: Trajectories) -> SubspaceState:
    """What every lane of a recording holds at its end; in the blocks of ``replay``, which compile one program."""
    outputs, inputs = run.outputs.transpose(1, 2, 0), run.inputs.transpose(1, 2, 0)
    steps, p, runs = outputs.shape
    driver = Driver(learner, p, inputs.shape[1])
    y = np.full((-(-steps // driver.block) * driver.block, p, driver.width), np.nan)
    u = np.zeros((len(y) + driver.ahead, inputs.shape[1], driver.width))
    y[:steps, :, :runs], u[:steps, :, :runs] = outputs, inputs
    lanes, record = driver.start(), driver.record()
    for first in range(0, steps, driver.block):
        end = np.where(np.arange(driver.width) < runs, min(steps - first, driver.block), 0).astype(np.int32)
        rows = slice(first, first + driver.block), slice(first, first + driver.block + driver.ahead)
        lanes, record = driver.advance(lanes, record, y[rows[0]], u[rows[1]], np.int32(0), end)
    state: SubspaceState = jax.tree.map(lambda leaf: leaf[..., :runs], lanes.state)
    return state


def test_its_eigenvalues_and_errors_approach_those_of_the_system() -> None:
    """A damped oscillator and a slow mode, seen through noise: python-control's poles, and the Kalman predictor."""
    poles = [0.9 * np.exp(0.6j), 0.9 * np.exp(-0.6j), 0.8]
    A = np.zeros((3, 3))
    A[:2, :2] = 0.9 * np.array([[np.cos(0.6), -np.sin(0.6)], [np.sin(0.6), np.cos(0.6)]])
    A[2, 2] = 0.8
    system = LinearSystem(A, [[1.0, 0.0, 1.0]], np.eye(3), [[1.0]], name="damped")
    np.testing.assert_allclose(np.sort(control.ss(A, np.zeros((3, 1)), system.C, 0, 1).poles()), np.sort(poles))
    runs, steps = 16, 34 * 2**8 + 3000
    run = simulate(7, system, steps, runs)
    learner = subspace(range(5))
    model = states_after(learner, run).model
    F, K, C = (np.moveaxis(np.array(leaf), -1, 0) for leaf in (model.F, model.G, model.C))
    found = np.linalg.eigvals(F[:, 3, :3, :3] + K[:, 3, :3] @ C[:, :, :3])  # A = F + K C
    found = np.stack([row[np.argsort(row.imag)] for row in found])
    true = np.array([poles[1], poles[2], poles[0]])
    # Means of 16 runs, each fitted on 8704 samples: the spread over the runs gives the limit, two-sided 1e-4 of
    # Student's law with 15 degrees of freedom, and a bias of the order 1 / samples is allowed for.
    spread = np.abs(found - found.mean(axis=0)).std(axis=0, ddof=1) / np.sqrt(runs)
    assert (np.abs(found.mean(axis=0) - true) < 5.24 * spread + 10 / 8704).all()
    assert spread.max() < 0.005
    after = slice(34 * 2**8, None)
    forecast = replay(learner, run)[:, after, 0, :, 0]
    best = replay(kalman(system), run)[:, after, 0, :, 0]
    excess = ((forecast - best) ** 2).mean(axis=(0, 1)) / kalman_gain(system).innovation[0, 0]
    # An order n has 2 n weights to learn: 2 n / samples of the innovation's variance for an efficient method.
    assert excess[3] < 3 * 6 / 8704 and excess[2] > 20 * excess[3]


@pytest.mark.parametrize(("name", "m"), [("two-tones", 4), ("double-integrator", 2)])
def test_orders_below_the_modes_grow_and_the_others_do_not(name: str, m: int) -> None:
    epochs = 34 * 2 ** np.array([3, 4, 6, 7])  # whole epochs: within one, what was not learned grows
    run = simulate(2, zoo(name), epochs[-1], 16)
    square = ((run.outputs - replay(subspace(range(m + 3)), run)[:, :, 0, :, 0]) ** 2).mean(axis=0)
    early, late = square[epochs[0] : epochs[1]].mean(axis=0), square[epochs[2] : epochs[3]].mean(axis=0)
    growth = np.log(late / early) / np.log(8)
    assert (growth[:m] > 0.5).all() and (np.abs(growth[m:]) < 0.3).all()


def test_an_unstable_predictor_is_forecast_from_the_past_alone() -> None:
    run, learner = simulate(3, zoo("random-walk"), 100, 2), subspace(range(3), past=4)
    state, update = states_after(learner, run), jax.jit(learner.update)
    assert np.array(state.model.settles).all() and (np.array(state.model.reach) != 0).any()
    with computing("float64"):
        runaway = state.model._replace(F=2 + state.model.F, settles=state.model.settles.at[1].set(False))
        state, none = state._replace(model=runaway), jnp.zeros((0, 2))
        for y in (3.0, -1.0, 2.0, 5.0, 4.0):
            state = update(state, jnp.full((1, 2), y), none, jnp.ones((1, 2), bool))
        expected = np.einsum("skl,kl->sl", np.array(state.model.reach), [[4.0] * 2, [5.0] * 2, [2.0] * 2, [-1.0] * 2])
    np.testing.assert_allclose(np.array(state.x)[1, 0], expected[0], rtol=1e-12)  # the order with one state
    assert np.abs(np.array(state.x)[2]).max() > 10 * np.abs(expected).max()  # one that was not marked runs away


def test_what_counts_as_stable() -> None:
    turned = 0.998 * np.array([[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]])
    matrices = np.stack([turned, turned / 0.998, 1.01 * np.eye(2), [[0, 1e6], [0, 0]], np.diag([3.0, 0])], axis=0)
    with computing("float64"):
        np.testing.assert_array_equal(
            _settles(jnp.asarray(matrices[..., None]))[:, 0], [True, False, False, True, False]
        )


@pytest.mark.parametrize(("name", "m"), [("explosive-1", 1), ("explosive-2", 2)])
def test_explosive_outputs_leave_the_model_its_digits(name: str, m: int) -> None:
    """Outputs to 1e11 beside noise of one: squares of them would leave nothing of the noise in double precision."""
    run = simulate(0, zoo(name), 240, 24)
    learner = subspace(range(4), past=5, refit=10)
    assert np.array(states_after(learner, run).model.settles).all()
    square = ((run.outputs - replay(learner, run)[:, :, 0, :, 0])[:, :, m:] ** 2).mean(axis=(0, 2))
    assert square[180:].mean() < 3 * square[120:180].mean()  # while the outputs' squares grow by 1.1^120 = 9e4


def test_an_unusable_fit_leaves_the_last_one() -> None:
    run = simulate(1, zoo("random-walk"), 200)
    y = run.outputs.copy()
    y[0, 130:] = 1e200  # squares overflow in the fit at 136 samples
    learner = subspace(range(3), past=4, window=34, refit=17)
    bad = Trajectories(y, run.inputs, run.lengths, run.dt, run.output_names, run.input_names, run.run_names)
    assert np.isfinite(replay(learner, bad)).all()


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        ("past must be at least the largest order", dict(past=7)),
        ("past must be at least the largest order", dict(sizes=[0], past=0)),
        ("window must be 0", dict(window=33)),
        ("refit must be 0", dict(refit=-1)),
        ("ridge must be positive", dict(ridge=-1.0)),
        ("a direct term needs inputs", dict(direct=True)),
        ("sizes must be rising", dict(sizes=[])),
    ],
)
def test_bad_arguments_are_refused(words: str, arguments: dict) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        subspace(**arguments)


def test_parameters_are_counted() -> None:
    assert subspace([0, 1, 4]).parameters == (0, 2, 8)
    learner = subspace([0, 2], direct=True, outputs=2, inputs=3)
    assert learner.parameters == (6, 8 + 6 + 6)
