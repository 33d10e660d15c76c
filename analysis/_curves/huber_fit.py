"""Fits of log L = log(e^e + e^(a - alpha x) + e^(b - beta y)) by the Huber loss of log residuals, many at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HUBER = 1e-3  # knee of the loss, in log residuals: what is further away counts linearly
DONE = 1e-10  # relative decrease of the loss in one step
LARGEST = 1e8  # damping at which a fit has ended
BOUND = 60.0  # of the logarithms of E, A and B


def law_log(theta: Floats, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return the log of the law, ``(fit, row)``, and the share of each of its three terms, ``(term, fit, row)``.

    Args:
        theta: e, a, b, alpha and beta, ``(fit, 5)``.
        x, y: Centred logarithms of N and D, ``(row,)``.
    """
    e, a, b, alpha, beta = (column[:, None] for column in theta.T)
    terms = np.stack([np.broadcast_to(e, (len(theta), len(x))), a - alpha * x, b - beta * y])
    top = terms.max(axis=0)
    parts = np.exp(terms - top)
    total = parts.sum(axis=0)
    return top + np.log(total), parts / total


def huber_loss(theta: Floats, x: Floats, y: Floats, target: Floats, weights: Floats) -> Floats:
    """Return the weighted sum of the Huber losses over their knee, ``(fit,)``."""
    size = np.abs(law_log(theta, x, y)[0] - target) / HUBER
    return np.asarray((weights * np.where(size <= 1, size**2 / 2, size - 0.5)).sum(axis=1))


def fit_huber(
    starts: Floats, x: Floats, y: Floats, target: Floats, weights: Floats, steps: int = 300
) -> tuple[Floats, Floats]:
    """Return the fits, ``(fit, 5)``, and their losses, ``(fit,)``; all fits step together.

    Each step is that of least squares with the weights w / max(|r|, knee), which bound the Huber loss from above and
    touch it at the residuals r, damped after Levenberg and Marquardt. A step that does not lower the loss is not
    taken.

    Args:
        starts: ``(fit, 5)``.
        x, y: Centred logarithms of N and D, ``(row,)``.
        target: Logarithms of the errors, ``(row,)``.
        weights: How often each row counts, ``(fit, row)``.
        steps: Most steps.

    References:
        P. J. Huber, Robust estimation of a location parameter, 1964.
        P. J. Green, Iteratively reweighted least squares for maximum likelihood estimation, 1984.
    """
    theta, damping = np.array(starts), np.full(len(starts), 1e-2)
    loss = huber_loss(theta, x, y, target, weights)
    going = np.arange(len(theta))
    for _ in range(steps):
        now, part = theta[going], weights[going]
        log, share = law_log(now, x, y)
        r = log - target
        slopes = np.stack([*share, -share[1] * x, -share[2] * y], axis=1)  # (fit, parameter, row)
        pulled = slopes * (part / np.maximum(np.abs(r), HUBER))[:, None]
        curvature = pulled @ slopes.transpose(0, 2, 1)
        diagonal = np.einsum("fpp->fp", curvature)
        curvature[:, range(5), range(5)] = diagonal * (1 + damping[going, None]) + 1e-12 * diagonal.max(axis=1)[:, None]
        step = np.linalg.solve(curvature, (pulled @ r[..., None]))[..., 0]
        new = np.clip(now - step, -BOUND, BOUND)
        lower = huber_loss(new, x, y, target, part)
        better = lower < loss[going]
        gain = loss[going] - lower
        theta[going[better]], loss[going[better]] = new[better], lower[better]
        damping[going] = np.clip(damping[going] * np.where(better, 0.2, 8.0), 1e-9, 2 * LARGEST)
        settled = (better & (gain <= DONE * np.maximum(lower, 1e-12))) | (damping[going] > LARGEST)
        going = going[~settled]
        if not len(going):
            break
    return theta, loss
