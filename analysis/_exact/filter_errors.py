"""The exact error of the best filter of each length, and of the truncated Kalman filter.

Time: a filter of length h that looks H samples ahead predicts y_t from y_{t-H} .. y_{t-H-h+1}. ``t = 0`` is the first
sample; a window that reaches before it is shortened. x_0 has mean zero and covariance P_0. Inputs are known and taken
as zero.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike, NDArray

from ..._core.checks import check_lookahead, check_whole
from ...simulator import LinearSystem
from .covariances import modal_rows, squared_norm, state_factors
from .driven_part import driven_part
from .modes import critical_length
from .plant import Plant, balanced, independent_outputs
from .riccati import steady_state
from .square_roots import covariance_factor, triangular
from .subspaces import non_ergodic

Matrix = NDArray[np.float64]

# Explosive states are limited to this size. A filter that cancels them has the same error at any larger size. A filter
# that does not cancel them has an error above _UNCANCELLED, which only an explosive state can cause.
_LARGEST_STATE = 1e120
_UNCANCELLED = 1e150
_DIFFUSE = 1e12
_EVEN = 1e-6  # rows whose sizes differ by more are uneven


def best_errors(
    system: LinearSystem,
    sizes: ArrayLike,
    times: ArrayLike,
    initial_covariance: ArrayLike | None = None,
    lookahead: int = 1,
) -> NDArray[np.float64]:
    """Return min over F_1 .. F_h of E|y_t - sum_{k=1..h} F_k y_{t-H+1-k}|^2, for each time t and each length h.

    y_t and its window are linear in independent unit variables: those of the state where the longest window starts, and
    those of the noise since. The columns of this map are ordered y_{t-H}, y_{t-H-1}, .., y_t. Then one QR factorisation
    per time gives every length: the error of length h is the part of y_t below the rows of its window. Rows are sorted
    by size, which keeps Householder's QR accurate row by row, so unit noise survives beside a state of 1e10. Each
    octave of lengths has its own window, because in a long window an explosive state costs the short lengths their
    digits. A longer filter is never worse than a shorter one.

    Args:
        system: Time-invariant.
        sizes: Lengths h, whole numbers ``(size,)``; 0 predicts zero.
        times: Whole numbers ``(time,)``.
        initial_covariance: P_0 = E x_0 x_0', ``(state, state)``; None means zero.
        lookahead: H, at least 1.

    Returns:
        ``(time, size)``, in squared units of the output, summed over outputs; infinite where it overflows.

    Raises:
        ValueError: The system is time-varying, a size or time is not a whole number of at least 0, the lookahead is not
            a whole number of at least 1, or ``initial_covariance`` is not a covariance.

    References:
        A. J. Cox, N. J. Higham (1998), Stability of Householder QR factorization for weighted least squares problems.
    """
    plant, combined = independent_outputs(driven_part(balanced(system, initial_covariance)))
    lengths, when = check_whole("sizes", sizes), check_whole("times", times)
    check_lookahead(lookahead)
    tops = np.where(lengths <= 8, 8, 2 ** np.ceil(np.log2(np.maximum(lengths, 1))).astype(np.int64))
    result = np.empty((len(when), len(lengths)))
    for top in np.unique(tops):
        some = tops == top
        result[:, some] = _octave_errors(plant, combined, lengths[some], when, lookahead)
    order = np.argsort(lengths, kind="stable")
    result[:, order] = np.minimum.accumulate(result[:, order], axis=1)
    return result


def _octave_errors(
    plant: Plant, combined: Matrix, lengths: NDArray[np.int64], when: NDArray[np.int64], lookahead: int
) -> NDArray[np.float64]:
    windows = np.minimum(when, lengths.max(initial=0) + lookahead - 1)
    states = state_factors(plant.A, plant.noise, plant.initial, when - windows)
    seen, driven = modal_rows(plant.C, states.transform), states.inverse @ plant.noise
    rows: dict[int, tuple[Matrix, Matrix]] = {}
    result = np.empty((len(when), len(lengths)))
    for place, (window, factor) in enumerate(zip(windows.tolist(), states.factors, strict=True)):
        if window not in rows:
            rows[window] = _window_rows(states.dynamics, seen, driven, plant.error, window, lookahead)
        free, recent = rows[window]
        log_scale = states.log_growth * float(when[place] - window)
        held = np.minimum(log_scale, np.log(_LARGEST_STATE))
        state = np.tensordot((np.exp(held)[:, None] * factor).T, free, axes=1)
        errors = _window_errors(state.reshape(len(state), recent.shape[1]), recent, combined)
        errors = errors[np.minimum(lengths, max(window - lookahead + 1, 0))]
        result[place] = np.where((held < log_scale).any() & (errors > _UNCANCELLED), np.inf, errors)
    return result


def diffuse_errors(system: LinearSystem, sizes: ArrayLike) -> NDArray[np.float64]:
    """Return tr S_h, S_h = C P_h C' + R, the limit of ``best_errors`` as t goes to infinity.

    P_h is the Riccati recursion after h steps. It starts diffuse on the growing modes that noise reaches, and
    stationary on the decaying modes.

    Args:
        system: Time-invariant.
        sizes: Lengths h, whole numbers ``(size,)``.

    Returns:
        ``(size,)``, in squared units of the output; infinite below the critical length.

    Raises:
        ValueError: The system is time-varying or a size is not a whole number of at least 0.

    Examples:
        >>> diffuse_errors(zoo("double-integrator"), [1, 2, 3, 4]).round(3).tolist()
        [inf, 9.0, 6.222, 5.714]
    """
    plant, combined = independent_outputs(driven_part(balanced(system)))
    lengths = check_whole("sizes", sizes)
    T, inverse, eigenvalues = non_ergodic(plant.A)
    m = len(eigenvalues)
    A, B = inverse @ plant.A @ T, inverse @ plant.noise
    A[:m, m:], A[m:, :m] = 0.0, 0.0
    decaying = np.zeros((0, 0))
    if m < len(A):
        stationary = scipy.linalg.solve_discrete_lyapunov(A[m:, m:], B[m:] @ B[m:].T)
        decaying = covariance_factor((stationary + stationary.T) / 2)
    window = int(lengths.max(initial=0))
    free, recent = _window_rows(A, plant.C @ T, B, plant.error, window)
    largest = _DIFFUSE * max(float(np.abs(recent).max(initial=0.0)), 1e-100)
    state = np.tensordot(scipy.linalg.block_diag(largest * np.eye(m), decaying).T, free, axes=1)
    state = state.reshape(len(state), recent.shape[1])
    errors = _window_errors(state, recent, combined)
    return np.where(lengths < critical_length(system), np.inf, errors[lengths])


def truncated_excess(
    system: LinearSystem, sizes: ArrayLike, times: ArrayLike, initial_covariance: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Return the excess error of the steady Kalman filter cut to its last h samples, at each time.

    y^_t = sum_{k=1..h} C F^(k-1) L y_{t-k}, with F = A - L C, lacks the term C F^h x^_{t-h} of the whole filter. So the
    excess is tr(C F^h Cov(x^_{t-h}) F^h' C'). It falls like rho^(2h) with h, but grows with t if the state grows. The
    filter is that of the states that noise or the initial state drives and that the outputs see: the others stay zero,
    or nobody can know of them.

    Args:
        system: Time-invariant.
        sizes: Lengths h, whole numbers ``(size,)``.
        times: Whole numbers ``(time,)``.
        initial_covariance: P_0 = E x_0 x_0', ``(state, state)``; None means zero. The filter starts at x^_0 = 0.

    Returns:
        ``(time, size)``, in squared units of the output; 0 for t <= h.

    Raises:
        ValueError: The system is time-varying or has no steady filter, a size or time is not a whole number of at least
            0, or ``initial_covariance`` is not a covariance.
    """
    plant = driven_part(balanced(system, initial_covariance))
    lengths, when = check_whole("sizes", sizes), check_whole("times", times)
    A, C, noise, error, initial, *_ = plant
    n, L = len(A), steady_state(plant).gain
    # (x^, x - x^) has a triangular dynamics matrix, and both noises drive it.
    joint = np.block([[A, L @ C], [np.zeros((n, n)), A - L @ C]])
    driven = np.block([[np.zeros_like(noise), L @ error], [noise, -L @ error]])
    started = np.vstack([np.zeros_like(initial), initial])
    starts, which = np.unique(np.maximum(when[:, None] - lengths, 0), return_inverse=True)
    states = state_factors(joint, driven, started, starts)
    rows, row = {}, C
    for length in range(int(lengths.max(initial=0)) + 1):
        wide = np.hstack([plant.outputs[:, None] * row, np.zeros((len(C), n))])
        rows[length] = modal_rows(wide, states.transform)
        row = row @ (A - L @ C)
    result = np.zeros(which.size)
    for place, (start, length) in enumerate(zip(which.ravel(), np.tile(lengths, len(when)), strict=True)):
        scale = states.log_growth * float(starts[start])
        result[place] = squared_norm(rows[int(length)], states.factors[start], scale) if starts[start] else 0.0
    return result.reshape(len(when), len(lengths))


