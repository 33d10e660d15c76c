"""Errors of several outputs in units of each output's noise: no sum mixes units, and no answer depends on them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...learners._engine.replay import Scores


def noise_scales(sums: Scores) -> NDArray[np.float64]:
    """Return the least root mean square error of each output, ``(lookahead, output)``: its noise, from sums alone.

    The error is that of the best size after the first twentieth of the horizon. It is 1 for a single output, and for an
    output without any error.

    Args:
        sums: The sums of the driver.
    """
    late = sums.edges[:-1] >= sums.edges[-1] // 20
    samples = sums.samples[late].sum(axis=(0, 3))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        errors = np.asarray(sums.error[late].sum(axis=(0, 4)) / samples[:, None], np.float64)
    usable = np.isfinite(errors) & (errors > 0)
    least = np.where(usable, errors, np.inf).min(axis=1, initial=np.inf)
    return np.sqrt(np.where(np.isfinite(least) & (errors.shape[2] > 1), least, 1.0))


def in_noise_units(sums: Scores, scales: NDArray[np.float64]) -> Scores:
    """Return the sums with each output's errors in units of its noise.

    Args:
        sums: The sums of the driver.
        scales: ``(output,)`` or ``(lookahead, output)``; infinity leaves an output out.
    """
    if sums.error.shape[3] == 1:
        return sums
    weights = (1.0 / np.atleast_2d(scales))[None, :, None, :, None]
    with np.errstate(over="ignore", invalid="ignore"):
        return sums._replace(error=sums.error * weights * weights, excess=sums.excess * weights * weights)


def one_output(sums: Scores, place: int) -> Scores:
    """Return the sums of one output, in its own unit."""
    return sums._replace(
        error=sums.error[:, :, :, place : place + 1],
        excess=sums.excess[:, :, :, place : place + 1],
        samples=sums.samples[:, :, place : place + 1],
    )
