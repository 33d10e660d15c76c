"""Simulation on the device, in blocks.

Time: ``y[t] = C x[t] + D u[t] + v[t]`` is computed before ``x[t+1] = A x[t] + B u[t] + w[t]``; ``t = 0`` is the initial
state.

The noise of replicate ``i`` in block ``b`` depends on the key, ``i`` and ``b`` only. A path therefore does not depend
on the number of replicates or on the number of blocks computed at once. The batch axis is the last one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key, PRNGKeyArray
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_discrete_are, solve_discrete_lyapunov

from ..._core.arrays import real_array
from ..._core.devices import Precision, computing, find_devices, random_key, shard
from ..._core.ranges import check_count
from .._recordings.trajectories import Trajectories
from .._recordings.write import write_trajectories
from .._systems.eigenvalues import forgets
from .._systems.find import find_system
from .._systems.linear_system import ARRAY_FIELDS, LinearSystem
from .cost import check_block, check_disk, check_held, check_steps
from .inputs import Signal, input_signal
from .noise import Noise, check_noise, unit_noise

BLOCK = 128


class Missing(NamedTuple):
    """Missing samples: the fraction ``rate``, in bursts of ``burst`` samples; all outputs of a row together."""

    rate: float = 0.0
    burst: int = 1


class Chunk(NamedTuple):
    """A stretch of time of all replicates, on the device; the batch axis is last."""

    outputs: Float[Array, "time output batch"]
    inputs: Float[Array, "time input"]
    states: Float[Array, "time state batch"]


class _SimulationState(NamedTuple):
    x: Float[Array, "state batch"]
    missing: Int[Array, " batch"]


def simulate_chunks(
    key: PRNGKeyArray,
    system: LinearSystem | str,
    steps: int,
    replicates: int = 1,
    *,
    inputs: str | ArrayLike | Signal = "zero",
    initial: str | ArrayLike = "zero",
    missing: Missing = Missing(),
    noise: Noise = "normal",
    blocks: int = 1,
    dtype: Any = None,
    device: str | None = None,
) -> Iterator[Chunk]:
    """Yield a simulation as device arrays of ``blocks * 128`` rows; the last may be shorter. Memory is constant.

    Args:
        key: Random key.
        system: The plant, or its name as in ``find_system``.
        steps: Number of samples, at least 1.
        replicates: Independent runs with the same input.
        inputs: ``"zero"``, ``"white"``, ``"prbs"``, ``"sweep"``, an array ``(time, input)``, or a function of time.
        initial: ``"zero"``; a vector ``(state,)``; ``"stationary"``, x[0] ~ (0, X) with X = A X A' + Q; or
            ``"riccati"``, x[0] ~ (0, P) with P the steady covariance of the Kalman predictor.
        missing: Missing samples; they are NaN.
        noise: Distribution of the noise, ``"normal"``, ``"student-t"``, ``"uniform"`` or ``"impulsive"``: w = Q^(1/2) z
            with independent entries of z as in ``unit_noise``, and v = R^(1/2) z: Q and R are the covariances for every
            distribution. The columns of Q^(1/2) are scaled eigenvectors. A random initial state is always normal.
        blocks: Blocks computed at once; the numbers do not depend on it.
        dtype: Type of the arrays; by default the widest that JAX is set to.
        device: The devices that share the replicates, as in ``find_devices``; None: the device that JAX uses now.

    Raises:
        ValueError: A count is not positive, a block does not fit into memory, the noise is unknown, or the system has
            no such initial state.
    """
    system = find_system(system)
    steps, replicates = check_count("steps", steps, 1), check_count("replicates", replicates, 1)
    blocks = check_count("blocks", blocks, 1)
    check_steps(steps)
    if not (0 <= missing.rate < 1 and 1 <= missing.burst < 2**31):
        raise ValueError(f"missing needs 0 <= rate < 1 and a burst of 1 to {2**31 - 1} samples, got {missing}.")
    check_noise(noise)
    check_block(system, min(steps, blocks * BLOCK), replicates)
    dtype = jnp.zeros(()).dtype if dtype is None else jnp.dtype(dtype)
    signal = inputs if callable(inputs) else input_signal(inputs, system.inputs)
    devices = len(find_devices(device))
    width = -(-replicates // devices) * devices
    lanes = jax.vmap(partial(jax.random.fold_in, key))(jnp.arange(width, dtype=jnp.uint32))
    world = _SimulationState(_initial_state(lanes, system, initial, dtype), jnp.zeros(width, jnp.int32))
    lanes, world = shard((lanes, world), device)
    chol_Q, chol_R = (_square_root(matrix) for matrix in (system.Q, system.R))
    start_of_burst = missing.rate / (missing.burst * (1 - missing.rate) + missing.rate)
    ranks = max(chol_Q.shape[-1] + chol_R.shape[-1], 1)  # at least 1: a system may have no noise
    never = np.ones((blocks * BLOCK, 1), np.float32)
    for start in range(0, steps, blocks * BLOCK):
        stretch = np.arange(start, start + blocks * BLOCK)
        place = system.time_index(stretch)
        rows = dict(zip(ARRAY_FIELDS, (getattr(system, word) for word in ARRAY_FIELDS), strict=True))
        rows = {word: _rows(value, place, dtype) for word, value in (rows | dict(Q=chol_Q, R=chol_R)).items()}
        u = jnp.asarray(signal(stretch), dtype)
        which = lanes, jnp.uint32(start // BLOCK), blocks
        draws = _draw_noise(*which, ranks, dtype, noise), _draw_losses(*which) if missing.rate else never
        world, chunk = _advance(world, rows, u, *draws, start_of_burst, np.int32(missing.burst))
        keep = min(steps - start, blocks * BLOCK)
        if (keep, width) != (blocks * BLOCK, replicates):
            y, x = (leaf[:keep, :, :replicates] for leaf in (chunk.outputs, chunk.states))
            chunk = Chunk(y, chunk.inputs[:keep], x)
        yield chunk


def simulate(
    seed: int,
    system: LinearSystem | str,
    steps: int,
    replicates: int = 1,
    *,
    inputs: str | ArrayLike | Signal = "zero",
    initial: str | ArrayLike = "zero",
    missing: Missing = Missing(),
    noise: Noise = "normal",
    precision: Precision = "float64",
    device: str | None = None,
) -> Trajectories:
    """Simulate a plant and return all samples as NumPy arrays.

        x[t+1] = A x[t] + B u[t] + w[t],    y[t] = C x[t] + D u[t] + v[t],    w ~ (0, Q), v ~ (0, R)

    The arguments are those of ``simulate_chunks``, which yields the same numbers in pieces. ``seed`` is a whole number
    from 0 to 2^63 - 1; ``precision`` is ``"float64"`` or ``"float32"``; ``device`` names the device.

    Returns:
        Trajectories with outputs ``(batch, time, output)``, inputs and states.

    Examples:
        >>> runs = simulate(0, zoo("double-integrator"), steps=100, replicates=8)
        >>> runs.outputs.shape, runs.states.shape
        ((8, 100, 1), (8, 100, 2))
    """
    system, key = find_system(system), random_key(seed)
    steps, replicates = check_count("steps", steps, 1), check_count("replicates", replicates, 1)
    check_block(system, min(steps, BLOCK), replicates)
    check_held(system, steps, replicates)
    with computing(precision, device):
        chunks = list(
            simulate_chunks(
                key,
                system,
                steps,
                replicates,
                inputs=inputs,
                initial=initial,
                missing=missing,
                noise=noise,
                device=device,
            )
        )
        y, x = (
            np.concatenate([np.asarray(getattr(c, w)) for c in chunks]).transpose(2, 0, 1)
            for w in ("outputs", "states")
        )
        u = np.concatenate([np.asarray(c.inputs) for c in chunks])
    return _trajectories(y, np.broadcast_to(u, (replicates, *u.shape)), x, system.dt)


def simulate_to_file(
    path: str | os.PathLike[str],
    seed: int,
    system: LinearSystem | str,
    steps: int,
    replicates: int = 1,
    *,
    inputs: str | ArrayLike | Signal = "zero",
    initial: str | ArrayLike = "zero",
    missing: Missing = Missing(),
    noise: Noise = "normal",
    precision: Precision = "float64",
    device: str | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Simulate a plant and write a tidy file (``write_trajectories``). Memory does not grow with the steps.

    The arguments are those of ``simulate``; ``progress`` is called with the samples done and the total.

    Raises:
        ValueError: As in ``simulate`` and ``write_trajectories``; no file is written then.
    """
    system, key = find_system(system), random_key(seed)
    steps, replicates = check_count("steps", steps, 1), check_count("replicates", replicates, 1)
    check_disk(path, system, steps, replicates)

    def stretches() -> Iterator[Trajectories]:
        done = 0
        for chunk in simulate_chunks(
            key,
            system,
            steps,
            replicates,
            inputs=inputs,
            initial=initial,
            missing=missing,
            noise=noise,
            blocks=8,
            device=device,
        ):
            y, x = (np.asarray(leaf).transpose(2, 0, 1) for leaf in (chunk.outputs, chunk.states))
            u = np.asarray(chunk.inputs)
            yield _trajectories(y, np.broadcast_to(u, (replicates, *u.shape)), x, system.dt)
            done += y.shape[1]
            progress(done, steps)

    check_disk(path, system, steps, replicates)
    with computing(precision, device):
        write_trajectories(stretches(), path)


