"""Compare many simulated runs of a plant of 8 states, with process and output noise, with other software.

    python benchmarks/simulation.py [--replicates 1024] [--steps 1024] [--rounds 5]

All contenders draw their own noise: simulate_chunks (results stay on the device), simulate (results in NumPy, with the
states), a NumPy loop over time with the replicates as a batch; scipy.signal.dlsim and control.forced_response,
replicate by replicate on a share. Floors: the noise alone (threefry, and NumPy's PCG64), and the recursion alone on
given noise, both in blocks of 128 steps (the last one filled up). Times are per (replicate, step). Before the clock
starts, all are driven by one known input and compared with each other. Written to benchmarks/results/simulation.json.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import control
import jax
import jax.numpy as jnp
import numpy as np
from _clock import Contender, count, interleaved, machine, ratio, rows, show, words, write
from scipy.signal import dlsim

from ergoscope._core.devices import Precision, computing
from ergoscope.simulator import LinearSystem, simulate, simulate_chunks

STATES, FEW = 8, 16  # FEW replicates for those that run one at a time
BLOCK = 128  # steps at once, as simulate_chunks makes them


def plant() -> LinearSystem:
    """Four damped modes, every state driven, their sum seen; in coordinates that leave no zero in A."""
    blocks = np.zeros((STATES, STATES))
    for k, angle in enumerate((0.1, 0.4, 0.9, 1.7)):
        rotation = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        blocks[2 * k : 2 * k + 2, 2 * k : 2 * k + 2] = 0.97 * np.array(rotation)
    T = np.linalg.qr(np.random.default_rng(0).standard_normal((STATES, STATES)))[0]
    return LinearSystem(T @ blocks @ T.T, np.tile([1.0, 0.0], (1, 4)) @ T.T, np.eye(STATES), np.eye(1), name="modes")


def loops(system: LinearSystem, w: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return y ``(step, replicate)`` for the noises ``(step, replicate, ..)``: one matrix product a step."""
    x, A, C = np.zeros(w.shape[1:]), system.A.T.copy(), system.C.T.copy()
    y = np.empty(w.shape[:2])
    for t in range(len(w)):
        y[t] = (x @ C)[:, 0] + v[t]
        x = x @ A + w[t]
    return y


def with_scipy(system: LinearSystem, w: np.ndarray, v: np.ndarray) -> np.ndarray:
    noisy = (system.A, np.eye(STATES, STATES + 1), system.C, np.eye(1, STATES + 1, STATES), 1.0)
    u = np.concatenate([w, v[..., None]], axis=2)
    return np.stack([dlsim(noisy, u[:, i])[1][:, 0] for i in range(u.shape[1])], axis=1)


def with_control(system: LinearSystem, w: np.ndarray, v: np.ndarray) -> np.ndarray:
    noisy = control.ss(system.A, np.eye(STATES, STATES + 1), system.C, np.eye(1, STATES + 1, STATES), 1.0)
    u = np.concatenate([w, v[..., None]], axis=2)
    return np.stack([control.forced_response(noisy, inputs=u[:, i].T).outputs[0] for i in range(u.shape[1])], axis=1)


@jax.jit
def recursion(A: Any, C: Any, x: Any, w: Any, v: Any) -> Any:
    """The dynamics alone: noise ``(step, state, replicate)`` is there, the replicates are innermost."""

    def step(x: Any, row: Any) -> Any:
        w, v = row
        return A @ x + w, ((C @ x)[0] + v, x)

    return jax.lax.scan(step, x, (w, v))


