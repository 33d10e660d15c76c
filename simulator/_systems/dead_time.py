"""Dead time of the inputs.

Time: ``u[t]`` is constant from ``t dt`` to ``(t + 1) dt``. Input i acts on the plant ``delay_i`` seconds later.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._core.arrays import real_array

Matrix = NDArray[np.float64]

MOST = 256  # samples of delay, sum over the inputs; each is a state


class DeadTime(NamedTuple):
    """A delay of each input, ``(whole + rest) dt``.

    Attributes:
        whole: Whole samples, ``(input,)``.
        rest: The remainder in seconds, at least 0 and less than dt, ``(input,)``.
    """

    whole: NDArray[np.int64]
    rest: Matrix


def dead_time(delay: ArrayLike, inputs: int, dt: float) -> DeadTime:
    """Split a delay into whole samples and a remainder. A remainder within 1e-9 dt of a whole sample is rounded.

    Args:
        delay: Seconds, one number for all inputs or ``(input,)``.
        inputs: Number of inputs.
        dt: Sampling time in seconds.

    Raises:
        ValueError: A delay is negative or not finite, the number of delays is wrong, or their sum exceeds ``MOST``
            samples.
    """
    given = real_array("delay", delay, "a number of seconds, or one for each input")
    if given.shape not in ((), (inputs,)):
        raise ValueError(f"delay must be one number of seconds or {inputs}, one for each input, got {delay!r}.")
    if not (np.isfinite(given).all() and (given >= 0).all()):
        raise ValueError(f"delay must be seconds of at least 0, got {delay!r}.")
    if inputs == 0 and given.any():
        raise ValueError("the plant has no input: leave delay out.")
    samples = np.broadcast_to(given, (inputs,)) / dt
    if np.ceil(samples).sum() > MOST:
        raise ValueError(
            f"a delay of {np.ceil(samples).sum():.0f} samples is more than {MOST}, and each sample is a state: "
            "sample the plant more slowly."
        )
    whole = np.floor(samples + 1e-9)
    rest = np.where(samples - whole > 1e-9, (samples - whole) * dt, 0.0)
    return DeadTime(whole.astype(np.int64), rest)


def with_dead_time(
    A: Matrix, early: Matrix, late: Matrix, C: Matrix, D: Matrix, Q: Matrix, delay: DeadTime
) -> tuple[Matrix, Matrix, Matrix, Matrix, Matrix]:
    """Return A, B, C, D, Q of the plant with a shift register for each delayed input.

        x[t+1] = A x[t] + early u[t - whole] + late u[t - whole - 1] + w[t]
        y[t]   = C x[t] + D u(t dt - delay),   u(t dt - delay) = u[t - whole], or u[t - whole - 1] if there is a rest

    The new states are the last inputs, input by input, the newest first. They have no noise.

    Args:
        A: ``(state, state)``.
        early: Effect of the newer of the two inputs of one step, ``(state, input)``.
        late: Effect of the older one, ``(state, input)``; zero without a rest.
        C: ``(output, state)``.
        D: ``(output, input)``.
        Q: ``(state, state)``.
        delay: The delay of each input.
    """
    states, length = len(A), delay.whole + (delay.rest > 0)
    n, p, m = states + int(length.sum()), len(C), len(length)
    shifted = np.zeros((n, n)), np.zeros((n, m)), np.zeros((p, n)), np.zeros((p, m)), np.zeros((n, n))
    A_, B_, C_, D_, Q_ = shifted
    A_[:states, :states], C_[:, :states], Q_[:states, :states] = A, C, Q
    first = states
    for i in range(m):
        if length[i] == 0:
            B_[:states, i], D_[:, i] = early[:, i], D[:, i]
            continue
        last = first + length[i] - 1
        B_[first, i] = 1.0
        A_[range(first + 1, last + 1), range(first, last)] = 1.0
        if delay.whole[i] == 0:
            B_[:states, i] = early[:, i]
        else:
            A_[:states, first + delay.whole[i] - 1] = early[:, i]
        if delay.rest[i] > 0:
            A_[:states, last] = late[:, i]
        C_[:, last] = D[:, i]
        first = last + 1
    return shifted