def _window_rows(
    A: Matrix, C: Matrix, noise: Matrix, error: Matrix, window: int, lookahead: int = 1
) -> tuple[Matrix, Matrix]:
    """Map x_{t-window} and the noise since to the columns y_{t-H} .. y_{t-window}, y_t.

    Returns:
        The map of the state ``(state, column, output)``; the noise rows, triangular, ``(column x output,) * 2``.
    """
    p, q, r = len(C), noise.shape[1], error.shape[1]
    powers = [C]
    for _ in range(window):
        powers.append(powers[-1] @ A)
    order = [*range(window - lookahead, -1, -1), window]
    free = np.stack([powers[i].T for i in order], axis=1)
    process = np.zeros((window, q, window + 1, p))
    for i in range(1, window + 1):
        process[np.arange(window + 1 - i), :, np.arange(i, window + 1)] = (powers[i - 1] @ noise).T
    measured = np.zeros((window + 1, r, window + 1, p))
    measured[np.arange(window + 1), :, np.arange(window + 1)] = error.T
    rows = np.vstack([process.reshape(window * q, window + 1, p), measured.reshape((window + 1) * r, window + 1, p)])
    return free, triangular(rows[:, order].reshape(len(rows), len(order) * p).T).T


def _window_errors(state: Matrix, recent: Matrix, combined: Matrix) -> NDArray[np.float64]:
    """Return the error of combinations of the last columns, given 0, 1, 2, .. blocks of the others, ``(size,)``."""
    outputs = combined.shape[1]
    rows = np.vstack([state, recent])
    if not np.isfinite(rows).all():
        return np.full(rows.shape[1] // outputs, np.inf)
    heights = np.abs(rows).max(axis=1, initial=0.0)
    order = np.argsort(-heights, kind="stable")
    rows, heights = rows[order], heights[order]
    # Size of the rounding error in all rows from each one on.
    rounding = 1e-14 * np.sqrt(np.cumsum((heights**2)[::-1])[::-1])
    columns = rows.shape[1]
    if outputs > 1 and heights[-1] < _EVEN * heights[0]:
        return _uneven_errors(rows, rounding, combined)
    upper: Matrix = np.asarray(np.linalg.qr(rows, mode="r"))
    pivots = np.abs(np.diag(upper))[: columns - outputs]
    reached = np.arange(columns - outputs + 1)
    if (pivots <= rounding[: len(pivots)]).any():
        upper, reached = _dependent_qr(rows, rounding, columns - outputs)
    left = np.cumsum(((upper[:, -outputs:] @ combined.T) ** 2).sum(axis=1)[::-1])[::-1]
    return np.append(left, 0.0)[reached[::outputs]]


def _uneven_errors(rows: Matrix, rounding: Matrix, combined: Matrix) -> NDArray[np.float64]:
    # With rows of very different size Householder's QR is exact row by row only if the columns are pivoted: an output
    # that does not see a large state must not be reflected before one that does. So each length has its own QR.
    outputs = combined.shape[1]
    last = rows[:, -outputs:] @ combined.T
    errors = [float((last**2).sum())]
    for stop in range(outputs, rows.shape[1] - outputs + 1, outputs):
        (reflectors, heads), upper, _ = scipy.linalg.qr(rows[:, :stop], mode="raw", pivoting=True)
        pivots = np.abs(np.diag(upper))
        rank = int((pivots > rounding[: len(pivots)]).sum())
        left, *_ = scipy.linalg.lapack.dormqr("L", "T", reflectors, heads, last, 64 * last.shape[1])
        errors.append(float((left[rank:] ** 2).sum()))
    return np.array(errors)


def _dependent_qr(rows: Matrix, rounding: Matrix, columns: int) -> tuple[Matrix, NDArray[np.int64]]:
    # A column that depends on earlier columns is skipped: a reflection of its rounding would hide part of y_t.
    rows, pivot = rows.copy(), 0
    reached = np.zeros(columns + 1, dtype=np.int64)
    for column in range(columns):
        below = rows[pivot:, column]
        length = float(np.linalg.norm(below))
        if length > rounding[min(pivot, len(rounding) - 1)]:
            mirror = below / length
            head = 1.0 if mirror[0] >= 0 else -1.0
            mirror[0] += head
            rows[pivot:] -= np.outer(mirror, (mirror @ rows[pivot:]) / abs(mirror[0]))
            pivot += 1
        reached[column + 1] = pivot
    return rows, reached
