"""Regret bounds of online learners against fixed weights v; they hold for any data.

Time: a horizon T counts samples; sums are over the first T samples. The weights forecast phi[t]' v.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Sums(NamedTuple):
    """The sums in the bounds, at each horizon and for each run: ``(horizon, run)``; and the Gram matrices."""

    best: Floats  # loss of v, the fixed weights of least loss plus ridge |v|^2
    norm: Floats  # ridge |v|^2
    loss: Floats  # of the learner
    error: Floats  # largest |e|^2
    output: Floats  # largest |y|
    regressor: Floats  # largest |phi|^2
    gradients: Floats  # sum of |g|^2
    gram: Floats  # ``(horizon, run, column, column)``
    horizons: Floats  # ``(horizon, 1)``
    ridge: Floats  # ``(horizon, run, column)``


def least_squares_bound(sums: Sums) -> Floats:
    """Return ridge |v|^2 + max e^2 log det(I + G / ridge), with one ridge for each column."""
    root = np.sqrt(sums.ridge)
    _, logdet = np.linalg.slogdet(np.eye(root.shape[-1]) + sums.gram / (root[..., :, None] * root[..., None, :]))
    return np.asarray(sums.norm + sums.error * logdet)


def vovk_bound(sums: Sums) -> Floats:
    """Return ridge |v|^2 + d Y^2 log(1 + T X^2 / (d ridge)), with one ridge for all d columns."""
    ridge, d = sums.ridge[..., 0], sums.ridge.shape[-1]
    inside = 1 + sums.horizons * sums.regressor / (d * ridge)
    return np.asarray(sums.norm + d * sums.output**2 * np.log(inside))


def newton_bound(sums: Sums, margin: float) -> Floats:
    """Return ridge |v|^2 / 2 + 4 c^2 d log(1 + sum |g|^2 / (8 c^2 d ridge)), c = margin Y."""
    ridge, d, c2 = sums.ridge[..., 0], sums.ridge.shape[-1], (margin * sums.output) ** 2
    inside = 1 + sums.gradients / (8 * c2 * d * ridge)
    return np.asarray(sums.norm / 2 + 4 * c2 * d * np.log(inside))


def descent_bound(sums: Sums, radius: float) -> Floats:
    """Return D sqrt(2 sum |g|^2), D = 2 radius; it holds if |v| is at most the radius."""
    return np.asarray(2 * radius * np.sqrt(2 * sums.gradients))


def sums_at(y: Floats, phi: Floats, made: Floats, horizons: NDArray[np.int64], ridge: Floats) -> Sums:
    """Return the sums in the bounds, at each horizon.

    Args:
        y: Outputs, ``(run, time)``.
        phi: Regressors, ``(run, time, column)``.
        made: Forecasts, ``(run, time)``.
        horizons: Horizons in samples, ``(horizon,)``.
        ridge: ``(run, column)``.
    """
    e2, phi2 = (y - made) ** 2, (phi**2).sum(axis=-1)
    found = []
    for T in horizons.tolist():
        X, target = phi[:, :T], y[:, :T]
        gram = np.swapaxes(X, 1, 2) @ X
        v = np.linalg.solve(gram + ridge[:, None] * np.eye(gram.shape[-1]), np.swapaxes(X, 1, 2) @ target[..., None])
        left = ((target - (X @ v)[..., 0]) ** 2).sum(axis=1)
        largest = (e2[:, :T].max(axis=1), np.abs(target).max(axis=1), phi2[:, :T].max(axis=1))
        gradients = (4 * e2 * phi2)[:, :T].sum(axis=1)
        norm = (ridge * v[..., 0] ** 2).sum(axis=1)
        found.append((left, norm, e2[:, :T].sum(axis=1), *largest, gradients, gram, np.full(1, float(T)), ridge))
    return Sums(*(np.stack(part) for part in zip(*found, strict=True)))