def _trajectories(
    outputs: NDArray[np.floating], inputs: NDArray[np.floating], states: NDArray[np.floating] | None, dt: float
) -> Trajectories:
    """Return trajectories of simulated arrays ``(batch, time, ...)`` with names for columns and runs."""
    return Trajectories(
        outputs=outputs,
        inputs=inputs,
        states=states,
        lengths=np.full(len(outputs), outputs.shape[1], np.int64),
        dt=dt,
        output_names=_names("y", outputs.shape[2]),
        input_names=_names("u", inputs.shape[2]),
        run_names=tuple(str(i) for i in range(len(outputs))),
    )


def _names(letter: str, count: int) -> tuple[str, ...]:
    """Return y for one channel, y1, y2, .. for more."""
    return (letter,) if count == 1 else tuple(f"{letter}{i + 1}" for i in range(count))


@partial(jax.jit, static_argnames=("blocks", "ranks", "dtype", "noise"))
def _draw_noise(
    lanes: Key[Array, " batch"], first: Array, blocks: int, ranks: int, dtype: Any, noise: Noise
) -> Float[Array, "time rank batch"]:
    """Draw the noise of some blocks.

    This is apart from the recursion: it takes long to compile and depends on fewer properties of a system.
    """
    draw = partial(unit_noise, shape=(BLOCK, ranks), dtype=dtype, noise=noise)
    z = jax.vmap(jax.vmap(draw), out_axes=-1)(_keys(lanes, first, blocks)[..., 0])
    return z.reshape(blocks * BLOCK, ranks, len(lanes))


