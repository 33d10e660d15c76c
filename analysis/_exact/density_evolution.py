"""Density evolution of the graph of concepts and texts: the share learned by peeling, and its jump.

R concepts, T texts, d the mean number of concepts of a text, c = T / R the load; R and T tend to infinity.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import lambertw

from ..._core.arrays import real_array

_HALVINGS = 64
MOST = 700.0  # of d: exp(d) is then a number


class Jump(NamedTuple):
    """The load at which the learned share jumps; NaN where it does not. Numbers, or arrays of the shape of d.

    Attributes:
        load: The threshold, T / R.
        below: Learned share just below it.
        above: Learned share just above it.
    """

    load: Any
    below: Any
    above: Any


def learned_share(load: ArrayLike, mean: ArrayLike = 6.0) -> Any:
    """Return the share of concepts that peeling learns: 1 - x, where x is the largest root of a fixed-point equation.

        x = exp(-d c exp(-d x))

    A concept stays unknown if each of its Poisson(d c) texts names another unknown concept; a text does not with
    probability exp(-d x). At a jump, the share below it is returned.

    Args:
        load: c = T / R, at least 0; a number or an array.
        mean: d, above 0 and at most 700; a number or an array.

    Returns:
        The learned share, in the common shape of both.

    Raises:
        ValueError: A load is below 0 or a mean is not above 0 or is above 700.

    References:
        T. Richardson, R. Urbanke, Modern Coding Theory, 2008, section 3.12. M. Luby, M. Mitzenmacher, M. A.
        Shokrollahi, D. A. Spielman, Efficient erasure correcting codes, 2001.
    """
    c, d = np.broadcast_arrays(_loads(load), _means(mean))
    # With u = -log x the load of a root is c(u) = u exp(d exp(-u)) / d, at least u / d. It rises in u, but for d > e it
    # falls from the first end of the jump to the second. Below the jump the root lies before the first end; above it
    # there is only one.
    first = _first_end(d)
    before = c <= _load(first, d)
    low, high = np.zeros_like(c), np.where(before, first, d * c)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        less = _load(middle, d) < c
        low, high = np.where(less, middle, low), np.where(less, high, middle)
    return -np.expm1(-low)[()]


def load_for_share(share: ArrayLike, mean: ArrayLike = 6.0) -> Any:
    """Return the load T / R above which peeling learns a share of the concepts: the inverse of ``learned_share``.

        c(u) = u exp(d exp(-u)) / d,    u = log(1 / (1 - share))

    Shares that the jump passes over are all learned at the threshold.

    Args:
        share: Of the concepts, from 0 to 1, which takes endlessly many texts; a number or an array.
        mean: d, above 0 and at most 700; a number or an array.

    Raises:
        ValueError: A share is not from 0 to 1, or a mean is not above 0 or is above 700.
    """
    s = real_array("the share of the concepts", share)
    if not ((s >= 0) & (s <= 1)).all():
        raise ValueError(f"the share of the concepts must be from 0 to 1, got {share!r}.")
    d = _means(mean)
    with np.errstate(divide="ignore"):
        u = -np.log1p(-s)
    first, load = _first_end(d), _load(u, d)
    return np.where(u > first, np.fmax(load, _load(first, d)), load)[()]


def learning_jump(mean: ArrayLike = 6.0) -> Jump:
    """Return the jump of the learned share. There is one if and only if d > e.

        c* = u exp(1 / u) / d,    u = -W_0(-1 / d)

    Two roots of x = exp(-d c exp(-d x)) meet where the derivatives of both sides agree, too: d x log(1/x) = 1. With
    u = log(1/x) this is u exp(-u) = 1 / d, which two branches of Lambert's W solve for d > e. The branch W_0 is the end
    of the jump at which less is learned.

    Args:
        mean: d, above 0 and at most 700; a number or an array.

    Raises:
        ValueError: A mean is not above 0 or is above 700.
    """
    d = _means(mean)
    first = _first_end(d)
    load = _load(first, d)
    jumps = ~np.isnan(load)
    above = learned_share(np.where(jumps, np.nextafter(load, np.inf), 0.0), d)
    return Jump(load[()], -np.expm1(-first)[()], np.where(jumps, above, np.nan)[()])


def _first_end(d: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the smaller root of u exp(-u) = 1 / d; NaN where there is no jump."""
    return np.asarray(-lambertw(np.where(d > np.e, -1 / d, np.nan), 0).real)


def _load(u: NDArray[np.float64], d: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the load for which exp(-u) is a root."""
    return u * np.exp(d * np.exp(-u)) / d


def _loads(load: ArrayLike) -> NDArray[np.float64]:
    c = real_array("the load T / R", load)
    if not (np.isfinite(c).all() and (c >= 0).all()):
        raise ValueError(f"the load T / R must be finite and at least 0, got {load!r}.")
    return c


def _means(mean: ArrayLike) -> NDArray[np.float64]:
    d = real_array("the mean number of concepts of a text", mean)
    if not ((d > 0) & (d <= MOST)).all():
        raise ValueError(f"the mean number of concepts of a text must be above 0 and at most {MOST:g}, got {mean!r}.")
    return d
