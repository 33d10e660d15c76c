"""Skills on levels that build on one another: which are acquired, and what tasks they solve.

Skills of a level are linked where enough pairs of learned concepts support the link. A skill is acquired if it is in
the giant component of its level; a task asks for several skills of one level.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betaln, xlog1py

from ..._core.arrays import real_array
from ..._core.ranges import check_count
from .giant_component import giant_component

Array: TypeAlias = NDArray[np.float64]
Links = Literal["exact", "published"]
ASKED = (2, 3, 4, 5, 6, 7)  # skills of a task, each number as likely
ONE_LEVEL = ((1.0, 0.5),)
SEVERAL_LEVELS = ((0.4, 0.2), (0.4, 0.6), (0.2, 0.95))


class Levels(NamedTuple):
    """The levels of skills, l = 1 .. L.

    Attributes:
        skills: S, skills of a level.
        support: eta_l, pairs of concepts that a link takes, ``(level,)``.
        prerequisites: sigma_l, skills of the level before that each end of a link takes, ``(level,)``.
    """

    skills: int
    support: NDArray[np.float64]
    prerequisites: NDArray[np.float64]


def skill_levels(levels: int = 100, skills: int = 1000) -> Levels:
    """Return the levels of the source: eta_l = round(exp(7 l / L)), sigma_l = round(log2 l).

    Args:
        levels: L.
        skills: S.

    Raises:
        ValueError: There is no level, or a level has fewer than two skills.
    """
    number = np.linspace(1, levels, check_count("levels", levels, 1))
    check_count("skills", skills, 2)
    return Levels(skills, np.rint(np.exp(7 * number / levels)), np.rint(np.log2(number)))


def acquired_shares(
    concepts: ArrayLike,
    texts: ArrayLike,
    mean: float = 6.0,
    levels: Levels | None = None,
    links: Links = "exact",
) -> Any:
    """Return the share of the skills of each level that is acquired, gamma_l, from R learned concepts and T texts.

        p_ss    = (1 - (1 - (d / R)^2)^T) / S^2             a pair of concepts supports a given pair of skills
        p_l     = P(Bin(R (R - 1) / 2, p_ss) >= eta_l) gamma_{l-1}^(2 sigma_l),    gamma_0 = 1
        gamma_l = 1 - exp(-S p_l gamma_l)                    the giant component

    A pair of concepts is learned if some text names both. It supports one pair of skills, all being as likely.

    Args:
        concepts: R, learned, above d and at least 2; a number or an array, need not be whole.
        texts: T, above 0; a number or an array.
        mean: d, mean number of concepts of a text.
        levels: The levels; None for those of the source.
        links: ``"exact"``: the binomial law. ``"published"``: in its place the bound in the code published with arXiv
            2410.01243, with n pairs, q = eta / n and D the divergence of q from p_ss in bits: 1 - exp(-n D) for
            q < p_ss, else exp(-n D) / sqrt(2 n). It is below the exact law, so that skills are acquired later.

    Returns:
        ``(level, ..)``, after the level the common shape of R and T.

    Raises:
        ValueError: A number is not within its limits.

    References:
        A. Nayak, L. Varshney, An information theory of compute-optimal size scaling, emergence, and plateaus in
        language models, 2024 (arXiv 2410.01243).
    """
    levels = skill_levels() if levels is None else levels
    if links not in LAWS:
        raise ValueError(f"links must be {' or '.join(LAWS)}, got {links!r}.")
    R, T = np.broadcast_arrays(real_array("the number of concepts", concepts), real_array("the number of texts", texts))
    if not (mean > 0 and np.isfinite(R + T).all() and ((mean < R) & (R >= 2) & (T > 0)).all()):
        raise ValueError(
            "there must be at least 2 concepts and more than a text names on average, and texts; got "
            f"{concepts!r}, {mean:g} and {texts!r}."
        )
    pairs = R * (R - 1) / 2
    support = -np.expm1(T * np.log1p(-((mean / R) ** 2))) / levels.skills**2
    law = LAWS[links]
    found, before = [], np.ones(R.shape)
    for eta, sigma in zip(levels.support, levels.prerequisites, strict=True):
        linked = law(pairs, support, eta)
        before = np.asarray(giant_component(levels.skills * linked * before ** (2 * sigma)))
        found.append(before)
    return np.stack(found)


def _binomial_tail(pairs: Array, support: Array, eta: float) -> Array:
    """Return P(Bin(pairs, support) >= eta)."""
    rest = np.maximum(pairs - eta, 0.0)
    return np.where(pairs >= eta, betainc(eta, rest + 1, support), 0.0)


def _published_tail(pairs: Array, support: Array, eta: float) -> Array:
    q = np.minimum(eta / pairs, 1.0)
    nats = q * np.log(q / support) + xlog1py(1 - q, -q) - (1 - q) * np.log1p(-support)
    small = np.exp(-pairs * nats / np.log(2))
    return np.where(pairs < eta, 0.0, np.where(q < support, 1 - small, small / np.sqrt(2 * pairs)))


LAWS = dict(exact=_binomial_tail, published=_published_tail)


def level_weights(parts: Sequence[tuple[float, float]] = ONE_LEVEL, levels: int = 100) -> NDArray[np.float64]:
    """Return q(l), how often tasks are of each level: a mixture of binomial laws on l = 1 .. L.

        q(l) = sum_i w_i Bin(l; L, p_i) / (1 - Bin(0; L, p_i))

    Args:
        parts: Pairs of a weight w_i and a place p_i. ``ONE_LEVEL`` and ``SEVERAL_LEVELS`` are those of the source.
        levels: L.

    Returns:
        ``(level,)``, with sum 1.

    Raises:
        ValueError: The weights are not above 0 with the sum 1, or a place is not above 0 and at most 1.
    """
    weights, places = np.array(parts, float).reshape(-1, 2).T
    if not ((weights > 0).all() and abs(weights.sum() - 1) < 1e-9 and (places > 0).all() and (places <= 1).all()):
        raise ValueError(
            "parts are pairs of a weight above 0 and a place above 0 and at most 1, and the weights have the sum 1; "
            f"got {tuple(parts)}."
        )
    number = np.arange(1, check_count("levels", levels, 1) + 1)[:, None]
    chosen = -betaln(number + 1, levels - number + 1) - np.log1p(levels)  # ln of the number of choices
    law = np.exp(chosen + number * np.log(places) + xlog1py(levels - number, -places))
    return np.asarray((weights * law / law.sum(axis=0)).sum(axis=1))


def task_accuracy(acquired: ArrayLike, weights: ArrayLike, asked: Sequence[int] = ASKED) -> Any:
    """Return the share of tasks that are solved: those for which every skill asked for is acquired.

        sum_l q(l) mean_m gamma_l^m

    Args:
        acquired: gamma_l, ``(level, ..)``.
        weights: q(l), ``(level,)``.
        asked: m, numbers of skills of a task, each as likely.

    Returns:
        The accuracy, ``(..)``.

    Raises:
        ValueError: There are not as many weights as levels, or no number of skills.
    """
    gamma, q = np.asarray(acquired, float), np.asarray(weights, float)
    if q.ndim != 1 or gamma.shape[:1] != q.shape:
        raise ValueError(f"expected a weight for each level, got {q.shape} for shares {gamma.shape}.")
    if not len(asked) or min(asked) < 1:
        raise ValueError(f"a task asks for at least one skill, got {tuple(asked)}.")
    solved = np.mean([gamma**m for m in asked], axis=0)
    return np.tensordot(q, solved, 1)[()]