@partial(jax.jit, static_argnames=("blocks",))
def _draw_losses(lanes: Key[Array, " batch"], first: Array, blocks: int) -> Float[Array, "time batch"]:
    """Draw the uniform numbers that decide which samples are missing."""
    coin = partial(jax.random.uniform, shape=(BLOCK,), dtype=jnp.float32)
    coins = jax.vmap(jax.vmap(coin), out_axes=-1)(_keys(lanes, first, blocks)[..., 1])
    return coins.reshape(blocks * BLOCK, len(lanes))


def _keys(lanes: Key[Array, " batch"], first: Array, blocks: int) -> Key[Array, "batch block two"]:
    """Return the keys of noise and losses for each replicate in each block from the first on."""
    numbers = first + jnp.arange(blocks, dtype=jnp.uint32)
    keys = jax.vmap(jax.vmap(jax.random.fold_in, (None, 0)), (0, None))(lanes, numbers)
    return jax.vmap(jax.vmap(jax.random.split))(keys)


def _times(matrix: Float[Array, "row column"], lanes: Float[Array, "column batch"]) -> Float[Array, "row batch"]:
    """Return the product. Its bits do not depend on the number of lanes, those of a library's do."""
    return (matrix[:, :, None] * lanes[None]).sum(axis=1)