@partial(jax.jit, static_argnames=("shape", "dtype"))
def threefry(key: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    return jax.random.normal(key, shape, dtype)


def check(system: LinearSystem) -> None:
    """Stop unless all give the same outputs for one known input, here to the states."""
    u = np.random.default_rng(1).standard_normal((200, STATES))
    still = LinearSystem(
        system.A, system.C, 0 * system.Q, 0 * system.R, np.eye(STATES), np.zeros((1, STATES)), name="still"
    )
    expected = simulate(0, still, 200, inputs=u).outputs[0]
    w, v = u[:, None], np.zeros((200, 1))
    for form in (loops, with_scipy, with_control):
        np.testing.assert_allclose(form(system, w, v), expected, rtol=1e-9, atol=1e-9, err_msg=form.__name__)
    with computing("float64"):
        y, _ = recursion(system.A, system.C, np.zeros((STATES, 1)), w.swapaxes(1, 2), v)[1]
    np.testing.assert_allclose(y, expected, rtol=1e-9, atol=1e-9)


def contenders(replicates: int, steps: int) -> dict[str, Contender]:
    system, rng = plant(), np.random.default_rng(2)
    check(system)
    made: dict[str, Contender] = {}

    def add(name: str, run: Any, many: int = replicates) -> None:
        made[name] = Contender(run, many * steps, f"{many} replicates x {steps} steps")

    def noise(many: int) -> tuple[np.ndarray, np.ndarray]:
        return rng.standard_normal((steps, many, STATES)), rng.standard_normal((steps, many))

    precisions: tuple[Precision, ...] = ("float64", "float32")
    for precision in precisions:

        def chunks(precision: Precision = precision) -> None:
            with computing(precision):
                for chunk in simulate_chunks(jax.random.key(0), system, steps, replicates):
                    jax.block_until_ready(chunk)

        def random(precision: Precision = precision) -> None:
            with computing(precision):
                key, shape = jax.random.key(0), (min(BLOCK, steps), STATES + 1, replicates)
                for block in range(0, steps, BLOCK):
                    jax.block_until_ready(threefry(jax.random.fold_in(key, block), shape, np.dtype(precision)))

        def alone(A: Any, C: Any, x: Any, *noise: Any, precision: Precision = precision) -> None:
            with computing(precision):
                for _ in range(0, steps, BLOCK):
                    x, _ = jax.block_until_ready(recursion(A, C, x, *noise))

        with computing(precision):
            w, v = noise(replicates)
            parts = system.A, system.C, np.zeros((STATES, replicates)), w[:BLOCK].swapaxes(1, 2), v[:BLOCK]
            arrays = [jnp.asarray(part, precision) for part in parts]
        add(f"simulate_chunks, {precision}", chunks)
        add(f"simulate, {precision}", partial(simulate, 0, system, steps, replicates, precision=precision))
        add(f"floor: noise alone, threefry, {precision}", random)
        add(f"floor: recursion alone, {precision}", partial(alone, *arrays))
    add("NumPy, batched", lambda: loops(system, *noise(replicates)))
    add("NumPy's noise alone, PCG64", lambda: noise(replicates))
    few = min(FEW, replicates)
    add("scipy.signal.dlsim", lambda: with_scipy(system, *noise(few)), few)
    add("control.forced_response", lambda: with_control(system, *noise(few)), few)
    return made


def main() -> None:
    parser = words(__doc__)
    for word, default in (("replicates", 1024), ("steps", 1024), ("rounds", 5)):
        parser.add_argument(f"--{word}", type=count, default=default)
    given = parser.parse_args()
    table = contenders(given.replicates, given.steps)
    timed = interleaved(table, given.rounds)
    wall = timed.wall
    ratios = []
    for precision in ("float64", "float32"):
        ours = wall[f"simulate_chunks, {precision}"]
        floors = wall[f"floor: noise alone, threefry, {precision}"], wall[f"floor: recursion alone, {precision}"]
        both = [noise + recursion for noise, recursion in zip(*floors, strict=True)]
        for slow in ("NumPy, batched", "scipy.signal.dlsim", "control.forced_response"):
            ratios.append(dict(name=f"{slow} / simulate_chunks, {precision}", values=ratio([wall[slow]], ours)))
        ratios.append(dict(name=f"times the two floors together, {precision}", values=ratio([ours], both)))
    record = dict(
        title="Simulation",
        command="python benchmarks/simulation.py",
        work=f"{given.replicates} replicates x {given.steps} steps of {STATES} states, one output, {STATES + 1} noises "
        "a step; times per (replicate, step)",
        floor=f"a (replicate, step) draws {STATES + 1} normal numbers, and does {2 * STATES * (STATES + 1)} operations",
        machine=machine(),
        rows=rows(table, timed),
        ratios=ratios,
    )
    show(record)
    write("simulation", record)


if __name__ == "__main__":
    main()
