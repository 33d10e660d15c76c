"""Dead time of the inputs: a plant that takes each input some time after it is given.

Time: ``u[t]`` is held from ``t dt`` to ``(t + 1) dt``; of input i the plant has at each time what was given ``delay_i``
before.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Matrix = NDArray[np.float64]

MOST = 256  # samples of delay, all inputs together: each is a state


class DeadTime(NamedTuple):
    """A delay of each input, ``(whole + rest) dt``.

    Attributes:
        whole: Whole samples, ``(input,)``.
        rest: What is left, in seconds of at least 0 and less than dt, ``(input,)``.
    """

    whole: NDArray[np.int64]
    rest: Matrix


def dead_time(delay: ArrayLike, inputs: int, dt: float) -> DeadTime:
    """Return the whole samples of a delay and the rest; what is within 1e-9 dt of a whole sample counts as one.

    Args:
        delay: Seconds, one number for all inputs or ``(input,)``.
        inputs: How many there are.
        dt: Sampling time in seconds.

    Raises:
        ValueError: No finite numbers of at least 0, another number of them, or more samples than ``MOST`` together.
    """
    try:
        given = np.array(delay, dtype=np.float64)
    except (TypeError, ValueError) as exc:
        raise ValueError(f"delay must be a number of seconds, or one for each input, got {delay!r}.") from exc
    if given.shape not in ((), (inputs,)):
        raise ValueError(f"delay must be one number of seconds or {inputs}, one for each input, got {delay!r}.")
    if not (np.isfinite(given).all() and (given >= 0).all()):
        raise ValueError(f"delay must be seconds of at least 0, got {delay!r}.")
    if inputs == 0 and given.any():
        raise ValueError("the plant has no input that could be delayed: leave delay out.")
    samples = np.broadcast_to(given, (inputs,)) / dt
    if np.ceil(samples).sum() > MOST:
        raise ValueError(
            f"a delay of {np.ceil(samples).sum():.0f} samples is more than {MOST}, each of which is a state: "
            "sample the plant more slowly."
        )
    whole = np.floor(samples + 1e-9)
    rest = np.where(samples - whole > 1e-9, (samples - whole) * dt, 0.0)
    return DeadTime(whole.astype(np.int64), rest)


def with_dead_time(
    A: Matrix, early: Matrix, late: Matrix, C: Matrix, D: Matrix, Q: Matrix, delay: DeadTime
) -> tuple[Matrix, Matrix, Matrix, Matrix, Matrix]:
    """Return A, B, C, D, Q of the plant with a shift register for each input that comes late.

        x[t+1] = A x[t] + early u[t - whole] + late u[t - whole - 1] + w[t]
        y[t]   = C x[t] + D u(t dt - delay),   u(t dt - delay) = u[t - whole], with a rest u[t - whole - 1]

    The new states are the last inputs given, newest first, input by input; no noise reaches them.

    Args:
        A: ``(state, state)``.
        early: Effect of the later of the two inputs that one sampling time sees, ``(state, input)``.
        late: Of the earlier one, ``(state, input)``; zero where there is no rest.
        C: ``(output, state)``.
        D: ``(output, input)``.
        Q: ``(state, state)``.
        delay: Of each input.
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