@jax.jit
def _advance(
    world: _SimulationState, rows: dict[str, Any], u: Array, z: Array, coins: Array, start: Array | float, burst: Array
) -> tuple[_SimulationState, Chunk]:
    """Advance every replicate by the samples that were drawn."""
    ranks = rows["Q"].shape[-1], rows["R"].shape[-1]

    def step(world: _SimulationState, row: Any) -> tuple[_SimulationState, tuple[Array, Array]]:
        now, z, coin, u = row
        left = jnp.where(world.missing > 0, world.missing, jnp.where(coin < start, burst, 0))
        known_x, known_y = now["B"] @ u, now["D"] @ u
        y = _times(now["C"], world.x) + _times(now["R"], z[ranks[0] : sum(ranks)]) + known_y[:, None]
        x = _times(now["A"], world.x) + _times(now["Q"], z[: ranks[0]]) + known_x[:, None]
        return _SimulationState(x, jnp.maximum(left - 1, 0)), (jnp.where(left > 0, jnp.nan, y), world.x)

    fixed = {word: value for word, value in rows.items() if value.ndim == 2}
    moving = {word: value for word, value in rows.items() if value.ndim == 3}
    world, (y, x) = jax.lax.scan(lambda w, r: step(w, (fixed | r[0], *r[1:])), world, (moving, z, coins, u))
    return world, Chunk(y, u, x)


def _rows(matrix: NDArray[np.float64], place: NDArray[np.int64], dtype: Any) -> Array:
    """Return a constant matrix unchanged, a time-varying one at the given indices of its time axis."""
    return jnp.asarray(matrix if matrix.ndim == 2 else matrix[place], dtype)


def _square_root(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a factor G with G G' = covariance; a constant G has no column for a direction without noise."""
    # Eigenvalues are exact beside the largest one only. So a state in a much larger unit, whose numbers are much
    # smaller, is scaled first, or it would lose its noise.
    deviation = np.sqrt(np.maximum(np.diagonal(covariance, axis1=-2, axis2=-1), 0.0))
    relative = deviation / np.maximum(deviation.max(axis=-1, initial=0.0, keepdims=True), 1e-300)
    small = (relative > 0) & (relative < 1e-4)
    scale = np.where(small, np.exp2(np.round(np.log2(np.where(small, relative, 1.0)))), 1.0)
    values, vectors = np.linalg.eigh(covariance / scale[..., :, None] / scale[..., None, :])
    values = np.maximum(values, 0.0)
    factor = scale[..., :, None] * vectors * np.sqrt(values)[..., None, :]
    if covariance.ndim == 3:
        return np.asarray(factor)
    return np.asarray(factor[:, values > 1e-15 * max(values.max(initial=0.0), 1e-300)])


def _initial_state(lanes: Key[Array, " batch"], system: LinearSystem, initial: str | ArrayLike, dtype: Any) -> Array:
    replicates = lanes.shape[0]
    if isinstance(initial, str):
        if initial == "zero":
            return jnp.zeros((system.states, replicates), dtype)
        if initial not in ("stationary", "riccati"):
            raise ValueError(f"initial must be zero, stationary, riccati or a vector, got {initial!r}.")
        if system.time_varying:
            raise ValueError(f"{system.name} varies in time and has no {initial} state: use zero or a vector.")
        covariance = _stationary(system) if initial == "stationary" else _riccati(system)
        keys = jax.vmap(lambda lane: jax.random.fold_in(lane, jnp.uint32(0xFFFFFFFF)))(lanes)
        z = jax.vmap(lambda k: jax.random.normal(k, (system.states,), dtype), out_axes=-1)(keys)
        values, vectors = np.linalg.eigh(covariance)
        return _times(jnp.asarray(vectors * np.sqrt(np.maximum(values, 0.0)), dtype), z)
    vector = real_array("the initial state", initial)
    if vector.shape != (system.states,) or not np.isfinite(vector).all():
        raise ValueError(f"the initial state must be {system.states} finite numbers, got shape {vector.shape}.")
    return jnp.asarray(np.broadcast_to(vector[:, None], (system.states, replicates)), dtype)


def _stationary(system: LinearSystem) -> NDArray[np.float64]:
    if not forgets(system.A):
        raise ValueError(
            f"{system.name} has no stationary state: an eigenvalue is on or outside the unit circle. Use zero."
        )
    return np.asarray(solve_discrete_lyapunov(system.A, system.Q))


def _riccati(system: LinearSystem) -> NDArray[np.float64]:
    try:
        return np.asarray(solve_discrete_are(system.A.T, system.C.T, system.Q, system.R))
    except (ValueError, np.linalg.LinAlgError) as exc:
        raise ValueError(f"{system.name} has no steady Riccati solution ({exc}): use zero or a vector.") from exc
