"""Compare the Kalman predictor on many series of one model of 4 states with other software.

    python benchmarks/kalman.py [--series 1024] [--steps 512] [--rounds 5]

All contenders give the one-step forecasts of every series: our learner replayed, with the time-varying gain (a
covariance for each series, needed for missing samples) and with the steady gain; NumPy loops over time and dynamax
under vmap, both with a covariance for each series and with one for all; simdkalman; statsmodels and filterpy, series by
series on a share. Software that is not installed is skipped. dynamax is not in the extra `bench`, because it needs a
nightly build: pip install -c constraints.txt dynamax. Times are per (series, step). Before the clock starts, all
forecasts are compared with each other. Written to benchmarks/results/kalman.json.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from _clock import Contender, count, interleaved, machine, ratio, rows, show, words, write

from ergoscope._core.devices import Precision, computing
from ergoscope.analysis import kalman_gain
from ergoscope.learners import Learner, kalman, replay
from ergoscope.simulator import LinearSystem, Trajectories, simulate, zoo

SYSTEM = "two-tones"
SHARED = "one covariance for all"  # no sample is missing, so that all series share it
STEADY = "ours, steady gain"
START = 10.0  # covariance of the first state, times I
Filter = Callable[[np.ndarray], np.ndarray]  # y (series, step) to forecasts of it


def ours(learner: Learner, run: Trajectories, precision: Precision) -> np.ndarray:
    return replay(learner, run, width=min(512, len(run.lengths)), precision=precision)[:, :, 0, 0, 0]


def with_numpy(system: LinearSystem, y: np.ndarray) -> np.ndarray:
    A, c, Q, r = system.A, system.C[0], system.Q, system.R[0, 0]
    x, P = np.zeros((len(y), len(A))), np.tile(START * np.eye(len(A)), (len(y), 1, 1))
    forecasts = np.empty_like(y)
    for t in range(y.shape[1]):
        forecasts[:, t] = x @ c
        Pc = P @ c
        K = Pc / (Pc @ c + r)[:, None]
        x = (x + K * (y[:, t] - forecasts[:, t])[:, None]) @ A.T
        P = A @ (P - K[:, :, None] * Pc[:, None]) @ A.T + Q
    return forecasts


def with_numpy_at_once(system: LinearSystem, y: np.ndarray) -> np.ndarray:
    A, c, Q, r = system.A, system.C[0], system.Q, system.R[0, 0]
    x, P = np.zeros((len(A), len(y))), START * np.eye(len(A))
    forecasts, columns = np.empty(y.T.shape), y.T.copy()
    for t in range(len(columns)):
        forecasts[t] = c @ x
        Pc = P @ c
        K = Pc / (c @ Pc + r)
        x = A @ (x + np.outer(K, columns[t] - forecasts[t]))
        P = A @ (P - np.outer(K, Pc)) @ A.T + Q
    return forecasts.T


def with_filterpy(system: LinearSystem) -> Filter:
    from filterpy.kalman import KalmanFilter

    def one(y: np.ndarray) -> list[float]:
        twin = KalmanFilter(dim_x=system.states, dim_z=1)
        twin.F, twin.H, twin.Q, twin.R = system.A, system.C, system.Q, system.R
        twin.P, twin.x, made = START * np.eye(system.states), np.zeros((system.states, 1)), []
        for now in y:
            made.append((twin.H @ twin.x)[0, 0])
            twin.update(now)
            twin.predict()
        return made

    return lambda y: np.array([one(series) for series in y])


def with_statsmodels(system: LinearSystem) -> Filter:
    from statsmodels.tsa.statespace.kalman_filter import MEMORY_CONSERVE, MEMORY_NO_FORECAST_MEAN, KalmanFilter

    n = system.states
    given = dict(transition=system.A, design=system.C, obs_cov=system.R, selection=np.eye(n), state_cov=system.Q)

    def one(y: np.ndarray) -> np.ndarray:  # a new one each: bound anew, it would filter the old series again
        twin = KalmanFilter(k_endog=1, k_states=n, **given)
        twin.initialize_known(np.zeros(n), START * np.eye(n))
        twin.set_conserve_memory(MEMORY_CONSERVE & ~MEMORY_NO_FORECAST_MEAN)
        twin.bind(y.copy())
        return np.asarray(twin.filter().forecasts[0])

    return lambda y: np.stack([one(series) for series in y])


def with_simdkalman(system: LinearSystem) -> Filter:
    import simdkalman

    twin = simdkalman.KalmanFilter(system.A, system.Q, system.C, system.R)
    known = dict(initial_value=np.zeros(system.states), initial_covariance=START * np.eye(system.states))

    def run(y: np.ndarray) -> np.ndarray:
        found = twin.compute(
            y, 0, **known, filtered=True, smoothed=False, observations=False, covariances=False
        ).filtered.states.mean
        return np.concatenate([np.zeros((len(y), 1)), found[:, :-1] @ (system.C @ system.A)[0]], axis=1)

    return run


def with_dynamax(system: LinearSystem, precision: Any, shared: bool) -> Filter:
    from dynamax.linear_gaussian_ssm.inference import lgssm_filter, make_lgssm_params

    def one(y: Any, P0: Any) -> Any:
        given = (np.zeros(system.states), P0, system.A, system.Q, system.C, system.R)
        found = lgssm_filter(make_lgssm_params(*(jnp.asarray(a, y.dtype) for a in given)), y[:, None]).filtered_means
        forecasts = found[:-1] @ jnp.asarray((system.C @ system.A)[0], y.dtype)
        return jnp.concatenate([jnp.zeros_like(forecasts[:1]), forecasts])

    many = jax.jit(jax.vmap(one, (0, None if shared else 0)))
    P0 = START * np.eye(system.states, dtype=precision)

    def run(y: np.ndarray) -> np.ndarray:
        with computing(precision):
            return np.asarray(many(y.astype(precision), P0 if shared else np.tile(P0, (len(y), 1, 1))))

    return run


def contenders(series: int, steps: int, skipped: dict[str, str]) -> dict[str, Contender]:
    system = zoo(SYSTEM)
    run = simulate(3, system, steps, series)
    y = run.outputs[:, :, 0].copy()
    expected = with_numpy(system, y)
    made: dict[str, Contender] = {}

    def add(name: str, form: Callable[[], Any], share: int = 1, steady: bool = False) -> None:
        many = max(series // share, 1)
        found, late = form(), slice(100, None) if steady else slice(None)  # the steady gain is right once settled
        limit = 1e-3 if "float32" in name else 1e-6
        scale = np.abs(y).max() if found.size else 1.0
        np.testing.assert_allclose(found[:, late], expected[:many, late], rtol=0, atol=limit * scale, err_msg=name)
        made[name] = Contender(form, many * steps, f"{many} series x {steps} steps")

    def add_if(name: str, make: Callable[[], Filter], share: int = 1) -> None:
        try:
            form = make()
        except ImportError as exc:
            skipped[name] = str(exc)
        else:
            add(name, partial(form, y[: max(series // share, 1)]), share)

    learner = kalman(system, covariance=START * np.eye(system.states))
    precisions: tuple[Precision, ...] = ("float64", "float32")
    for precision in precisions:
        add(f"ours, {precision}", partial(ours, learner, run, precision))
    add(STEADY, partial(ours, kalman(system, kalman_gain(system).gain), run, "float64"), steady=True)
    add("NumPy", partial(with_numpy, system, y))
    add(f"NumPy, {SHARED}", partial(with_numpy_at_once, system, y))
    add_if("simdkalman", partial(with_simdkalman, system))
    for precision in precisions:
        add_if(f"dynamax, {precision}", partial(with_dynamax, system, precision, False))
        add_if(f"dynamax, {SHARED}, {precision}", partial(with_dynamax, system, precision, True))
    add_if("statsmodels", partial(with_statsmodels, system), 16)
    add_if("filterpy", partial(with_filterpy, system), 128)
    return made


def pair(slow: str, fast: str) -> str:
    """Name a ratio of two contenders of one precision."""
    name, _, precision = slow.rpartition(", ")
    alone = fast.rpartition(", ")[0] if fast != STEADY else fast
    return f"{name} / {alone}, {precision}" if precision in fast and name else f"{slow} / {alone}"


def main() -> None:
    parser = words(__doc__)
    for word, default in (("series", 1024), ("steps", 512), ("rounds", 5)):
        parser.add_argument(f"--{word}", type=count, default=default)
    given, skipped = parser.parse_args(), dict[str, str]()
    table = contenders(given.series, given.steps, skipped)
    timed = interleaved(table, given.rounds)
    ratios = []
    for name, values in timed.wall.items():
        if name.startswith("ours") or (SHARED in name and "float32" in name):
            continue
        mine = STEADY if SHARED in name else "ours, float32" if "float32" in name else "ours, float64"
        ratios.append(dict(name=pair(name, mine), values=ratio([values], timed.wall[mine])))
    record = dict(
        title="Kalman filter",
        command="python benchmarks/kalman.py",
        work=f"{given.series} series x {given.steps} steps of one model with 4 states, one output; times per (series, "
        "step)",
        machine=machine(),
        rows=rows(table, timed),
        ratios=ratios,
        skipped=skipped,
    )
    show(record)
    write("kalman", record)


if __name__ == "__main__":
    main()
