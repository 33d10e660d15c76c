"""How far the thresholds of single streams of texts lie apart, to first order in 1 / sqrt(R)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .density_evolution import learning_jump
from .finite_length import Signs, poisson_ensemble, scaling_parameter, threshold


def stream_spread(mean: ArrayLike = 6.0) -> Any:
    """Return sqrt(R) times the standard deviation of the load at which a stream of texts is learned; NaN without jump.

        sqrt(R) sd(T / R) -> (c / L) sqrt((1 - x) / x - L^2 / c),    L = log(1/x)

    c = c* is the threshold and 1 - x the share learned just below it. R concepts and T texts are given; each text names
    Poisson(d) of the concepts.

    While u concepts are unknown, T_1 texts have one unknown concept. Each learned concept uses up one of these texts,
    with probability 1/u each of the others, and makes new ones. So T_1 / u has the mean c d exp(-d x) + log(x) at
    x = u / R, which touches 0 at the threshold. Its variance would be p (1 - p) T / u^2, p = d x exp(-d x), if concepts
    were learned in an order that has nothing to do with the texts. It is less, because texts that are used up cannot be
    lost by chance: by the sum of log(1/x) / x^2 over all steps, divided by R. On the threshold the difference is the
    root above, and the slope of the mean in the load is L / c.

    Args:
        mean: d, above 0 and at most 700; a number or an array.

    Raises:
        ValueError: A mean is not within its limits.

    References:
        The method is that of A. Dembo, A. Montanari, Finite size scaling for the core of large random hypergraphs,
        Annals of Applied Probability 18, 2008. ``code_spread`` tends to the same for eps -> 0.
    """
    found = learning_jump(mean)
    x = 1 - np.asarray(found.below)
    L = -np.log(x)
    return (found.load / L * np.sqrt((1 - x) / x - L**2 / found.load))[()]


def code_spread(mean: ArrayLike = 6.0, eps: ArrayLike = 0.5, signs: Signs = "derived") -> Any:
    """Return the same for a code of n = R / eps symbols of which exactly R are erased; NaN without jump.

        sqrt(R) sd(T / R) -> sqrt(eps (alpha^2 - eps (1 - eps))) / (d eps_BP / d c)

    alpha^2 is about a random number of erasures, whose variance is n eps (1 - eps). In a code the numbers of symbols of
    the checks are given, and only how many of them are erased is random; in a stream they are random, as for eps -> 0.

    Args:
        mean: d, above 0; a number or an array.
        eps: Share of erased symbols, above 0 and at most 1.
        signs: As for ``scaling_parameter``.

    Raises:
        ValueError: A number is not within its limits.
    """
    d, e = np.broadcast_arrays(np.asarray(mean, float), np.asarray(eps, float))
    load = np.asarray(learning_jump(d).load)
    ensemble = poisson_ensemble(np.where(np.isnan(load), 1.0, load), d, e)
    found = threshold(ensemble)
    alpha = scaling_parameter(ensemble, found, signs)
    slope = d * e * np.exp(-d * found.x / e)
    return (np.sqrt(e * (alpha**2 - e * (1 - e))) / slope + 0 * load)[()]
