"""Compare many simulated runs of a plant of 8 states, with process and output noise, with other software.

    python benchmarks/simulation.py [--replicates 1024] [--steps 1024] [--rounds 5]

All contenders draw their own noise: simulate_chunks, simulate (all samples at once, with the states), a NumPy loop over
time with the replicates as a batch; scipy.signal.dlsim and control.forced_response, replicate by replicate on a share.
Floor: the noise alone, compiled; beside it NumPy's, of PCG64 and of Philox. Times are per (replicate, step). Before the
clock starts, all are driven by one known input and compared with each other. Written to
benchmarks/results/simulation.json.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import control
import numpy as np
from _clock import Contender, count, interleaved, machine, ratio, rows, show, words, write
from scipy.signal import dlsim

from ergoscope.simulator import LinearSystem, simulate, simulate_chunks
from ergoscope.simulator._simulation.recursion import initial_numbers

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


def contenders(replicates: int, steps: int) -> dict[str, Contender]:
    system, rng = plant(), np.random.default_rng(2)
    check(system)
    made: dict[str, Contender] = {}

    def add(name: str, run: Any, many: int = replicates) -> None:
        made[name] = Contender(run, many * steps, f"{many} replicates x {steps} steps")

    def noise(many: int) -> tuple[np.ndarray, np.ndarray]:
        return rng.standard_normal((steps, many, STATES)), rng.standard_normal((steps, many))

    def chunks() -> None:
        for _ in simulate_chunks(0, system, steps, replicates):
            pass

    def compiled_noise() -> None:
        key = np.zeros(2, np.uint64)
        for _ in range(0, steps, BLOCK):
            initial_numbers(key, replicates, min(BLOCK, steps) * (STATES + 1))

    def philox() -> None:
        np.random.Generator(np.random.Philox(2)).standard_normal((steps, replicates, STATES + 1))

    add("simulate_chunks", chunks)
    add("simulate", partial(simulate, 0, system, steps, replicates))
    add("floor: noise alone, on one thread", compiled_noise)
    add("NumPy, batched", lambda: loops(system, *noise(replicates)))
    add("NumPy's noise alone, PCG64", lambda: noise(replicates))
    add("NumPy's noise alone, Philox", philox)
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
    ours = wall["simulate_chunks"]
    ratios = [
        dict(name=f"{slow} / simulate_chunks", goal=goal, values=ratio([wall[slow]], ours))
        for slow, goal in (
            ("NumPy, batched", "at least 1.5"),
            ("scipy.signal.dlsim", ""),
            ("control.forced_response", ""),
        )
    ]
    ratios.append(
        dict(name="simulate_chunks / floor", goal="", values=ratio([ours], wall["floor: noise alone, on one thread"]))
    )
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
