"""Peeling with finitely many concepts: ensembles of codes, their threshold on the erasure channel, and its width.

The R concepts are the erased ones of n = R / eps symbols, and the texts are the parity checks. In the notation of the
field, an edge of the graph belongs to a symbol and to a check:

    L(x)        generating function of the number of checks of a symbol; symbols in no check count
    lambda(x)   the same for the symbol of an edge, without this edge: L'(x) / L'(1)
    rho(x)      the same for the check of an edge

Functions take arrays; the parameters of an ensemble may be arrays, too, and all must broadcast.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._core.arrays import real_array

Signs = Literal["derived", "published"]
Function = Callable[[Any], Any]
_HALVINGS = 60


class Ensemble(NamedTuple):
    """A family of random graphs.

    Attributes:
        node: L.
        degree: L'(1), the mean number of checks of a symbol.
        symbol, symbol_slope: lambda and its derivative.
        check, check_slope: rho and its derivative.
        low: A point where x lambda'(y) rho'(1 - x) / lambda(y), y = 1 - rho(1 - x), is above 1 if there is a threshold,
            and from which on it falls.
    """

    node: Function
    degree: Any
    symbol: Function
    symbol_slope: Function
    check: Function
    check_slope: Function
    low: Any


class Threshold(NamedTuple):
    """The threshold of belief propagation; NaN where there is none. Numbers, or arrays of the shape of the parameters.

    Attributes:
        eps: eps_BP, the share of erasures at which the share that is not recovered jumps.
        x: x_BP, the double root at the threshold.
        unlearned: gamma_BP = eps_BP L(1 - rho(1 - x_BP)), the share that is not recovered just above it.
    """

    eps: Any
    x: Any
    unlearned: Any


def poisson_ensemble(load: ArrayLike, mean: ArrayLike = 6.0, eps: ArrayLike = 0.5) -> Ensemble:
    """Return the ensemble of concepts and texts for many of both.

        lambda(x) = exp(-a (1 - x)),    rho(x) = exp(-b (1 - x)),    a = d c,    b = d / eps

    Args:
        load: c = T / R, above 0.
        mean: d, mean number of unknown concepts of a text.
        eps: Share of unknown concepts, above 0 and at most 1.

    Raises:
        ValueError: A number is not within its limits.
    """
    c, d, e = _positive("load T / R", load), _positive("mean", mean), _share(eps)
    a, b = d * c, d / e
    return Ensemble(
        node=lambda x: np.exp(a * (x - 1)),
        degree=a,
        symbol=lambda x: np.exp(a * (x - 1)),
        symbol_slope=lambda x: a * np.exp(a * (x - 1)),
        check=lambda x: np.exp(b * (x - 1)),
        check_slope=lambda x: b * np.exp(b * (x - 1)),
        low=np.minimum(1 / b, 1.0),
    )


def binomial_ensemble(texts: ArrayLike, concepts: ArrayLike, mean: ArrayLike = 6.0, eps: ArrayLike = 0.5) -> Ensemble:
    """Return the ensemble in which each text names each concept independently with probability p = d / R.

        lambda(x) = (1 - p + p x)^(T - 1),    rho(x) = (1 - p + p x)^(n - 1),    n = R / eps

    Args:
        texts: T, above 1; need not be whole.
        concepts: R, above d; need not be whole.
        mean: d, mean number of unknown concepts of a text.
        eps: Share of unknown concepts, above 0 and at most 1.

    Raises:
        ValueError: A number is not within its limits.
    """
    T, R = _positive("number of texts", texts), _positive("number of concepts", concepts)
    d, e = _positive("mean", mean), _share(eps)
    if not ((T > 1) & (d < R)).all():
        raise ValueError("there must be more than 1 text, and more concepts than a text names on average.")
    p, n = d / R, R / e

    def power(x: Any, exponent: Any) -> Any:
        return np.exp(exponent * np.log1p(p * (x - 1)))

    return Ensemble(
        node=lambda x: power(x, T),
        degree=T * p,
        symbol=lambda x: power(x, T - 1),
        symbol_slope=lambda x: (T - 1) * p * power(x, T - 2),
        check=lambda x: power(x, n - 1),
        check_slope=lambda x: (n - 1) * p * power(x, n - 2),
        low=np.minimum(1 / (n * p), 1.0),
    )


def regular_ensemble(symbol: int, check: int) -> Ensemble:
    """Return the regular ensemble: each symbol in so many checks, each check of so many symbols.

    Raises:
        ValueError: A symbol is in fewer than 3 checks, or a check is not of more symbols than that.
    """
    if not 3 <= symbol < check:
        raise ValueError(f"a regular ensemble has 3 <= symbol < check, got symbol={symbol}, check={check}.")
    return Ensemble(
        node=lambda x: np.asarray(x) ** symbol,
        degree=float(symbol),
        symbol=lambda x: x ** (symbol - 1),
        symbol_slope=lambda x: (symbol - 1) * x ** (symbol - 2),
        check=lambda x: x ** (check - 1),
        check_slope=lambda x: (check - 1) * x ** (check - 2),
        low=1e-6,
    )


def threshold(ensemble: Ensemble) -> Threshold:
    """Return the threshold of belief propagation.

        eps_BP = x / lambda(y),    y = 1 - rho(1 - x),    at the largest x of (0, 1] where this has a minimum

    The minimum is where x lambda'(y) rho'(1 - x) = lambda(y). Where checks of one symbol are possible, as in texts, the
    quotient tends to 0 for x -> 0, because some symbols are in no check; that is not a jump.
    """
    low = np.asarray(ensemble.low, np.float64)
    exists = _steepness(ensemble, low) > 1
    high = np.ones_like(low)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        steep = _steepness(ensemble, middle) > 1
        low, high = np.where(steep, middle, low), np.where(steep, high, middle)
    x = np.where(exists, high, np.nan)
    y = 1 - ensemble.check(1 - x)
    eps = x / ensemble.symbol(y)
    return Threshold(eps[()], x[()], (eps * ensemble.node(y))[()])


def scaling_parameter(ensemble: Ensemble, found: Threshold, signs: Signs = "derived") -> Any:
    """Return alpha: with n symbols, decoding fails with probability Q(sqrt(n) (eps_BP - eps) / alpha).

        alpha^2 = [rho(w)^2 - s rho(w^2) + rho'(w) (1 - 2 x rho(w)) - s w^2 rho'(w^2)] / (L'(1) lambda(y)^2 rho'(w)^2)
                + [e^2 lambda(y)^2 - s e^2 lambda(y^2) - s y^2 e^2 lambda'(y^2)] / (L'(1) lambda(y)^2)

    with x = x_BP, w = 1 - x, y = 1 - rho(w), e = eps_BP, and s = 1. The term rho(w^2) has s = 1 in both forms.

    Args:
        ensemble: The ensemble.
        found: Its threshold.
        signs: ``"derived"``: s = 1. ``"published"``: s = -1 in three of the four terms, as in the code published with
            arXiv 2410.01243; it makes the transition 1.6 times as wide. Simulation agrees with s = 1.

    Raises:
        ValueError: There is no such choice of signs.

    References:
        A. Amraoui, A. Montanari, T. Richardson, R. Urbanke, Finite-length scaling for iteratively decoded LDPC
        ensembles, IEEE Transactions on Information Theory 55, 2009.
    """
    if signs not in get_args(Signs):
        raise ValueError(f"signs must be {' or '.join(get_args(Signs))}, got {signs!r}.")
    s = 1.0 if signs == "derived" else -1.0
    e, x = found.eps, found.x
    w = 1 - x
    rho, slope = ensemble.check(w), ensemble.check_slope(w)
    y = 1 - rho
    weight = ensemble.degree * ensemble.symbol(y) ** 2
    checks = rho**2 - ensemble.check(w**2) + slope * (1 - 2 * x * rho) - s * w**2 * ensemble.check_slope(w**2)
    symbols = ensemble.symbol(y) ** 2 - s * ensemble.symbol(y**2) - s * y**2 * ensemble.symbol_slope(y**2)
    return np.sqrt(checks / (weight * slope**2) + e**2 * symbols / weight)[()]


def _steepness(ensemble: Ensemble, x: NDArray[np.float64]) -> Any:
    y = 1 - ensemble.check(1 - x)
    return x * ensemble.symbol_slope(y) * ensemble.check_slope(1 - x) / ensemble.symbol(y)


def _positive(word: str, value: ArrayLike) -> NDArray[np.float64]:
    number = real_array(word, value)
    if not (np.isfinite(number) & (number > 0)).all():
        raise ValueError(f"the {word} must be finite and above 0, got {value!r}.")
    return number


def _share(eps: ArrayLike) -> NDArray[np.float64]:
    e = real_array("eps", eps)
    if not ((e > 0) & (e <= 1)).all():
        raise ValueError(f"eps, the share of unknown concepts, must be above 0 and at most 1, got {eps!r}.")
    return e
