"""How a budget of computation is best divided between concepts and texts: R* and T* = C / R*."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from ..._core.arrays import real_array
from .density_evolution import learning_jump
from .finite_length import Signs, binomial_ensemble, scaling_parameter, threshold

LEAST, MOST = 0.4, 1.3  # of R* / sqrt(C), as shares of its limit; at d = 6 about the .2 to .6 of the source
LEAST_CONCEPTS = 10.0  # as a multiple of d
_POINTS, _ZOOMS = 41, 6


class Split(NamedTuple):
    """The best division of a budget. Numbers, or arrays of the shape of C.

    Attributes:
        concepts: R*.
        texts: T* = C / R*.
        learned: Share of the concepts that is learned.
    """

    concepts: Any
    texts: Any
    learned: Any


class LanguageModel(NamedTuple):
    """Size, data and computation of a language model."""

    parameters: Any
    tokens: Any
    flops: Any


# One concept is worth so many parameters and one text so many tokens: the scale that arXiv 2410.01243 chooses for its
# plots. A token costs 6 floating-point operations a parameter: J. Kaplan et al., Scaling laws for neural language
# models, 2020 (arXiv 2001.08361), section 2.1.
PARAMETERS_PER_CONCEPT, TOKENS_PER_TEXT, FLOPS_PER_TOKEN = 2e5, 8e5, 6.0
# J. Hoffmann et al., Training compute-optimal large language models, 2022 (arXiv 2203.15556).
CHINCHILLA = LanguageModel(63e9, 1.4e12, 5.73e23)


def optimal_split(compute: ArrayLike, mean: float = 6.0, eps: float = 0.5, signs: Signs = "derived") -> Split:
    """Return the number of concepts R for which most is learned with a budget C = R T.

        maximise s(R) = R (1 - P_b(R, C / R)),    P_b = gamma_BP / eps Q(sqrt(R / eps) (eps_BP - eps) / alpha)

    P_b is the share of concepts that is not learned, with threshold and width of ``binomial_ensemble``. It is about the
    jump alone: the few concepts that stay unknown well above it are left out. R / sqrt(C) is sought between 0.4 and 1.3
    of its limit 1 / sqrt(c*), where c* is the threshold of ``learning_jump``: R* and T* both grow like sqrt(C).

    Args:
        compute: C; a number or an array.
        mean: d, above e.
        eps: Share of unknown concepts in the code, above 0 and at most 1.
        signs: As for ``scaling_parameter``.

    Raises:
        ValueError: d is not above e, a budget is so small that R might be below 10 d, or another number is not within
            its limits.

    References:
        A. Nayak, L. Varshney, An information theory of compute-optimal size scaling, emergence, and plateaus in
        language models, 2024 (arXiv 2410.01243).
    """
    C = real_array("the budget of computation", compute)
    limit = split_limit(mean)
    least = (LEAST_CONCEPTS * mean / (LEAST * limit)) ** 2
    if not (np.isfinite(C).all() and (least <= C).all()):
        raise ValueError(
            f"the budget C = R T must be at least {least:.3g} for texts of {mean:g} concepts, so that R is at least "
            f"{LEAST_CONCEPTS * mean:g}; got {compute!r}."
        )
    flat = C.reshape(-1, 1)
    low, high = np.full_like(flat, LEAST), np.full_like(flat, MOST)
    steps = np.linspace(0, 1, _POINTS)[None]
    rows = np.arange(len(flat))
    for _ in range(_ZOOMS):
        shares = low + (high - low) * steps
        concepts = shares * limit * np.sqrt(flat)
        # Where there is no threshold, learning does not jump, and the law says nothing.
        number = np.nan_to_num(concepts * (1 - unlearned_share(concepts, flat / concepts, mean, eps, signs)), nan=-1.0)
        best = number.argmax(axis=1)
        low, high = (shares[rows, np.clip(best + k, 0, _POINTS - 1)][:, None] for k in (-1, 1))
    found = concepts[rows, best].reshape(C.shape)
    return Split(found[()], (C / found)[()], (number[rows, best].reshape(C.shape) / found)[()])


def unlearned_share(
    concepts: ArrayLike, texts: ArrayLike, mean: float = 6.0, eps: float = 0.5, signs: Signs = "derived"
) -> Any:
    """Return P_b, the share of R concepts that T texts do not teach, near the threshold; NaN where there is none.

    Args:
        concepts: R, above d.
        texts: T, above 1.
        mean: d.
        eps: Share of unknown concepts in the code.
        signs: As for ``scaling_parameter``.

    Raises:
        ValueError: A number is not within its limits.
    """
    R = np.asarray(concepts, float)
    ensemble = binomial_ensemble(texts, R, mean, eps)
    found = threshold(ensemble)
    alpha = scaling_parameter(ensemble, found, signs)
    return (found.unlearned / eps * ndtr(np.sqrt(R / eps) * (eps - found.eps) / alpha))[()]


def split_limit(mean: float = 6.0) -> float:
    """Return the limit of R* / sqrt(C) for large C, 1 / sqrt(c*): R concepts take c* R texts.

    Raises:
        ValueError: d is not above e: nothing jumps.
    """
    load = learning_jump(mean).load
    if np.isnan(load):
        raise ValueError(f"texts must name more than e = 2.718 concepts on average for a jump, got {mean:g}.")
    return float(1 / np.sqrt(load))


def as_language_model(concepts: ArrayLike, texts: ArrayLike) -> LanguageModel:
    """Return the parameters, tokens and floating-point operations that concepts and texts stand for, 6 N D."""
    N = PARAMETERS_PER_CONCEPT * np.asarray(concepts, float)
    D = TOKENS_PER_TEXT * np.asarray(texts, float)
    return LanguageModel(N[()], D[()], (FLOPS_PER_TOKEN * N * D)[()])
