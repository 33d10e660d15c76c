"""Simulation on the processor, in blocks.

Time: ``y[t] = C x[t] + D u[t] + v[t]`` is computed before ``x[t+1] = A x[t] + B u[t] + w[t]``; ``t = 0`` is the initial
state.

The noise of run ``i`` in block ``b``, 128 samples, depends on the seed, the series, ``i`` and ``b`` only: the numbers z
of w and v are those of NumPy's ``Generator(Philox(key=[seed, series], counter=[0, 0, b, i]))``, row by row. A path
therefore depends neither on the number of runs nor on the blocks computed at once, and not on the device of a learner.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_discrete_are, solve_discrete_lyapunov

from ..._core.arrays import real_array
from ..._core.checks import check_precision, check_seed
from ..._core.devices import Precision
from ..._core.ranges import check_count
from .._recordings.trajectories import Trajectories
from .._recordings.write import write_trajectories
from .._systems.eigenvalues import forgets
from .._systems.find import find_system
from .._systems.linear_system import LinearSystem
from .cost import check_block, check_disk, check_held, check_steps
from .inputs import Signal, input_signal
from .noise import Noise, law_number
from .recursion import BLOCK, WIDE, Plant, Runs, initial_numbers, simulation_loop

CACHED = 1 << 20  # numbers of a chunk


class Missing(NamedTuple):
    """Missing samples: the fraction ``rate``, in bursts of ``burst`` samples; all outputs of a row together."""

    rate: float = 0.0
    burst: int = 1


class Chunk(NamedTuple):
    """A stretch of time of all replicates; the batch axis is last."""

    outputs: Float[np.ndarray, "time output batch"]
    inputs: Float[np.ndarray, "time input"]
    states: Float[np.ndarray, "time state batch"]


def simulate_chunks(
    seed: int,
    system: LinearSystem | str,
    steps: int,
    replicates: int = 1,
    *,
    inputs: str | ArrayLike | Signal = "zero",
    initial: str | ArrayLike = "zero",
    missing: Missing = Missing(),
    noise: Noise = "normal",
    blocks: int | None = None,
    series: int = 0,
) -> Iterator[Chunk]:
    """Yield a simulation as arrays of ``blocks`` times 128 rows; the last may be shorter. Memory is constant.

    Args:
        seed: A whole number from 0 to 2^63 - 1.
        system: The plant, or its name as in ``find_system``.
        steps: Number of samples, at least 1.
        replicates: Independent runs with the same input.
        inputs: ``"zero"``, ``"white"``, ``"prbs"``, ``"sweep"``, an array ``(time, input)``, or a function of time.
        initial: ``"zero"``; a vector ``(state,)``; ``"stationary"``, x[0] ~ (0, X) with X = A X A' + Q; or
            ``"riccati"``, x[0] ~ (0, P) with P the steady covariance of the Kalman predictor.
        missing: Missing samples; they are NaN.
        noise: Distribution of the noise, ``"normal"``, ``"student-t"``, ``"uniform"`` or ``"impulsive"``: w = Q^(1/2) z
            with independent entries of z as in ``noise.py``, and v = R^(1/2) z: Q and R are the covariances for every
            distribution. The columns of Q^(1/2) are scaled eigenvectors. A random initial state is always normal.
        blocks: Blocks computed at once; the numbers do not depend on it. None: as many as stay in the cache, to 8.
        series: Another series is independent of the others with the same seed: 0 to 2^64 - 1.

    Raises:
        ValueError: A count is not positive, a block does not fit into memory, the seed or the noise is unknown, or the
            system has no such initial state.
    """
    system, law = find_system(system), law_number(noise)
    if not 0 <= series < 2**64:
        raise ValueError(f"the series must be a whole number from 0 to 2^64 - 1, got {series}.")
    key = np.array([check_seed(seed), series], np.uint64)
    steps, replicates = check_count("steps", steps, 1), check_count("replicates", replicates, 1)
    if blocks is None:
        blocks = min(8, max(CACHED // (BLOCK * replicates * (system.outputs + system.states)), 1))
    blocks = check_count("blocks", blocks, 1)
    check_steps(steps)
    if not (0 <= missing.rate < 1 and 1 <= missing.burst < 2**31):
        raise ValueError(f"missing needs 0 <= rate < 1 and a burst of 1 to {2**31 - 1} samples, got {missing}.")
    check_block(system, min(steps, blocks * BLOCK), replicates)
    signal = inputs if callable(inputs) else input_signal(inputs, system.inputs)
    runs = Runs(_initial_state(key, system, initial, replicates), np.zeros(replicates, np.int64))
    G, H = _square_root(system.Q), _square_root(system.R)
    start_of_burst = missing.rate / (missing.burst * (1 - missing.rate) + missing.rate)
    loop, most = simulation_loop(), blocks * BLOCK
    each = WIDE * -(-replicates // (WIDE * (os.cpu_count() or 1)))  # runs of a thread

    def chunks() -> Iterator[Chunk]:
        with ThreadPoolExecutor(-(-replicates // each)) as workers:
            for start in range(0, steps, most):
                times = np.arange(start, min(start + most, steps))
                place = system.time_index(times)
                plant = Plant(*(_rows(matrix, place) for matrix in (system.A, system.B, system.C, system.D, G, H)))
                u = np.ascontiguousarray(signal(times), np.float64)
                y, x = (np.empty((len(times), rows, replicates)) for rows in (system.outputs, system.states))
                given = plant, runs, key, start // BLOCK, law, start_of_burst, missing.burst, u, y, x

                def part(first: int) -> None:
                    loop(*given, first, min(first + each, replicates))  # noqa: B023  all are done within this turn

                list(workers.map(part, range(0, replicates, each)))
                yield Chunk(y, u, x)

    return chunks()


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
    system, number = find_system(system), check_precision(precision)
    steps, replicates = check_count("steps", steps, 1), check_count("replicates", replicates, 1)
    check_block(system, min(steps, BLOCK), replicates)
    check_held(system, steps, replicates)
    options: Any = dict(inputs=inputs, initial=initial, missing=missing, noise=noise)
    chunks = list(simulate_chunks(seed, system, steps, replicates, **options))
    y, x = (
        np.concatenate([getattr(chunk, word).astype(number, copy=False) for chunk in chunks]).transpose(2, 0, 1)
        for word in ("outputs", "states")
    )
    u = np.concatenate([chunk.inputs for chunk in chunks]).astype(number, copy=False)
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
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Simulate a plant and write a tidy file (``write_trajectories``). Memory does not grow with the steps.

    The arguments are those of ``simulate``; ``progress`` is called with the samples done and the total.

    Raises:
        ValueError: As in ``simulate`` and ``write_trajectories``; no file is written then.
    """
    system, number = find_system(system), check_precision(precision)
    steps, replicates = check_count("steps", steps, 1), check_count("replicates", replicates, 1)
    check_disk(path, system, steps, replicates)
    options: Any = dict(inputs=inputs, initial=initial, missing=missing, noise=noise)
    chunks = simulate_chunks(seed, system, steps, replicates, **options)

    def stretches() -> Iterator[Trajectories]:
        done = 0
        for chunk in chunks:
            y, u, x = (leaf.astype(number, copy=False) for leaf in chunk)
            y, x = y.transpose(2, 0, 1), x.transpose(2, 0, 1)
            yield _trajectories(y, np.broadcast_to(u, (replicates, *u.shape)), x, system.dt)
            done += y.shape[1]
            progress(done, steps)

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


