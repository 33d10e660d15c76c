"""The probability that a kind of a frequency is not learned yet, by examples and by steps."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincc, gammaincc

SMALLEST_POWER, LARGEST_POWER = 0.2, 5.0
MOST = 1e15  # examples, or steps in units of the cost


def unlearned_by_data(frequency: NDArray[np.float64], rows: float, uses: int) -> NDArray[np.float64]:
    """Return P(X < tau), X binomial(D, p): fewer than tau of D independent examples are of a kind of frequency p.

    P(X < tau) = 1 - I_p(tau, D - tau + 1),    I: the regularised incomplete beta function
    """
    if rows < uses:
        return np.ones_like(frequency)
    return np.asarray(betaincc(uses, rows - uses + 1, frequency))


def unlearned_by_steps(frequency: NDArray[np.float64], ratio: float, power: float, stages: int) -> NDArray[np.float64]:
    """Return Q(m, m S / S_k), the share of what a kind loses that is left after S steps.

    S / S_k = ratio p^power, and Q is the regularised upper incomplete gamma function.
    """
    return np.asarray(gammaincc(stages, stages * ratio * frequency**power))


def check_law(cost: float, power: float) -> None:
    """Raise ValueError unless cost p^-power is a number of steps that doubles hold."""
    if not (math.isfinite(cost) and cost > 0):
        raise ValueError(f"cost must be above 0, got {cost}: it is the number of steps for a kind of frequency 1.")
    if not SMALLEST_POWER <= power <= LARGEST_POWER:
        raise ValueError(
            f"power must be {SMALLEST_POWER:g} to {LARGEST_POWER:g}, got {power}: kind k takes p_k^-power times the "
            "cost; by theory it is 1."
        )


def check_points(word: str, values: ArrayLike, whole: bool = False) -> NDArray[np.float64]:
    """Return one number or a vector of them as a vector, or raise ValueError unless they are from 0 to 1e15."""
    points = np.atleast_1d(np.asarray(values, float))
    fits = (points >= 0) & (points <= MOST)
    if whole:
        fits &= points == np.floor(points)
    if points.ndim != 1 or not fits.all():
        numbers = "whole numbers" if whole else "numbers"
        wrong = points[~fits] if points.ndim == 1 else f"an array of shape {points.shape}"
        raise ValueError(f"{word} must be {numbers} from 0 to {MOST:g}, one or a vector; got {wrong}.")
    return points
