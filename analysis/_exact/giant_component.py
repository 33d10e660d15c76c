"""The giant component of a random graph."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import lambertw

from ..._core.arrays import real_array

_NEAR = 1e-3  # of k = 1, where Lambert's W loses half the digits
_NEWTON_STEPS = 3


def giant_component(degree: ArrayLike) -> Any:
    """Return the share of the nodes of G(N, k / N) that are in the largest component, for many nodes.

        g = 1 - exp(-k g):    g = 1 + W_0(-k exp(-k)) / k for k > 1, and 0 for k <= 1

    Args:
        degree: k, the mean degree, at least 0 or infinite; a number or an array.

    Returns:
        The share, in the shape of k.

    Raises:
        ValueError: A degree is below 0 or not a number.

    Examples:
        >>> [round(float(share), 3) for share in giant_component([0.9, 1.5, 2.0, 3.0])]
        [0.0, 0.583, 0.797, 0.94]

    References:
        P. Erdos, A. Renyi, On the evolution of random graphs, 1960. R. M. Corless et al., On the Lambert W function,
        Advances in Computational Mathematics 5, 1996.
    """
    k = real_array("the mean degree", degree)
    if not (k >= 0).all():
        raise ValueError(f"the mean degree must be at least 0, got {degree!r}.")
    there = k > 1
    k = np.where(there, np.minimum(k, 100.0), 2.0)  # from 100 on the share is 1 but for rounding
    g = np.where(k < 1 + _NEAR, 2 * (k - 1), 1 + lambertw(-k * np.exp(-k)).real / k)
    for _ in range(_NEWTON_STEPS):
        g -= (g + np.expm1(-k * g)) / (1 - k * np.exp(-k * g))
    return np.where(there, g, 0.0)[()]


def giant_spread(degree: ArrayLike) -> Any:
    """Return sqrt(N) times the standard deviation of that share, for k > 1 and many nodes; NaN for k <= 1.

        sqrt(g (1 - g)) / (1 - k (1 - g))

    References:
        V. E. Stepanov, On the probability of connectedness of a random graph, 1970. B. Pittel, On tree census and the
        giant component in sparse random graphs, 1990.
    """
    k, g = np.asarray(degree, float), np.asarray(giant_component(degree))
    with np.errstate(invalid="ignore"):  # infinite degrees
        spread = np.sqrt(g * (1 - g)) / (1 - np.where(g < 1, k * (1 - g), 0.0))
    return np.where(k > 1, spread, np.nan)[()]