def _rows(matrix: NDArray[np.float64], place: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return a constant matrix as one row, a time-varying one at the given indices of its time axis."""
    return np.ascontiguousarray(matrix[None] if matrix.ndim == 2 else matrix[place], np.float64)


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


def _initial_state(
    key: NDArray[np.uint64], system: LinearSystem, initial: str | ArrayLike, replicates: int
) -> NDArray[np.float64]:
    if isinstance(initial, str):
        if initial == "zero":
            return np.zeros((system.states, replicates))
        if initial not in ("stationary", "riccati"):
            raise ValueError(f"initial must be zero, stationary, riccati or a vector, got {initial!r}.")
        if system.time_varying:
            raise ValueError(f"{system.name} varies in time and has no {initial} state: use zero or a vector.")
        covariance = _stationary(system) if initial == "stationary" else _riccati(system)
        values, vectors = np.linalg.eigh(covariance)
        factor, z = vectors * np.sqrt(np.maximum(values, 0.0)), initial_numbers(key, replicates, system.states)
        # not a matrix product of a library, whose bits depend on the number of runs
        return np.asarray((factor[:, :, None] * z.T[None]).sum(axis=1))
    vector = real_array("the initial state", initial)
    if vector.shape != (system.states,) or not np.isfinite(vector).all():
        raise ValueError(f"the initial state must be {system.states} finite numbers, got shape {vector.shape}.")
    return np.tile(vector[:, None], (1, replicates))


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
