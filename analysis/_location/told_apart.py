"""The samples that tell two sizes apart.

Time: a recording of T samples is judged on the samples T/20 < t <= T.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ...learners import Learner
from .advice import Advice
from .more_data import POWER, More, rounded_down, rounded_up, samples_words
from .options import FILTERS

NORMAL = 1.2816, 1.6449, 1.9600  # quantiles of the normal law: 90 %, 95 %, 97.5 %
LATE = math.log(20)  # learning cost of a parameter after the first twentieth, in noise powers
FAINTEST = 0.5  # standard deviations above no gain, below which a gain gives a lower bound only
PLAINEST = 1.5  # the same where the cost of learning is not known


def undecided_pair(advice: Advice | None, alike: list[int], sizes: list[int]) -> tuple[int, int] | None:
    """Return the two sizes whose comparison is undecided: the size to use, and a larger one that may be better.

    The larger one is that of least error, or if that is the size to use, the next one tried.
    """
    if advice is None:
        return None
    larger = [size for size in sizes if size > advice.size and size in alike]
    if advice.least > advice.size:
        return advice.size, advice.least
    following = sizes[sizes.index(advice.size) + 1 :][:1]
    return (advice.size, larger[0]) if larger and larger[:1] == following else None


def samples_to_tell_apart(
    losses: NDArray[np.float64],
    samples: NDArray[np.float64],
    learner: Learner,
    pair: tuple[int, int] | None,
    runs: int,
    horizon: int,
    outputs: int = 1,
    lookahead: int = 1,
) -> More | None:
    """Return the samples in all that tell a larger size from a smaller one with 90 % probability.

    A larger filter gains b of mean squared error, the same at every sample, and pays for its k further parameters once:
    about S k log 20 after the first twentieth, S being the noise of an output. So the summed difference of the losses,
    smaller minus larger, in units of S, has the law

        D ~ normal(G - L, 4 (G + L)),    G = n b / S,    L = runs k log 20,

    for its variance is 4 S times the summed square of the difference of the forecasts. G grows with the number n of
    scored samples, L does not. What is measured gives G = D + L. The paired interval of the verdict leaves 0 out with
    probability 90 % once G - L = 2 (1.96 + 1.28) sqrt(G + L).

    A gain that lies less than ``FAINTEST`` standard deviations above none gives a lower bound: the number at which the
    upper 95 % limit of G would show in every second case. Without a gain no number of samples tells two sizes apart,
    because D and its deviation stay as they are.

    For learners that forget, and further than one sample ahead, the cost of learning is not known. Then the mean
    difference d is taken as it is, with its standard error s over the blocks: n (3.24 s / d)^2.

    Args:
        losses: Sums of squared errors, ``(block, size)``, as for ``best_size``.
        samples: Scored samples of each block, ``(block,)``.
        learner: Gives the sizes and their parameters.
        pair: Of ``undecided_pair``.
        runs: Number of runs.
        horizon: Samples of the longest run.
        outputs: Number of outputs; the losses sum over them.
        lookahead: H.

    Returns:
        None if there is no pair, or the errors are zero.

    References:
        J. Rissanen, Stochastic complexity and modeling, 1986: the cost k log n of learning while predicting.
        C. Z. Wei, On predictive least squares principles, 1992.
    """
    if pair is None:
        return None
    small, large = (list(learner.sizes).index(size) for size in pair)
    n, noise = float(samples.sum()), float(losses[:, large].sum()) / float(samples.sum()) / outputs
    if not (noise > 0 and np.isfinite(losses[:, [small, large]]).all()):
        return None
    difference = (losses[:, small] - losses[:, large]) / noise
    total, (power, sure, shown) = float(difference.sum()), NORMAL
    with np.errstate(over="ignore"):  # an error that has run away decides nothing here
        measured = math.sqrt(float(((difference - total / n * samples) ** 2).sum()))
    if learner.tends_to in FILTERS and lookahead == 1:
        cost = runs * (learner.parameters[large] - learner.parameters[small]) * LATE
        gain = max(total + cost, 0.0)
        needed, least = (gain_that_shows(cost, level) for level in (power, 0.0))
        enough = gain > FAINTEST * 2 * math.sqrt(cost)
        limit = max(gain + sure * 2 * math.sqrt(gain + cost), total + cost + sure * measured)
    else:
        level = abs(total) / measured if measured > 0 else 0.0
        gain, needed, least, limit = level**2, (shown + power) ** 2, shown**2, (level + sure) ** 2
        enough = level >= PLAINEST
    if enough:
        number = rounded_up(max(needed / gain, 1.0) * horizon)
        return More(pair, None, number, True, POWER, _told_apart(pair, runs, number, number / horizon))
    number = rounded_down(max(least / limit, 1.0) * horizon)
    return More(pair, None, number, False, None, _not_told_apart(pair, runs, number, horizon))


def gain_that_shows(cost: float, power: float = NORMAL[0]) -> float:
    """Return the gain G at which two sizes are told apart, for a cost of learning L.

    Args:
        cost: L.
        power: Quantile of the normal law at the probability of it: 1.28 for 90 %, 0 for 50 %.
    """
    slope = 2 * (power + NORMAL[2])
    root = (slope + math.sqrt(slope**2 + 8 * cost)) / 2  # of G + L
    return root**2 - cost


def _told_apart(pair: tuple[int, int], runs: int, number: int, times: float) -> str:
    """Return how many samples are enough, as a clause."""
    asked = f"about {samples_words(number, runs)} in all ({times:.2g} times as many)"
    return f"{asked} would tell {pair[1]} from {pair[0]} ({100 * POWER:.0f} %)"


def _not_told_apart(pair: tuple[int, int], runs: int, number: int, horizon: int) -> str:
    """Return that no number is known, as a clause."""
    if number <= horizon:
        return f"telling {pair[1]} from {pair[0]} takes more samples, and these do not say how many"
    return f"telling {pair[1]} from {pair[0]} takes more than {samples_words(number, runs)}, if they differ at all"
