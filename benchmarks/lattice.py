"""Compare all windows of 2 outputs and 2 inputs at once with recursive least squares window by window, in turn.

    python benchmarks/lattice.py [--windows 32] [--streams 32] [--steps 128] [--rounds 5]

The opponent is covariance recursive least squares, P -= g g' with g = P x / sqrt(s), the cheapest form that keeps P
symmetric. Each window has vectors of 4 h numbers; the two outputs share P; all streams run together.

* RLS of each window: one compiled scan for each window, with the streams outermost or innermost;
* padded RLS: one scan of all windows at once, each padded to the longest (an eighth of the steps, scaled).

Times are per (stream, step, window). Both sides are compared before the clock starts. Written to
benchmarks/results/lattice.json.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from _clock import Contender, count, interleaved, machine, ratio, rows, show, words, write

from ergoscope._core.devices import computing
from ergoscope.learners import lattice, replay
from ergoscope.learners._engine.driver import Driver
from ergoscope.simulator import LinearSystem, simulate

RIDGE = 1e-2
OUTER, INNER, PADDED = "RLS of each window, streams outermost", "same, streams innermost", "padded RLS of all windows"
Pair = tuple[jax.Array, jax.Array]


def plant() -> LinearSystem:
    A = np.array([[1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0.76, 0.57], [0, 0, -0.57, 0.76]])
    B = np.array([[0.3, -0.2], [0.1, 0.4], [1.0, 0.5], [-0.7, 0.2]])
    C = np.array([[1.0, 0.0, 0.5, 0.2], [0.6, 1.0, -0.4, 1.0]])
    return LinearSystem(A, C, 0.01 * np.eye(4), np.eye(2), B, np.array([[0.8, -0.5], [0.3, 1.1]]), name="two-by-two")


def regressors(y: jax.Array, u: jax.Array, window: int) -> jax.Array:
    """(time, lane, 4 window): z[t-1], z[t-2], .."""
    z = jnp.pad(jnp.concatenate([u, y], axis=1), ((window, 0), (0, 0), (0, 0)))
    rows = jnp.concatenate([z[window - k : len(z) - k] for k in range(1, window + 1)], axis=1)
    return rows.swapaxes(1, 2)


@partial(jax.jit, static_argnames="window")
def streams_outermost(y: jax.Array, u: jax.Array, unit: jax.Array, window: int) -> jax.Array:
    x, targets = regressors(y, u, window), y.swapaxes(1, 2)
    P = jax.vmap(jnp.diag)(1 / (RIDGE * jnp.tile(unit.T, (1, window)) ** 2))
    W = jnp.zeros((*P.shape[:2], y.shape[1]))

    def one(P: jax.Array, W: jax.Array, x: jax.Array, y: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        e, Px = y - x @ W, P @ x
        s = 1 + x @ Px
        g = Px / jnp.sqrt(s)
        return P - jnp.outer(g, g), W + jnp.outer(Px / s, e), e

    def step(carry: Pair, row: Pair) -> tuple[Pair, jax.Array]:
        P, W, e = jax.vmap(one)(*carry, *row)
        return (P, W), e

    return jax.lax.scan(step, (P, W), (x, targets))[1].swapaxes(1, 2)


@partial(jax.jit, static_argnames="window")
def streams_innermost(y: jax.Array, u: jax.Array, unit: jax.Array, window: int) -> jax.Array:
    x = regressors(y, u, window).swapaxes(1, 2)
    P = jnp.eye(x.shape[1])[:, :, None] / (RIDGE * jnp.tile(unit, (window, 1)) ** 2)
    W = jnp.zeros((x.shape[1], y.shape[1], y.shape[2]))

    def step(carry: Pair, row: Pair) -> tuple[Pair, jax.Array]:
        (P, W), (x, y) = carry, row
        e, Px = y - jnp.sum(W * x[:, None], axis=0), jnp.sum(P * x, axis=1)
        s = 1 + jnp.sum(x * Px, axis=0)
        g = Px / jnp.sqrt(s)
        return (P - g[:, None] * g, W + (Px / s)[:, None] * e), e

    return jax.lax.scan(step, (P, W), (x, y))[1]


@partial(jax.jit, static_argnames="windows")
def padded(y: jax.Array, u: jax.Array, unit: jax.Array, windows: int) -> jax.Array:
    x, targets = regressors(y, u, windows), y.swapaxes(1, 2)
    columns = x.shape[2]
    inside = (jnp.arange(columns) < 4 * jnp.arange(1, windows + 1)[:, None]).astype(x.dtype)
    P = jax.vmap(jnp.diag)(1 / (RIDGE * jnp.tile(unit.T, (1, windows)) ** 2))
    P = jnp.repeat(P[:, None], windows, axis=1) * inside[None, :, :, None]
    W = jnp.zeros((len(P), windows, columns, y.shape[1]))

    def one(P: jax.Array, W: jax.Array, x: jax.Array, y: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        e, Px = y - x @ W, P @ x
        s = 1 + x @ Px
        g = Px / jnp.sqrt(s)
        return P - jnp.outer(g, g), W + jnp.outer(Px / s, e), e

    def step(carry: Pair, row: Pair) -> tuple[Pair, jax.Array]:
        P, W, e = jax.vmap(jax.vmap(one, in_axes=(0, 0, None, None)))(*carry, *row)
        return (P, W), e

    return jax.lax.scan(step, (P, W), (x, targets))[1]


def main() -> None:
    parser = words(__doc__)
    for word, default in (("windows", 32), ("streams", 32), ("steps", 128), ("rounds", 5)):
        parser.add_argument(f"--{word}", type=count, default=default)
    given = parser.parse_args()
    sizes = range(1, given.windows + 1)
    made = simulate(1, plant(), given.steps, given.streams, inputs="white")
    learner = lattice(sizes, ridge=RIDGE, outputs=2, inputs=2)
    with computing("float64"):
        y, u = (jnp.asarray(leaf.transpose(1, 2, 0)) for leaf in (made.outputs, made.inputs))
        unit = jnp.concatenate([u, y], axis=1)[0]
        forecasts = replay(learner, made)[:, :, 0]
        for window in sorted({1, min(8, given.windows), given.windows}):
            for opponent in (streams_outermost, streams_innermost):
                errors = np.array(opponent(y, u, unit, window)).transpose(2, 0, 1)
                apart = np.abs(made.outputs - forecasts[:, :, window - 1] - errors).max()
                assert apart < 1e-5 * np.abs(made.outputs).max(), f"window {window}: {apart:.1e} apart"
        errors = np.array(padded(y, u, unit, given.windows)).transpose(1, 0, 2, 3)
        assert np.abs(made.outputs[:, :, None] - forecasts - errors).max() < 1e-5 * np.abs(made.outputs).max()
        held = jnp.concatenate([u, u[-1:]])
        driver = Driver(learner, 2, 2, width=given.streams, block=given.steps)
        end = np.full(given.streams, given.steps, np.int32)

        at = dict(lanes=driver.start(), record=driver.record())

        def ours() -> None:
            at["lanes"], at["record"] = driver.advance(at["lanes"], at["record"], y, held, np.int32(0), end)
            jax.block_until_ready(at["record"])

        def theirs(opponent: Callable[..., jax.Array]) -> None:
            for window in sizes:
                jax.block_until_ready(opponent(y, u, unit, window))

        share = max(given.steps // 8, 1)
        runs: dict[str, Callable[[], object]] = {
            "lattice": ours,
            OUTER: partial(theirs, streams_outermost),
            INNER: partial(theirs, streams_innermost),
            PADDED: lambda: jax.block_until_ready(padded(y[:share], u[:share], unit, given.windows)),
        }
        table = {}
        for name, run in runs.items():
            steps = share if name == PADDED else given.steps
            table[name] = Contender(
                run, steps * given.streams * given.windows, f"{given.streams} streams x {steps} steps"
            )
        timed = interleaved(table, given.rounds)
    apart, wall = [timed.wall[OUTER], timed.wall[INNER]], timed.wall
    record = dict(
        title="All windows of two outputs and two inputs",
        command="python benchmarks/lattice.py",
        work=f"{given.streams} streams x {given.steps} steps x {given.windows} windows, float64; times per (stream, "
        "step, window)",
        machine=machine(),
        rows=rows(table, timed),
        ratios=[
            dict(
                name="RLS of each window, the faster form / lattice",
                values=ratio(apart, wall["lattice"]),
            ),
            dict(
                name="padded RLS of all windows / lattice",
                values=ratio([wall[PADDED]], wall["lattice"]),
            ),
        ],
    )
    show(record)
    write("lattice", record)


if __name__ == "__main__":
    main()
